/**
 * Which engine computes, and how it is loaded. The models know engines only through this file: they await `loadEngine`
 * and then use tf, whose current backend it is.
 */
import * as tf from '@tensorflow/tfjs';
import { correctAveragePoolGradient, correctResizeGradient } from './corrections.ts';
import { loadKernels } from './kernels/binding.ts';
import { KernelEngine } from './kernels/engine.ts';
import { builtKernels } from './kernels/files.ts';
import { WasmKernelEngine } from './kernels/wasm.ts';
import { OnnxEngine } from './onnx/inPlace.ts';
import { loadRuntime } from './onnx/runtime.ts';
import { addonPath, cacheFolder } from './tensorflow/location.ts';
import { TensorflowTrainer } from './tensorflow/trainer.ts';
import { threads } from './threads.ts';
import { type Compile, FallbackTrainer } from './training/fallback.ts';
import {
  type BatchFunction,
  CompiledFunction,
  EagerTrainer,
  type InPlaceEngine,
  InPlaceTrainer,
  type Trainer,
  type TrainerSpec,
} from './training/index.ts';
import { loadWasm } from './wasm.ts';

export { type ExportedFunction, exportFunction } from './onnx/export.ts';
export { abandonTrace } from './program/index.ts';
export { streamKeys } from './randomKeys.ts';
export { freeAbandonedTape } from './tape.ts';
export * from './training/index.ts';
export { cacheFolder };
export type EngineName = 'aenb' | 'tensorflow' | 'onnx' | 'wasm' | 'cpu';
export interface EngineStatus {
  readonly name: EngineName;
  readonly version: string;
  readonly threads: number;
  /** The instructions that our own training kernels use, where these are there and may be used. */
  readonly kernels?: string;
  /** Why a better engine was not taken; absent when the first choice runs. */
  readonly reason?: string;
}

/** Each loads an engine and makes it tf's backend, or throws with the reason. */
const loaders = {
  async tensorflow(): Promise<EngineStatus> {
    if (!addonPath()) throw new Error('the native engine is not installed (`aenb engine install` installs it)');
    const native = await import('./tensorflow/backend.ts');
    await activate('tensorflow');
    compilers.push((spec) => new TensorflowTrainer(spec, native.encodeSavedModel));
    return { name: 'tensorflow', version: native.version, threads: native.threads };
  },
  async onnx(): Promise<EngineStatus> {
    const { version } = await loadRuntime();
    await loadWasm();
    await activate('wasm');
    compileInPlace(new OnnxEngine(threads));
    return { name: 'onnx', version, threads };
  },
  async aenb(): Promise<EngineStatus> {
    const kernels = loadKernels();
    // what is not compiled, and tf in cells, runs on wasm
    await loadWasm();
    await activate('wasm');
    compileInPlace(new KernelEngine(threads));
    return { name: 'aenb', version: kernels, threads, kernels };
  },
  async wasm(): Promise<EngineStatus> {
    await loadWasm();
    await activate('wasm');
    compileInPlace(new WasmKernelEngine());
    return { name: 'wasm', version: tf.version.tfjs, threads: 1 };
  },
  async cpu(): Promise<EngineStatus> {
    await activate('cpu');
    correctResizeGradient();
    correctAveragePoolGradient('cpu');
    // it would advertise tfjs-node at its first use
    (tf.backend() as unknown as { firstUse: boolean }).firstUse = false;
    return { name: 'cpu', version: tf.version.tfjs, threads: 1 };
  },
} as const;
type Loadable = keyof typeof loaders;
/** Those that compute what is not compiled, the best first, and that compile what our own kernels do not know. */
const backends: readonly Loadable[] = ['tensorflow', 'onnx', 'wasm', 'cpu'];

/** What compiles losses, in the order in which they are tried. */
const compilers: Compile[] = [];
/** The one of them that also runs functions of models. */
let inPlace: InPlaceEngine | undefined;

function compileInPlace(engine: InPlaceEngine): void {
  inPlace ??= engine;
  compilers.push((spec) => new InPlaceTrainer(spec, engine));
}

let loading: Promise<EngineStatus> | undefined;
let loaded: EngineStatus | undefined;

/** The engine that runs, once it is loaded. */
export function engine(): EngineStatus | undefined {
  return loaded;
}

/**
 * Loads the engine that the environment variable AENB_ENGINE names, once per process. `auto`, the default, takes the first of
 * `tensorflow`, `onnx`, `wasm` and `cpu` that works, and trains with our own kernels whatever these know; a name means that
 * engine and no other (`aenb`: our own kernels, the rest on wasm). One that is asked for by name and does not load is an
 * error.
 */
export function loadEngine(): Promise<EngineStatus> {
  loading ??= load(process.env.AENB_ENGINE || 'auto').then(
    (status) => (loaded = status),
    (error) => {
      loading = undefined; // so that the next attempt is a real one
      throw error;
    },
  );
  return loading;
}

/** Trains a loss on the engine that runs, compiled where that can be done. */
export function createTrainer(spec: TrainerSpec): Trainer {
  return compilers.length > 0 ? new FallbackTrainer(spec, compilers) : new EagerTrainer(spec);
}

/** Functions of one model that were compiled, by their names; they go with the model. */
const functions = new WeakMap<object, Map<string, CompiledFunction | 'eager'>>();

/** A function that maps batches to batches, sample by sample, with the variables of a model. */
export interface ModelFunction {
  /** What it belongs to; the same name and owner mean the same code. */
  readonly owner: object;
  readonly name: string;
  readonly variables: readonly tf.Variable[];
  readonly code: BatchFunction;
}

/**
 * Runs a model's function compiled, where the engine can.
 *
 * @returns the result, in memory that the next call overwrites; undefined if the function is to be run by tf
 */
export function runCompiled(
  { owner, name, variables, code }: ModelFunction,
  shapes: readonly (readonly number[])[],
  fill: (inputs: readonly Float32Array[]) => void,
): { values: Float32Array; shape: readonly number[] } | undefined {
  if (!inPlace) return undefined;
  let known = functions.get(owner);
  if (!known) functions.set(owner, (known = new Map()));
  const before = known.get(name);
  if (before === 'eager') return undefined;
  const compiled = before ?? new CompiledFunction(variables, inPlace);
  try {
    const result = compiled.run(code, shapes, fill);
    known.set(name, compiled);
    return result;
  } catch {
    // tf computes the same, and has its own words for a mistake in the networks
    compiled.dispose();
    known.set(name, 'eager');
    return undefined;
  }
}

async function load(wanted: string): Promise<EngineStatus> {
  if (isLoadable(wanted)) {
    try {
      return await loaders[wanted]();
    } catch (error) {
      throw new Error(`engine '${wanted}' (AENB_ENGINE) does not load: ${messageOf(error)}`, { cause: error });
    }
  }
  if (wanted !== 'auto') {
    throw new RangeError(`AENB_ENGINE must be one of auto, ${Object.keys(loaders).join(', ')}, got '${wanted}'`);
  }
  const reasons: string[] = [];
  const kernels = loadKernelsIfThere(reasons);
  if (kernels) compileInPlace(new KernelEngine(threads));
  for (const name of backends) {
    try {
      const status = await loaders[name]();
      return { ...status, ...(kernels && { kernels }), ...(reasons.length > 0 && { reason: reasons.join('; ') }) };
    } catch (error) {
      reasons.push(`${name}: ${messageOf(error)}`);
    }
  }
  throw new Error(`no engine loads. ${reasons.join('; ')}`);
}

/** Where they were made for this platform; a processor that can't run them is a reason to tell. */
function loadKernelsIfThere(reasons: string[]): string | undefined {
  if (builtKernels().length === 0) return undefined;
  try {
    return loadKernels();
  } catch (error) {
    reasons.push(`aenb: ${messageOf(error)}`);
    return undefined;
  }
}

async function activate(backend: string): Promise<void> {
  if (!(await tf.setBackend(backend))) throw new Error(`the ${backend} backend refused to start`);
  await tf.ready();
}

function isLoadable(name: string): name is Loadable {
  return Object.hasOwn(loaders, name);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
