/** One seed, one loss, every engine: the same numbers, randomness included. */
import { kernelInterface } from 'aenb';
import { beforeAll, describe, expect, test } from 'vitest';
import { inChild } from './child.ts';

/** Float sums are added in another order on each engine: what that may cost in ten steps, relative to the loss. */
const tolerance = 2e-4;

const nets: Record<string, string> = {
  'a dense net with noise and dropout': `new aenb.Autoencoder({ hidden: [12], latentDim: 3, noise: aenb.gaussianNoise(0.2), dropout: 0.3, seed: 5 })`,
  'a net with batch normalization': `new aenb.Autoencoder({ hidden: [12], latentDim: 3, batchNorm: true, l2: 1e-3, seed: 5 })`,
  'masking noise and cross-entropy': `new aenb.DenoisingAutoencoder({ hidden: [12], latentDim: 3, noise: aenb.maskingNoise(0.3), loss: 'bce', seed: 5 })`,
  'tanh before a sigmoid output': `new aenb.Autoencoder({ hidden: [12], latentDim: 3, activation: 'tanh', output: 'sigmoid', loss: 'mse', seed: 5 })`,
  'a variational net': `new aenb.VariationalAutoencoder({ hidden: [12], latentDim: 3, klWarmup: 4, seed: 5 })`,
  'convolutions with max pooling': `new aenb.ConvAutoencoder({ imageShape: [8, 8, 1], filters: [4, 3], pool: 'max', latentDim: 3, seed: 5 })`,
  'strided convolutions': `new aenb.ConvAutoencoder({ imageShape: [8, 8, 1], filters: [4, 3], pool: 'stride', latentDim: 3, seed: 5 })`,
};

/** Ten epochs of two steps, the second with a smaller batch; the losses, and the codes at the end. */
const train = (optimizer: string) => `
  const x = new aenb.NdArray(Float32Array.from({ length: 24 * 64 }, (_, i) => 0.5 + 0.45 * Math.sin(i * 0.7 + (i % 64) ** 2)), [24, 64]);
  const result = {};
  for (const [name, make] of Object.entries(makers)) {
    const model = make();
    const run = await model.fit(x, { epochs: 5, batchSize: 16, validation: x, optimizer: '${optimizer}' });
    result[name] = { engine: run.engine, losses: [...run.history.loss, ...run.history.valLoss], terms: run.history.terms };
    model.dispose();
  }
  report(result);`;
const makers = `const makers = {${Object.entries(nets).map(([name, code]) => `${JSON.stringify(name)}: () => ${code}`)}};`;

type Losses = Record<string, { engine: string; losses: number[] }>;
const results = new Map<string, Losses>();
const engines = ['aenb', 'onnx', 'wasm', 'cpu'];

beforeAll(async () => {
  process.env.AENB_ENGINE = 'auto';
  if ((await kernelInterface.loadEngine()).name === 'tensorflow') engines.push('tensorflow');
  for (const engine of engines) results.set(engine, await inChild<Losses>(engine, makers + train('adam')));
}, 300_000);

describe('all engines find the same losses for', () => {
  test.each(Object.keys(nets))('%s', (name) => {
    const expected = results.get('cpu')![name].losses;
    for (const engine of engines) {
      const { engine: ran, losses } = results.get(engine)![name];
      expect(ran).toBe(engine);
      losses.forEach((loss, i) => {
        expect(
          Math.abs(loss - expected[i]) / expected[i],
          `${engine}, loss ${i}: ${loss}, cpu: ${expected[i]}`,
        ).toBeLessThan(tolerance);
      });
    }
  });
});

test.each(['onnx', 'aenb', 'wasm'])(
  '%s gives the same weights bit by bit in every process',
  async (engine) => {
    const code = `
    const x = new aenb.NdArray(Float32Array.from({ length: 40 * 20 }, (_, i) => Math.abs(Math.sin(i))), [40, 20]);
    const model = new aenb.VariationalAutoencoder({ hidden: [16], latentDim: 2, dropout: 0.2, seed: 3 });
    await model.fit(x, { epochs: 5, batchSize: 16 });
    report(Array.from((await model.encode(x)).data));`;
    expect(await inChild(engine, code)).toEqual(await inChild(engine, code));
  },
  60_000,
);

test('weights that are used twice learn the same', async () => {
  // the gradient of the first use is a product, and the second use reads the weights after it
  const code = `
    const x = new aenb.NdArray(Float32Array.from({ length: 40 * 20 }, (_, i) => Math.abs(Math.sin(i))), [40, 20]);
    await aenb.kernelInterface.loadEngine();
    const { tf } = aenb;
    const values = Float32Array.from({ length: 20 * 6 }, (_, i) => 0.3 * Math.cos(i * i));
    const w = tf.variable(tf.tensor(values, [20, 6]));
    const b = tf.variable(tf.zeros([20]));
    const loss = ({ x }) => x.matMul(w).relu().matMul(w, false, true).add(b).sub(x).square().mean();
    const run = await aenb.optimize({ variables: [w, b], loss }, x, { epochs: 4, batchSize: 8, seed: 2, learningRate: 0.01 });
    report({ loss: run.history.loss, compiled: run.compiled, kernels: run.kernels });`;
  type Result = { loss: number[]; compiled: boolean; kernels?: string };
  const [own, cpu] = [await inChild<Result>('aenb', code), await inChild<Result>('cpu', code)];
  expect(own).toMatchObject({ compiled: true, kernels: expect.any(String) });
  own.loss.forEach((loss, i) => {
    expect(loss / cpu.loss[i]).toBeCloseTo(1, 4);
  });
}, 60_000);
