/** The kernels' native module, as far as it is there. */
import { createRequire } from 'node:module';
import { NotCompilable } from '../program/trace.ts';
import { builtKernels, fileOf } from './files.ts';
import { type Geometry, geometryWords } from './operations.ts';

/** See native/addon.cc. */
interface Module {
  create(words: Int32Array, places: readonly Float32Array[], sources: number, threads: number): Handle;
  source(plan: Handle, index: number, values: Float32Array, order: Uint32Array | undefined, start: number): void;
  run(plan: Handle, operations: number): void;
  preparedFilterSize(geometry: Int32Array, forGradient: boolean): number;
}
type Handle = object;

let loaded: { module: Module; variant: string } | undefined;

/**
 * Loads what this processor can run.
 *
 * @returns the instructions that it was compiled for
 * @throws Error with the reason if there is none
 */
export function loadKernels(): string {
  if (loaded) return loaded.variant;
  const reasons: string[] = [];
  for (const variant of builtKernels()) {
    try {
      loaded = { module: createRequire(__filename)(fileOf(variant)) as Module, variant };
      return variant;
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  throw new Error(reasons.join('; ') || `the kernels are not there for ${process.platform}-${process.arch}`);
}

function module(): Module {
  if (!loaded) throw new Error('the kernels are used before they were loaded');
  return loaded.module;
}

/** Floats of a filter that is laid out for convolutions, or for gradients of their input. */
export function preparedFilterSize(geometry: Geometry, forGradient: boolean): number {
  return module().preparedFilterSize(Int32Array.from(geometryWords(geometry)), forGradient);
}

/** Operations that are ready to run, as often as one likes. Freed when nobody refers to it. */
export class Plan {
  readonly #handle: Handle;
  readonly #operations: number;
  /** What the native plan points to. */
  readonly #kept: unknown[];

  constructor(
    words: Int32Array,
    places: readonly Float32Array[],
    options: { operations: number; sources: number; threads: number },
  ) {
    try {
      this.#handle = module().create(words, places, options.sources, options.threads);
    } catch (error) {
      throw new NotCompilable(`the kernels refuse the program: ${(error as Error).message}`);
    }
    this.#operations = options.operations;
    this.#kept = [places];
  }

  /** Where the next runs take the rows of a batch from: `order[start]`, …, or `start`, … where there is no order. */
  source(index: number, values: Float32Array, order: Uint32Array | undefined, start: number): void {
    module().source(this.#handle, index, values, order, start);
    this.#kept[1 + index] = [values, order];
  }

  run(): void {
    module().run(this.#handle, this.#operations);
  }
}
