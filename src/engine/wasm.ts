/** tfjs's WebAssembly backend in Node: its files lie beside this bundle, so it needs no network. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { correctAveragePoolGradient } from './corrections.ts';
import { addConvolutionFilterGradient } from './wasmConvolution.ts';
import { borrowKernelsFromCpu } from './wasmFromCpu.ts';
import { transposeBeforeMatMul } from './wasmMatMul.ts';

/** What the build adds to its bundle of tfjs. */
const { wasmBackend } = tf as unknown as { wasmBackend: typeof import('@tensorflow/tfjs-backend-wasm') };

let prepared = false;

/** Makes the backend `wasm` usable; `tf.setBackend('wasm')` comes after. */
export async function loadWasm(): Promise<void> {
  if (prepared) return;
  const file = join(__dirname, 'tfjs-backend-wasm-simd.wasm');
  if (!existsSync(file)) throw new Error(`${file} is missing: build again with \`npm run build\``);
  // Emscripten's start-up code listens to uncaughtException and unhandledRejection, and would end the process at the
  // first error of a user's timer. Nothing of the backend needs that.
  const before = new Map(fatalEvents.map((event) => [event, process.listeners(event as 'exit')]));
  wasmBackend.setWasmPaths(`${__dirname}/`);
  try {
    if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly module does not start');
    await tf.ready();
  } finally {
    for (const event of fatalEvents) {
      for (const listener of process.listeners(event as 'exit')) {
        if (!before.get(event)?.includes(listener)) process.removeListener(event, listener);
      }
    }
  }
  transposeBeforeMatMul();
  addConvolutionFilterGradient();
  borrowKernelsFromCpu();
  correctAveragePoolGradient('wasm');
  prepared = true;
}

const fatalEvents = ['uncaughtException', 'unhandledRejection'];
