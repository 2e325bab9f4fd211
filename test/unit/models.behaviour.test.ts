import {
  Autoencoder,
  Classifier,
  ConditionalVariationalAutoencoder,
  ContractiveAutoencoder,
  ConvAutoencoder,
  DenoisingAutoencoder,
  gaussianNoise,
  kernelInterface,
  maskingNoise,
  NdArray,
  optimize,
  type PretrainStep,
  plot,
  SparseAutoencoder,
  StackedAutoencoder,
  tf,
  VariationalAutoencoder,
} from 'aenb';
import { afterEach, beforeAll, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest';
import { addonPath } from '../../src/engine/tensorflow/location.ts';
import { bars } from './modelsOnEngine.ts';

const data = bars(300);
const held = bars(60, 2);
const imageShape = [7, 7, 1] as const;
let warn: MockInstance<typeof console.warn>;
const warnings = () => warn.mock.calls.map(([text]) => String(text));

beforeAll(async () => {
  process.env.AENB_ENGINE = addonPath() ? 'tensorflow' : 'wasm';
  await kernelInterface.loadEngine();
});
beforeEach(() => {
  warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});
afterEach(() => warn.mockRestore());

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
const distance = (a: Float32Array, b: Float32Array) => mean(a.map((value, i) => (value - b[i]) ** 2));

describe('a denoiser', () => {
  test('gives clean samples for noisy ones, by its own noise or from pairs', async () => {
    const noisy = gaussianNoise(0.3, { clip: [0, 1] }).apply(held.x, 5);
    expect(Math.min(...noisy.data)).toBe(0);
    expect(Math.max(...noisy.data)).toBeLessThanOrEqual(1);
    const own = new DenoisingAutoencoder({ hidden: [32], latentDim: 8, noise: gaussianNoise(0.3), seed: 1 });
    await own.fit(data, { epochs: 60, learningRate: 0.005 });
    const pairs = new DenoisingAutoencoder({ hidden: [32], latentDim: 8, seed: 1 });
    const given = gaussianNoise(0.3, { clip: [0, 1] }).apply(data.x, 9);
    await pairs.fit(given, { target: data.x, epochs: 60, learningRate: 0.005 });
    for (const model of [own, pairs]) {
      const restored = await model.reconstruct(noisy);
      expect(distance(restored.data, held.x.data)).toBeLessThan(distance(noisy.data, held.x.data) / 2);
      model.dispose();
    }
  });
});

describe('a sparse code', () => {
  test('of kind KL costs what the formula says, and lies near its target', async () => {
    const target = 0.1;
    const model = new SparseAutoencoder({
      hidden: [],
      latentDim: 30,
      sparsity: { kind: 'kl', weight: 0.5, target },
      seed: 1,
    });
    await model.fit(data, { epochs: 40, learningRate: 0.01 });
    const { data: codes, shape } = await model.encode(held);
    const rates = Array.from({ length: shape[1] }, (_, j) => mean(codes.filter((_, i) => i % shape[1] === j)));
    const expected = rates.map((m) => target * Math.log(target / m) + (1 - target) * Math.log((1 - target) / (1 - m)));
    const { sparsity } = await model.evaluate(held);
    expect(sparsity).toBeCloseTo(0.5 * expected.reduce((sum, value) => sum + value, 0), 3);
    expect(mean(rates)).toBeGreaterThan(0.05);
    expect(mean(rates)).toBeLessThan(0.2);
    model.dispose();
  });

  test('of kind L1 has fewer units at work', async () => {
    const options = { hidden: [], latentDim: 30, latentActivation: 'relu', seed: 1 } as const;
    const plain = new Autoencoder({ ...options, hidden: [] });
    const sparse = new SparseAutoencoder({ ...options, hidden: [], sparsity: { kind: 'l1', weight: 2e-3 } });
    const shares: number[] = [];
    for (const model of [sparse, plain]) {
      await model.fit(data, { epochs: 40, learningRate: 0.01 });
      const codes = await model.encode(held);
      shares.push(mean(codes.data.map((value) => (value > 0 ? 1 : 0))));
    }
    expect(shares[0]).toBeLessThan(shares[1] / 2);
    const { sparsity } = await sparse.evaluate(held);
    const codes = await sparse.encode(held);
    expect(sparsity).toBeCloseTo((2e-3 * codes.data.reduce((sum, z) => sum + Math.abs(z), 0)) / held.x.length, 5);
    plain.dispose();
    sparse.dispose();
  });
});

describe('the contractive penalty', () => {
  test.each(['sigmoid', 'tanh', 'relu', 'elu', 'selu', 'linear'] as const)(
    'is the squared norm of the Jacobian, also through hidden layers of %s',
    async (activation) => {
      for (const hidden of [[], [9], [9, 7]]) {
        const options = { hidden, activation, latentDim: 4, latentActivation: activation, seed: 1 } as const;
        const model = new ContractiveAutoencoder({ ...options, hidden, weight: 0.1 });
        await model.fit(data, { epochs: 1 });
        const { contraction } = await model.evaluate(held);
        const norms = await model.jacobianNorm(held);
        expect(contraction / (0.1 * mean(norms.map((norm) => norm ** 2)))).toBeCloseTo(1, 3);
        model.dispose();
      }
    },
  );

  test('norms agree with differences, and the penalty makes them small', async () => {
    const options = { hidden: [12], activation: 'tanh', latentDim: 3, latentActivation: 'sigmoid', seed: 1 } as const;
    const plain = new Autoencoder({ ...options, hidden: [12] });
    const tight = new ContractiveAutoencoder({ ...options, hidden: [12], weight: 0.03 });
    for (const model of [plain, tight]) await model.fit(data, { epochs: 30, learningRate: 0.01 });
    const sample = held.x.slice(0, 1);
    let squares = 0;
    const step = 0.01;
    const moved = new NdArray(new Float32Array(2 * 49 * 49), [98, 49]);
    for (let j = 0; j < 98; j++) {
      moved.row(j).set(sample.row(0));
      moved.row(j)[j >> 1] += j % 2 === 0 ? step : -step;
    }
    const codes = await plain.encode(moved);
    for (let j = 0; j < 49; j++) {
      codes.row(2 * j).forEach((value, u) => {
        squares += ((value - codes.row(2 * j + 1)[u]) / (2 * step)) ** 2;
      });
    }
    expect((await plain.jacobianNorm(sample))[0] / Math.sqrt(squares)).toBeCloseTo(1, 2);
    expect(mean(await tight.jacobianNorm(held))).toBeLessThan(mean(await plain.jacobianNorm(held)) / 2);
    plain.dispose();
    tight.dispose();
  });

  test("takes encoders of one's own", async () => {
    const layer = (inputShape: number[], units: number, seed: number) =>
      tf.layers.dense({
        inputShape,
        units,
        activation: 'tanh',
        kernelInitializer: tf.initializers.glorotUniform({ seed }),
      });
    const model = new ContractiveAutoencoder({
      encoder: tf.sequential({ layers: [layer([49], 8, 1), layer([8], 3, 2)] }),
      decoder: tf.sequential({ layers: [layer([3], 49, 3)] }),
      weight: 0.01,
      seed: 1,
    });
    const run = await model.fit(data, { epochs: 20, learningRate: 0.01 });
    const { contraction } = run.history.terms;
    expect(run.history.loss.at(-1)).toBeLessThan(run.history.loss[0]);
    expect((await model.evaluate(held)).contraction).toBeCloseTo(
      0.01 * mean((await model.jacobianNorm(held)).map((norm) => norm ** 2)),
      4,
    );
    expect(contraction.every((value) => value > 0)).toBe(true);
    model.dispose();
  });
});

describe('convolutions', () => {
  test.each([
    ['max', 5],
    ['average', 5],
    ['stride', 5],
    ['stride', null],
    ['max', null],
  ] as const)('with %s and a code of %s learn bars, flat or as images', async (pool, latentDim) => {
    const model = new ConvAutoencoder({ imageShape, filters: [8, 8], pool, latentDim, loss: 'bce', seed: 1 });
    await model.fit(data, { epochs: 15, learningRate: 0.01 });
    const images = held.x.reshape(60, 7, 7, 1);
    const output = await model.reconstruct(images);
    expect(output.shape).toEqual([60, 7, 7, 1]);
    expect((await model.reconstruct(held)).data).toEqual(output.data);
    expect((await model.encode(held)).shape).toEqual(latentDim === null ? [60, 2, 2, 8] : [60, 5]);
    const blank = mean(held.x.data.map((value) => (value - mean(held.x.data)) ** 2));
    expect(distance(output.data, held.x.data)).toBeLessThan(blank / 2);
    model.dispose();
  });
});

describe('a variational autoencoder', () => {
  let model: VariationalAutoencoder;
  beforeAll(async () => {
    model = new VariationalAutoencoder({ hidden: [32], latentDim: 3, seed: 1 });
    await model.fit(data, { epochs: 60, learningRate: 0.005 });
  });

  test('reports reconstruction and KL apart, in nats, KL by its formula', async () => {
    const { loss, reconstruction, kl } = await model.evaluate(held);
    expect(reconstruction + kl).toBeCloseTo(loss, 4);
    const { mean: m, logVar: l } = await model.encodeDistribution(held);
    const sum = m.data.reduce((total, value, i) => total - (1 + l.data[i] - value ** 2 - Math.exp(l.data[i])) / 2, 0);
    expect(kl).toBeCloseTo(sum / 60, 3);
    expect((await model.klPerLatent(held)).reduce((total, value) => total + value, 0)).toBeCloseTo(sum / 60, 3);
    expect((await model.encode(held)).data).toEqual(m.data);
  });

  test('samples by seed; at temperature 0 all are the centre', async () => {
    const [a, b, c] = [
      await model.sample(4, { seed: 1 }),
      await model.sample(4, { seed: 1 }),
      await model.sample(4, { seed: 2 }),
    ];
    expect(a.shape).toEqual([4, 49]);
    expect(b.data).toEqual(a.data);
    expect(c.data).not.toEqual(a.data);
    const centre = await model.decode([[0, 0, 0]]);
    const still = await model.sample(2, { temperature: 0 });
    expect(distance(still.row(1), centre.row(0))).toBeLessThan(1e-10);
  });

  test('varies a sample: like it, not the same', async () => {
    const variants = await model.vary(held.x.slice(0, 10), { n: 3, seed: 1 });
    expect(variants.shape).toEqual([30, 49]);
    expect(variants.row(0)).not.toEqual(variants.row(1));
    const near = mean(Array.from({ length: 30 }, (_, i) => distance(variants.row(i), held.x.row(Math.floor(i / 3)))));
    const far = mean(
      Array.from({ length: 30 }, (_, i) => distance(variants.row(i), held.x.row(Math.floor(i / 3) + 10))),
    );
    expect(near).toBeLessThan(far / 2);
    const exact = await model.vary(held.x.slice(0, 1), { temperature: 0 });
    expect(distance(exact.row(0), (await model.reconstruct(held.x.slice(0, 1))).row(0))).toBeLessThan(1e-10);
  });

  test('goes from one sample to another in even steps', async () => {
    const line = await model.interpolate(held.x.slice(0, 2), held.x.slice(2, 4), 5);
    expect(line.shape).toEqual([10, 49]);
    const ends = await model.reconstruct(held.x.slice(0, 4));
    expect(distance(line.row(0), ends.row(0))).toBeLessThan(1e-10);
    expect(distance(line.row(4), ends.row(2))).toBeLessThan(1e-10);
    expect(distance(line.row(5), ends.row(1))).toBeLessThan(1e-10);
    await expect(model.interpolate(held.x.slice(0, 2), held.x.slice(0, 3))).rejects.toThrow('got 2 and 3');
  });

  test('knows which latents are in use', async () => {
    expect((await model.activeUnits(held)).length).toBeGreaterThan(1);
    const priced = new VariationalAutoencoder({ hidden: [32], latentDim: 3, beta: 100, seed: 1 });
    await priced.fit(data, { epochs: 20, learningRate: 0.01 });
    expect(await priced.activeUnits(held)).toEqual([]);
    expect(warnings().filter((text) => text.includes('the KL term collapsed')).length).toBe(1);
    await priced.fit(data, { epochs: 1 });
    expect(warnings().filter((text) => text.includes('the KL term collapsed')).length).toBe(1);
    priced.dispose();
  });

  test('warms up: the KL term costs nothing at first and beta at last', async () => {
    const warm = new VariationalAutoencoder({ hidden: [16], latentDim: 2, beta: 2, klWarmup: 4, seed: 1 });
    const still = { batchSize: 300, learningRate: 1e-12, shuffle: false } as const;
    const run = await warm.fit(data, { epochs: 6, ...still });
    const nats = (await warm.klPerLatent(data)).reduce((sum, value) => sum + value, 0);
    run.history.terms.kl.forEach((kl, epoch) => {
      expect(kl).toBeCloseTo(2 * nats * Math.min(1, epoch / 4), 3);
    });
    // the warm-up goes on over all calls of fit
    const more = await warm.fit(data, { epochs: 1, resume: true, ...still });
    expect(more.history.terms.kl[0]).toBeCloseTo(2 * nats, 3);
    expect((await warm.evaluate(data)).kl).toBeCloseTo(2 * nats, 3);
    warm.dispose();
  });

  test('leaves free bits unpriced, so that latents stay in use', async () => {
    const free = new VariationalAutoencoder({ hidden: [16], latentDim: 3, beta: 30, freeBits: 0.5, seed: 1 });
    await free.fit(data, { epochs: 60, learningRate: 0.005 });
    const kl = await free.klPerLatent(data);
    for (const value of kl) expect(value).toBeGreaterThan(0.3);
    const { kl: term } = await free.evaluate(data);
    expect(term).toBeCloseTo(30 * kl.reduce((sum, value) => sum + Math.max(0, value - 0.5), 0), 1);
    free.dispose();
  });
});

describe('a conditional variational autoencoder', () => {
  test.each([
    ['concat', undefined],
    ['add', undefined],
    ['concat', imageShape],
    ['add', imageShape],
  ] as const)('of labels by %s draws what class is asked for, images %s', async (condition, shape) => {
    const model = new ConditionalVariationalAutoencoder({
      classes: 3,
      condition,
      latentDim: 2,
      seed: 1,
      ...(shape ? { imageShape: shape, filters: [8, 16] } : { hidden: [32] }),
    });
    await model.fit(data, { epochs: shape ? 60 : 40, learningRate: 0.005 });
    // a horizontal bar has one bright row, a vertical one a bright column
    const spread = (image: Float32Array, along: (i: number) => number) => {
      const sums = new Float32Array(7);
      image.forEach((value, i) => {
        sums[along(i)] += value;
      });
      return Math.max(...sums);
    };
    const direction = (image: Float32Array) => {
      const [row, column] = [spread(image, (i) => Math.floor(i / 7)), spread(image, (i) => i % 7)];
      return row > 2 * column ? 0 : column > 2 * row ? 1 : 2;
    };
    for (const label of [0, 1, 2]) {
      const samples = await model.sample(40, { label, seed: 3 });
      const right = Array.from({ length: 40 }, (_, i) => direction(samples.row(i))).filter((value) => value === label);
      expect(right.length).toBeGreaterThan(28);
    }
    // one style in every class, and the reverse
    const z = [[0.5, -0.5]];
    const inTurn = await model.sample(3, { z });
    const grid = await model.styleGrid(z);
    expect(grid.shape.slice(0, 2)).toEqual([1, 3]);
    expect(distance(grid.data, inTurn.data)).toBeLessThan(1e-10);
    const decoded = await model.decode(z, [1]);
    expect(distance(decoded.row(0), inTurn.row(1))).toBeLessThan(1e-10);
    // labels from the data set or given apart
    expect((await model.reconstruct(held.x, held.y)).data).toEqual((await model.reconstruct(held)).data);
    const wrong = held.y!.map((label) => (label + 1) % 3);
    expect((await model.evaluate(held.x, wrong)).loss).toBeGreaterThan((await model.evaluate(held)).loss);
    expect((await model.vary(held, { n: 2 })).length).toBe(120);
    await plot.reconstructions(model, held, { n: 4 });
    await plot.latent(model, { x: held });
    model.dispose();
  });
});

describe('a stacked autoencoder', () => {
  const options = { hidden: [24, 12], latentDim: 4, activation: 'sigmoid', loss: 'sse', seed: 1 } as const;
  const make = () => new StackedAutoencoder({ ...options, hidden: [24, 12] });
  const training = { epochs: 40, learningRate: 0.02 };

  test('is pre-trained in four steps that can be looked at', async () => {
    const model = make();
    const steps: PretrainStep[] = [];
    for await (const step of model.pretrain(data, training)) {
      steps.push(step);
      if (step.step !== 'reassemble') expect(() => model.encoder).toThrow('no networks yet');
    }
    expect(steps.map(({ step }) => step)).toEqual(['split', 'train', 'repeat', 'repeat', 'reassemble']);
    expect(steps[0]).toEqual({
      step: 'split',
      layers: [
        { index: 0, inputs: 49, units: 24 },
        { index: 1, inputs: 24, units: 12 },
        { index: 2, inputs: 12, units: 4 },
      ],
    });
    for (const step of steps) {
      if (!('run' in step)) continue;
      expect(step.run.history.loss.at(-1)).toBeLessThan(step.run.history.loss[0]);
    }
    const last = steps.at(-1) as Extract<PretrainStep, { step: 'reassemble' }>;
    expect(last.reconstructionError).toBeCloseTo(mean(await model.reconstructionError(data)), 4);
    const centre = mean(data.x.data);
    const blank = 49 * mean(data.x.data.map((value) => (value - centre) ** 2));
    expect(last.reconstructionError).toBeLessThan(blank);
    await model.fit(data, training);
    expect(mean(await model.reconstructionError(data))).toBeLessThan(last.reconstructionError);
    model.dispose();
  });

  test('keeps its weights when the steps are left early or interrupted', async () => {
    const model = make();
    await model.fit(data, { epochs: 1 });
    const before = await model.encode(held);
    for await (const { step } of model.pretrain(data, training)) if (step === 'repeat') break;
    expect((await model.encode(held)).data).toEqual(before.data);
    const interrupt = new AbortController();
    const seen: string[] = [];
    for await (const { step } of model.pretrain(data, {
      ...training,
      signal: interrupt.signal,
      onEpoch: () => interrupt.abort(),
    })) {
      seen.push(step);
    }
    expect(seen).toEqual(['split', 'train']);
    expect((await model.encode(held)).data).toEqual(before.data);
    model.dispose();
  });

  test('denoises layer by layer, and learns codes of any range', async () => {
    for (const activation of ['relu', 'tanh', 'elu'] as const) {
      const model = new StackedAutoencoder({ ...options, hidden: [24, 12], activation });
      let error = 0;
      for await (const step of model.pretrain(data, { ...training, learningRate: 0.005, noise: maskingNoise(0.1) })) {
        if (step.step === 'reassemble') error = step.reconstructionError;
      }
      const centre = mean(data.x.data);
      expect(error).toBeLessThan(49 * mean(data.x.data.map((value) => (value - centre) ** 2)));
      model.dispose();
    }
  });
});

describe('a classifier', () => {
  test('learns labels, alone or on layers that were there, frozen or not', async () => {
    const autoencoder = new Autoencoder({ hidden: [24], latentDim: 8, latentActivation: 'relu', seed: 1 });
    await autoencoder.fit(data, { epochs: 30, learningRate: 0.01 });
    const codes = await autoencoder.encode(held);
    for (const [encoder, freeze] of [
      [{ hidden: [24] }, false],
      [{ hidden: [] }, false],
      [autoencoder, false],
      [autoencoder, true],
      [autoencoder.encoder, true],
    ] as const) {
      const model = new Classifier({ encoder: encoder as Autoencoder, classes: 3, freeze, seed: 1 });
      const run = await model.fit(data, { epochs: 40, learningRate: 0.02, validation: held, trackGradients: true });
      expect(run.gradientNorms![0].length).toBe(
        freeze ? 1 : (encoder as { hidden?: [] }).hidden?.length === 0 ? 1 : encoder instanceof Autoencoder ? 3 : 2,
      );
      const { accuracy, loss } = await model.evaluate(held);
      // eight frozen numbers say less than what is learned for the purpose
      expect(accuracy).toBeGreaterThan(freeze ? 0.5 : 0.9);
      expect(loss).toBeCloseTo(run.history.valLoss!.at(-1)!, 4);
      const probabilities = await model.predictProbabilities(held);
      expect(probabilities.shape).toEqual([60, 3]);
      expect(probabilities.row(7).reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
      const right = (await model.predict(held)).filter((label, i) => label === held.y![i]);
      expect(right.length / 60).toBeCloseTo(accuracy, 6);
      model.dispose();
    }
    // its layers were copied
    expect((await autoencoder.encode(held)).data).toEqual(codes.data);
    autoencoder.dispose();
  });

  test('of images takes a convolutional encoder, also one whose code is a map', async () => {
    for (const latentDim of [6, null]) {
      const autoencoder = new ConvAutoencoder({ imageShape, filters: [8], latentDim, seed: 1 });
      await autoencoder.fit(data, { epochs: 5, learningRate: 0.01 });
      const model = new Classifier({ encoder: autoencoder, classes: 3, seed: 1 });
      await model.fit(data, { epochs: 20, learningRate: 0.01 });
      expect((await model.evaluate(held)).accuracy).toBeGreaterThan(0.9);
      model.dispose();
      autoencoder.dispose();
    }
  });

  test('shows in a deep sigmoid net how the gradient vanishes', async () => {
    const model = new Classifier({
      encoder: { hidden: [20, 20, 20, 20], activation: 'sigmoid', initializer: { name: 'randomNormal', stddev: 0.05 } },
      classes: 3,
      seed: 1,
    });
    const run = await model.fit(data, { epochs: 2, trackGradients: true });
    const [norms] = run.gradientNorms!;
    expect(norms.length).toBe(5);
    expect(norms[0]).toBeLessThan(norms[4] / 1000);
    model.dispose();
  });
});

describe('optimize', () => {
  test('finds the least squares of a line', async () => {
    const x = new NdArray(
      Float32Array.from({ length: 200 }, (_, i) => (i % 20) / 10 - 1),
      [200, 1],
    );
    const slope = tf.variable(tf.scalar(0));
    const shift = tf.variable(tf.scalar(0));
    const before = tf.memory().numTensors;
    const run = await optimize(
      {
        variables: [slope, shift],
        loss: ({ x: t }) => t.mul(slope).add(shift).sub(t.mul(3).sub(1)).square().mean<tf.Scalar>(),
      },
      x,
      { epochs: 60, learningRate: 0.05, seed: 1, validation: 0.1, trackGradients: true },
    );
    expect(tf.memory().numTensors).toBe(before);
    expect((await slope.data())[0]).toBeCloseTo(3, 1);
    expect((await shift.data())[0]).toBeCloseTo(-1, 1);
    expect(run).toMatchObject({ model: 'optimize', stopped: 'completed', epochs: 60 });
    expect(run.gradientNorms![0].length).toBe(2);
    tf.dispose([slope, shift]);
  });

  test('takes models and labels, names terms, and is repeated by its seed', async () => {
    const trained = async (seed: number) => {
      const init = () => tf.initializers.glorotUniform({ seed: 1 });
      const net = tf.sequential({
        layers: [
          tf.layers.dense({ inputShape: [49], units: 12, activation: 'relu', kernelInitializer: init() }),
          tf.layers.dropout({ rate: 0.2 }),
          tf.layers.dense({ units: 3, kernelInitializer: init() }),
        ],
      });
      const run = await optimize(
        {
          variables: [net],
          loss: ({ x, y, random }) => {
            const logits = net.apply(x.add(random.normal(x.shape).mul(0.01)), { training: true }) as tf.Tensor2D;
            const fit = tf.losses.softmaxCrossEntropy(tf.oneHot(y!.toInt(), 3), logits).asScalar();
            return { loss: fit.add(logits.square().mean().mul(0.01)).asScalar(), terms: { fit } };
          },
        },
        data,
        { epochs: 10, learningRate: 0.01, seed },
      );
      const values = await (net.layers[0].weights[0].read() as tf.Variable).data();
      net.dispose();
      return { run, values: Array.from(values) };
    };
    const [a, b, c] = [await trained(1), await trained(1), await trained(2)];
    expect(b.values).toEqual(a.values);
    expect(c.values).not.toEqual(a.values);
    const { loss, terms } = a.run.history;
    expect(Object.keys(terms)).toEqual(['fit', 'rest']);
    expect(loss[9]).toBeLessThan(loss[0] / 2);
    expect(terms.fit[9] + terms.rest[9]).toBeCloseTo(loss[9], 5);
  });
});

describe('warnings, each once', () => {
  test('of dead units', async () => {
    const model = new Autoencoder({ hidden: [8], latentDim: 2, seed: 1 });
    await model.fit(data, { epochs: 1 });
    expect(warnings().filter((text) => text.includes('dead'))).toEqual([]);
    const bias = model.encoder.getLayer('encoder_hidden1').weights[1].read() as tf.Variable;
    tf.tidy(() => bias.assign(tf.fill([8], -100)));
    await model.fit(data, { epochs: 1 });
    await model.fit(data, { epochs: 1 });
    const dead = warnings().filter((text) =>
      text.includes('8 of the 8 ReLU units of encoder_hidden1_activation are dead'),
    );
    expect(dead.length).toBe(1);
    model.dispose();
  });

  test('of few samples for many weights', async () => {
    const model = new Autoencoder({ hidden: [256], latentDim: 2, seed: 1 });
    await model.fit(data.x.slice(0, 20), { epochs: 1 });
    await model.fit(data.x.slice(0, 20), { epochs: 1 });
    expect(
      warnings().filter((text) => /^20 samples are few for \d+ weights: the net can learn them by heart/.test(text))
        .length,
    ).toBe(1);
    model.dispose();
  });

  test('of a validation loss that rises for five epochs', async () => {
    const model = new Autoencoder({ hidden: [], latentDim: 2, seed: 1 });
    // learns darkness while the validation data is light
    const dark = new NdArray(new Float32Array(40 * 49), [40, 49]);
    const light = new NdArray(new Float32Array(5 * 49).fill(1), [5, 49]);
    await model.fit(dark, { epochs: 8, validation: light });
    expect(
      warnings().filter((text) => /rose for 5 epochs in a row, up to epoch 6: the net over-fits/.test(text)).length,
    ).toBe(1);
    model.dispose();
  });

  test('of data that cross-entropy can not read', async () => {
    const model = new VariationalAutoencoder({ hidden: [4], latentDim: 2, seed: 1 });
    await model.fit(
      new NdArray(
        data.x.data.map((value) => 3 * value),
        data.x.shape,
      ),
      { epochs: 1 },
    );
    expect(warnings().some((text) => text.includes("cross-entropy ('bce', 'nats') needs values in [0, 1]"))).toBe(true);
    model.dispose();
  });
});
