/** What can't be compiled trains all the same, and says why once. */
import { Autoencoder, kernelInterface, NdArray, optimize, tf } from 'aenb';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

const x = new NdArray(
  Float32Array.from({ length: 60 * 8 }, (_, i) => 0.5 + 0.4 * Math.sin(i * i)),
  [60, 8],
);
const warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined);

beforeAll(async () => {
  process.env.AENB_ENGINE = 'onnx';
  await kernelInterface.loadEngine();
});
afterEach(() => warned.mockClear());

const said = () => warned.mock.calls.map(([text]) => String(text)).filter((text) => text.includes('compiled'));
const small = (extra: (z: tf.Tensor) => tf.Tensor) =>
  new Autoencoder({
    hidden: [6],
    latentDim: 2,
    seed: 1,
    extraLosses: { extra: ({ z }) => extra(z).mean() as tf.Scalar },
  });

describe('training goes on operation by operation, with the reason, when the loss', () => {
  test.each<[string, (z: tf.Tensor) => tf.Tensor, RegExp]>([
    [
      'draws from tf.randomNormal',
      (z) => z.add(tf.randomNormal(z.shape)).square(),
      /differs from call to call.*random/,
    ],
    ['draws from Math.random', (z) => z.mul(Math.random()).square(), /differs from call to call/],
    ['looks at values', (z) => (z.sum().dataSync()[0] > 0 ? z.square() : z.abs()), /reads the values/],
    ['uses an operation without a rule', (z) => tf.topk(z, 1).values.square(), /TopK/],
  ])('%s', async (_, extra, reason) => {
    const model = small(extra);
    // a gradient of topk does not exist in tfjs either
    const run = await model.fit(x, { epochs: 2, batchSize: 20 }).catch((error: Error) => error);
    if (run instanceof Error) expect(run.message).toMatch(/TopK/);
    else {
      expect(run.epochs).toBe(2);
      expect(said()).toHaveLength(1);
      expect(said()[0]).toMatch(reason);
    }
    model.dispose();
  });
});

test('a loss that user code changes between epochs is compiled anew', async () => {
  const once = async (weights: number[]) => {
    let weight = weights[0];
    const model = new Autoencoder({
      hidden: [6],
      latentDim: 2,
      seed: 1,
      extraLosses: { extra: ({ z }) => z.square().mean().mul(weight) as tf.Scalar },
    });
    const run = await model.fit(x, {
      epochs: 2,
      batchSize: 20,
      onEpoch: () => {
        weight = weights[1];
      },
    });
    model.dispose();
    return run.history.terms.extra[1];
  };
  const [kept, raised] = [await once([1, 1]), await once([1, 100])];
  expect(raised / kept).toBeGreaterThan(30);
  expect(said()).toEqual([]);
});

test('a batch norm, a frozen layer and a shared layer train compiled', async () => {
  const shared = tf.layers.dense({ units: 8, activation: 'tanh', name: 'shared_layer' });
  const input = tf.input({ shape: [8] });
  const normalized = tf.layers.batchNormalization().apply(shared.apply(input)) as tf.SymbolicTensor;
  const encoder = tf.model({
    inputs: input,
    outputs: tf.layers.dense({ units: 2 }).apply(normalized) as tf.SymbolicTensor,
  });
  const code = tf.input({ shape: [2] });
  const wide = tf.layers.dense({ units: 8, trainable: false }).apply(code) as tf.SymbolicTensor;
  const decoder = tf.model({ inputs: code, outputs: shared.apply(wide) as tf.SymbolicTensor });
  const frozen = decoder.layers[1].getWeights()[0].dataSync().slice();
  const model = new Autoencoder({ encoder, decoder, seed: 1 });
  const run = await model.fit(x, { epochs: 30, batchSize: 20, learningRate: 0.02 });
  expect(run.history.loss.at(-1)).toBeLessThan(run.history.loss[0] * 0.8);
  expect(decoder.layers[1].getWeights()[0].dataSync()).toEqual(frozen);
  expect(said()).toEqual([]);
  model.dispose();
});

test('a model can train inside a callback of another, and use its weights of that moment', async () => {
  const outer = new Autoencoder({ hidden: [6], latentDim: 2, seed: 1 });
  const errors: number[] = [];
  await outer.fit(x, {
    epochs: 3,
    batchSize: 20,
    onEpoch: async ({ loss }) => {
      const inner = new Autoencoder({ hidden: [], latentDim: 1, seed: 2 });
      await inner.fit(await outer.reconstruct(x), { epochs: 1 });
      inner.dispose();
      errors.push((await outer.evaluate(x)).loss - loss);
    },
  });
  // the weights at the end of an epoch are better than their mean over it, and never a step behind
  expect(errors.every((difference) => difference < 0)).toBe(true);
  outer.dispose();
});

test('two models train at once, each as if it were alone', async () => {
  const losses = async (model: Autoencoder) => (await model.fit(x, { epochs: 5, batchSize: 10 })).history.loss;
  const make = (seed: number) => new Autoencoder({ hidden: [6], latentDim: 2, seed });
  const alone = [await losses(make(1)), await losses(make(2))];
  expect(await Promise.all([losses(make(1)), losses(make(2))])).toEqual(alone);
});

test('weights that a callback sets are the ones that training goes on from', async () => {
  const w = tf.variable(tf.tensor1d([5]));
  const seen: number[] = [];
  await optimize(
    { variables: [w], loss: ({ x: batch }) => w.square().add(batch.mean().mul(0)).sum() as tf.Scalar },
    x,
    {
      epochs: 3,
      batchSize: 60,
      optimizer: 'sgd',
      learningRate: 0.25,
      seed: 1,
      onEpoch: () => {
        seen.push(w.dataSync()[0]);
        tf.tidy(() => w.assign(tf.tensor1d([8])));
      },
    },
  );
  expect(seen).toEqual([2.5, 4, 4]);
  w.dispose();
});
