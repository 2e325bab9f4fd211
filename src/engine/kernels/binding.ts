/** The kernels' native module, as far as it is there. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { NotCompilable } from '../program/trace.ts';

/** See native/addon.cc. */
interface Module {
  create(words: Int32Array, places: readonly Float32Array[], sources: number, threads: number): Handle;
  source(plan: Handle, index: number, values: Float32Array, order: Uint32Array | undefined, start: number): void;
  run(plan: Handle, operations: number): void;
  preparedFilterSize(geometry: Int32Array, forGradient: boolean): number;
}
type Handle = object;

/** The quickest first. */
const variants: Partial<Record<NodeJS.Architecture, readonly string[]>> = { x64: ['avx512', 'avx2'], arm64: ['neon'] };

let loaded: { module: Module; variant: string } | undefined;

/** Beside the bundle; a test that imports this source finds it in the build. */
function folder(): string {
  const own = join(__dirname, 'kernels');
  return existsSync(own) ? own : join(__dirname, '..', '..', '..', 'dist', 'kernels');
}

function fileOf(variant: string): string {
  return join(folder(), `${process.platform}-${process.arch}-${variant}.node`);
}

/** The instructions for which there are kernels, whether or not this processor has them. */
export function builtKernels(): string[] {
  return (variants[process.arch] ?? []).filter((variant) => existsSync(fileOf(variant)));
}

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
export function preparedFilterSize(geometry: readonly number[], forGradient: boolean): number {
  return module().preparedFilterSize(Int32Array.from(geometry), forGradient);
}

/** Operations that are ready to run, as often as one likes. Freed when nobody refers to it. */
export class Plan {
  readonly #handle: Handle;
  readonly #operations: number;
  /** What the native plan points to. */
  readonly #places: readonly Float32Array[];
  #sources: unknown[] = [];

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
    this.#places = places;
  }

  /** Where the next runs take the rows of a batch from: `order[start]`, …, or `start`, … where there is no order. */
  source(index: number, values: Float32Array, order: Uint32Array | undefined, start: number): void {
    module().source(this.#handle, index, values, order, start);
    this.#sources[index] = [values, order];
  }

  run(): void {
    module().run(this.#handle, this.#operations);
  }

  get bytes(): number {
    return this.#places.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }
}
