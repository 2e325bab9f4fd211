import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Autoencoder, kernelInterface, tf } from 'aenb';
import { beforeAll, describe, expect, test } from 'vitest';

const dist = join(import.meta.dirname, '../../dist/index.js');

/** Prints what `expression` over `ae` gives, in a process of its own. */
async function inProcess(expression: string, environment: Record<string, string>): Promise<string> {
  const script = `const ae = require(process.argv[1]); (async () => ${expression})().then(
    (value) => console.log(JSON.stringify(value)), (error) => console.log(error.message));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, dist], {
    env: { ...process.env, ...environment },
  });
  return stdout.trim();
}

describe('choosing an engine', () => {
  const load = 'await ae.kernelInterface.loadEngine()';

  test('AENB_ENGINE takes the one it names', async () => {
    expect(JSON.parse(await inProcess(load, { AENB_ENGINE: 'cpu' }))).toMatchObject({ name: 'cpu', threads: 1 });
    expect(JSON.parse(await inProcess(load, { AENB_ENGINE: 'wasm' }))).toMatchObject({ name: 'wasm', threads: 1 });
  });

  test('a name that is none is refused with those that are', async () => {
    const message = await inProcess(load, { AENB_ENGINE: 'gpu' });
    expect(message).toMatch(/^AENB_ENGINE must be one of auto, tensorflow, .*wasm, cpu, got 'gpu'$/);
  });

  test('without the native engine, auto says why it took another', async () => {
    const status = JSON.parse(await inProcess(load, { AENB_ENGINE: 'auto', AENB_NATIVE: '/nowhere' }));
    expect(status.name).not.toBe('tensorflow');
    expect(status.reason).toContain('tensorflow: the native engine is not installed');
    const message = await inProcess(load, { AENB_ENGINE: 'tensorflow', AENB_NATIVE: '/nowhere' });
    expect(message).toContain("engine 'tensorflow' (AENB_ENGINE) does not load: the native engine is not installed");
  });

  test('needs no network, and leaves the process its own handling of errors', async () => {
    const counts = `await (async () => {
      globalThis.fetch = () => { throw new Error('network'); };
      await ae.kernelInterface.loadEngine();
      return ['uncaughtException', 'unhandledRejection'].map((event) => process.listenerCount(event));
    })()`;
    expect(JSON.parse(await inProcess(counts, { AENB_ENGINE: 'wasm' }))).toEqual([0, 0]);
  });
});

describe('what wasm lacks or does slowly', () => {
  beforeAll(async () => {
    process.env.AENB_ENGINE = 'wasm';
    await kernelInterface.loadEngine();
  });

  /** The same computation on wasm and on cpu. */
  async function onBoth(compute: () => tf.Tensor[]): Promise<[Float32Array[], Float32Array[]]> {
    const results: Float32Array[][] = [];
    for (const backend of ['wasm', 'cpu']) {
      await tf.setBackend(backend);
      const tensors = tf.tidy(compute);
      results.push(await Promise.all(tensors.map(async (tensor) => Float32Array.from(await tensor.data()))));
      tf.dispose(tensors);
    }
    await tf.setBackend('wasm');
    return [results[0], results[1]];
  }

  function expectClose(actual: Float32Array[], expected: Float32Array[]): void {
    actual.forEach((values, i) => {
      expect(values.length).toBe(expected[i].length);
      values.forEach((value, j) => {
        expect(value).toBeCloseTo(expected[i][j], 4);
      });
    });
  }

  test.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])('products of matrices, transposed %s and %s, agree with cpu and leave nothing behind', async (left, right) => {
    const make = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
    const compute = () => {
      const a = make(left ? [3, 7, 5] : [3, 5, 7], 1);
      const b = make(right ? [3, 4, 7] : [3, 7, 4], 2);
      const plain = tf.matMul(a, b, left, right);
      const single = tf.matMul(a.slice([1], [1]).squeeze([0]), b.slice([1], [1]).squeeze([0]), left, right);
      const fused = tf.fused.matMul({
        a: a.slice([0], [1]).squeeze<tf.Tensor2D>([0]),
        b: b.slice([0], [1]).squeeze<tf.Tensor2D>([0]),
        transposeA: left,
        transposeB: right,
        bias: make([4], 3),
        activation: 'relu',
      });
      return [plain, single, fused];
    };
    const [wasm, cpu] = await onBoth(compute);
    expectClose(wasm, cpu);
    const buffers = () => (tf.backend() as unknown as { numDataIds(): number }).numDataIds();
    const before = buffers();
    tf.dispose(tf.tidy(compute));
    expect(buffers()).toBe(before);
  });

  test.each([
    ['same', 1, 3],
    ['same', 2, 3],
    ['valid', 1, 2],
    ['valid', 2, 4],
  ] as const)(
    'the gradients of a convolution, padding %s, stride %d, kernel %d, agree with cpu',
    async (padding, stride, kernel) => {
      const x = () => tf.randomNormal<tf.Rank.R4>([2, 9, 8, 3], 0, 1, 'float32', 1);
      const filter = () => tf.randomNormal<tf.Rank.R4>([kernel, kernel, 3, 5], 0, 1, 'float32', 2);
      const compute = () =>
        tf.grads((a: tf.Tensor, b: tf.Tensor) =>
          tf
            .conv2d(a as tf.Tensor4D, b as tf.Tensor4D, stride, padding)
            .square()
            .sum(),
        )([x(), filter()]);
      const [wasm, cpu] = await onBoth(compute);
      const scale = Math.max(...cpu[1].map(Math.abs));
      expectClose(
        wasm.map((values) => values.map((value) => value / scale)),
        cpu.map((values) => values.map((value) => value / scale)),
      );
      const buffers = () => (tf.backend() as unknown as { numDataIds(): number }).numDataIds();
      const before = buffers();
      tf.dispose(tf.tidy(compute));
      expect(buffers()).toBe(before);
    },
  );

  test("a convolutional autoencoder of one's own trains", async () => {
    const seed = 1;
    const encoder = tf.sequential({
      layers: [
        tf.layers.conv2d({
          inputShape: [8, 8, 1],
          filters: 4,
          kernelSize: 3,
          strides: 2,
          padding: 'same',
          activation: 'relu',
          kernelInitializer: tf.initializers.heNormal({ seed }),
        }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 3, kernelInitializer: tf.initializers.glorotUniform({ seed }) }),
      ],
    });
    const decoder = tf.sequential({
      layers: [
        tf.layers.dense({ inputShape: [3], units: 64, kernelInitializer: tf.initializers.glorotUniform({ seed }) }),
        tf.layers.reshape({ targetShape: [4, 4, 4] }),
        tf.layers.conv2dTranspose({
          filters: 1,
          kernelSize: 3,
          strides: 2,
          padding: 'same',
          activation: 'sigmoid',
          kernelInitializer: tf.initializers.heNormal({ seed }),
        }),
      ],
    });
    const model = new Autoencoder({ encoder, decoder, seed });
    const images = tf.randomUniform([20, 8, 8, 1], 0, 1, 'float32', 3).greater(0.7).cast('float32');
    const run = await model.fit(images, { epochs: 10, learningRate: 0.01 });
    expect(run.history.loss[9]).toBeLessThan(run.history.loss[0] * 0.9);
    expect((await model.reconstruct(images)).shape).toEqual([20, 8, 8, 1]);
    images.dispose();
    model.dispose();
  });
});
