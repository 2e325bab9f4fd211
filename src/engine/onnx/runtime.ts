/**
 * ONNX Runtime, as far as it is needed here: sessions that run at once and in place. Its public interface defers every
 * run to another turn of the event loop; a training step takes less time than that.
 */

import type { InferenceSession, Tensor as TensorType } from 'onnxruntime-common';
import { NotCompilable } from '../program/index.ts';

export type { TensorType as OnnxTensor };

interface NativeSession {
  loadModel(
    model: ArrayBufferLike,
    byteOffset: number,
    byteLength: number,
    options: InferenceSession.SessionOptions,
  ): void;
  run(feeds: Tensors, fetches: Record<string, TensorType | null>, options: object): Record<string, TensorType>;
  dispose(): void;
}

/** Names of a graph's inputs or outputs to the tensors that hold them. */
export type Tensors = Record<string, TensorType>;

interface Runtime {
  version: string;
  Tensor: new (element: string, data: ArrayBufferView, shape: readonly number[]) => TensorType;
  Session: new () => NativeSession;
}

let loaded: Runtime | undefined;

/** Loads the library; throws where there is none for this platform. Takes some 30 milliseconds, once. */
export async function loadRuntime(): Promise<Runtime> {
  if (loaded) return loaded;
  const { Tensor, env } = plain(await import('onnxruntime-node'));
  const { binding, initOrt } = plain(await import('onnxruntime-node/dist/binding.js'));
  initOrt();
  loaded = { version: env.versions.node ?? env.versions.common, Tensor, Session: binding.InferenceSession };
  return loaded;
}

/** CommonJS as Node imports it, or as it is. */
function plain<T>(module: T): T {
  return (module as { default?: T }).default ?? module;
}

function runtime(): Runtime {
  if (!loaded) throw new Error('ONNX Runtime is used before it was loaded');
  return loaded;
}

/** Floats, or other elements, as the runtime wants them: a view, no copy. */
export function tensorOver(data: ArrayBufferView, shape: readonly number[], element = 'float32'): TensorType {
  return new (runtime().Tensor)(element, data, shape);
}

export class Session {
  readonly #native: NativeSession;

  /** @param threads that one operation may use */
  constructor(model: Uint8Array, threads: number) {
    this.#native = new (runtime().Session)();
    try {
      this.#load(model, threads);
    } catch (error) {
      throw new NotCompilable(`ONNX Runtime refuses the program: ${(error as Error).message}`);
    }
  }

  #load(model: Uint8Array, threads: number): void {
    this.#native.loadModel(model.buffer, model.byteOffset, model.byteLength, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      enableCpuMemArena: true,
      enableMemPattern: true,
      logSeverityLevel: 3,
      // threads wait busily between the operations of a run, but not between runs: others need the processor too
      extra: { session: { force_spinning_stop: '1' } },
    });
  }

  /** Reads the inputs where they lie and writes the outputs where they are to be. */
  run(inputs: Tensors, outputs: Tensors): void {
    this.#native.run(inputs, outputs, {});
  }

  dispose(): void {
    this.#native.dispose();
  }
}
