/**
 * Runs in a process of its own (dist/probe.js): loads the native engine and multiplies two matrices whose product is
 * known. A library that crashes takes this process with it, never the one that asked.
 */
import { performance } from 'node:perf_hooks';

export interface ProbeResult {
  version: string;
  threads: number;
  loadSeconds: number;
  /** Of one 1024 x 1024 product, the fastest of five. */
  matrixProductSeconds: number;
}

const n = 1024;

// small integers, so that every sum is exact in 32-bit floats
const left = (i: number, k: number) => ((i + 2 * k) % 5) - 2;
const right = (k: number, j: number) => ((3 * k + j) % 7) - 3;

async function probe(): Promise<ProbeResult> {
  const start = performance.now();
  const { version, threads } = await import('../tensorflow/backend.ts');
  const tf = await import('@tensorflow/tfjs');
  const loadSeconds = (performance.now() - start) / 1000;
  const fill = (value: (row: number, column: number) => number) =>
    tf.tensor2d(
      Float32Array.from({ length: n * n }, (_, at) => value(Math.floor(at / n), at % n)),
      [n, n],
    );
  const a = fill(left);
  const b = fill(right);
  let seconds = Number.POSITIVE_INFINITY;
  let product: Float32Array = new Float32Array();
  for (let run = 0; run < 5; run++) {
    const began = performance.now();
    const c = tf.matMul(a, b);
    product = (await c.data()) as Float32Array;
    seconds = Math.min(seconds, (performance.now() - began) / 1000);
    c.dispose();
  }
  for (const [i, j] of [
    [0, 0],
    [1, 1023],
    [511, 300],
    [1023, 1023],
  ] as const) {
    let expected = 0;
    for (let k = 0; k < n; k++) expected += left(i, k) * right(k, j);
    const got = product[i * n + j];
    if (got !== expected) throw new Error(`a matrix product is wrong: element ${i}, ${j} is ${got}, not ${expected}`);
  }
  return { version, threads, loadSeconds, matrixProductSeconds: seconds };
}

probe().then(
  (result) => process.send?.({ result }),
  (error: Error) => process.send?.({ error: error.message }),
);
