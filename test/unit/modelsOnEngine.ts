import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Autoencoder,
  Classifier,
  ConditionalVariationalAutoencoder,
  ContractiveAutoencoder,
  ConvAutoencoder,
  type Dataset,
  DenoisingAutoencoder,
  type FitOptions,
  kernelInterface,
  loadModel,
  maskingNoise,
  NdArray,
  type Run,
  type Samples,
  SparseAutoencoder,
  StackedAutoencoder,
  tf,
  VariationalAutoencoder,
} from 'aenb';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Random } from '../../src/toolkit/random.ts';

/** What a test asks of any model. */
interface Model {
  fit(x: Dataset, options?: FitOptions): Promise<Run>;
  save(folder: string): Promise<void>;
  dispose(): void;
}

/** Every kind of model, small, for patterns of 7 x 7 pixels, whose odd side no halving divides. */
const imageShape = [7, 7, 1] as const;
const autoencoders: Record<string, (seed: number) => Autoencoder> = {
  Autoencoder: (seed) => new Autoencoder({ hidden: [16], latentDim: 3, dropout: 0.1, batchNorm: true, l2: 1e-4, seed }),
  DenoisingAutoencoder: (seed) => new DenoisingAutoencoder({ hidden: [16], latentDim: 3, seed }),
  'SparseAutoencoder, L1': (seed) =>
    new SparseAutoencoder({ hidden: [], latentDim: 20, sparsity: { kind: 'l1', weight: 1e-3 }, seed }),
  'SparseAutoencoder, KL': (seed) =>
    new SparseAutoencoder({ hidden: [], latentDim: 20, sparsity: { kind: 'kl', weight: 1e-2, target: 0.1 }, seed }),
  ContractiveAutoencoder: (seed) =>
    new ContractiveAutoencoder({ hidden: [12], activation: 'tanh', latentDim: 3, weight: 0.01, seed }),
  'ConvAutoencoder, max pooling': (seed) =>
    new ConvAutoencoder({ imageShape, filters: [4, 6], hidden: [8], latentDim: 3, seed }),
  'ConvAutoencoder, average pooling': (seed) =>
    new ConvAutoencoder({ imageShape, filters: [4], pool: 'average', latentDim: 3, loss: 'bce', seed }),
  'ConvAutoencoder, strides, a map as code': (seed) =>
    new ConvAutoencoder({ imageShape, filters: [4, 2], pool: 'stride', latentDim: null, batchNorm: true, seed }),
  VariationalAutoencoder: (seed) => new VariationalAutoencoder({ hidden: [16], latentDim: 2, klWarmup: 2, seed }),
  'VariationalAutoencoder, convolutional': (seed) =>
    new VariationalAutoencoder({ imageShape, filters: [4, 6], latentDim: 2, freeBits: 0.05, seed }),
  'ConditionalVariationalAutoencoder, concatenated': (seed) =>
    new ConditionalVariationalAutoencoder({ classes: 3, hidden: [16], latentDim: 2, noise: maskingNoise(0.1), seed }),
  'ConditionalVariationalAutoencoder, added': (seed) =>
    new ConditionalVariationalAutoencoder({ classes: 3, condition: 'add', hidden: [16], latentDim: 2, seed }),
  'ConditionalVariationalAutoencoder, convolutional, concatenated': (seed) =>
    new ConditionalVariationalAutoencoder({ classes: 3, imageShape, filters: [4], latentDim: 2, seed }),
  'ConditionalVariationalAutoencoder, convolutional, added': (seed) =>
    new ConditionalVariationalAutoencoder({
      classes: 3,
      condition: 'add',
      imageShape,
      filters: [4],
      latentDim: 2,
      seed,
    }),
  StackedAutoencoder: (seed) => new StackedAutoencoder({ hidden: [16, 8], latentDim: 3, activation: 'sigmoid', seed }),
};
const models: Record<string, (seed: number) => Model> = {
  ...autoencoders,
  Classifier: (seed) => new Classifier({ encoder: { hidden: [16] }, classes: 3, seed }),
};

const columns = ['horizontal', 'vertical', 'diagonal'];

/** Bars of random place and brightness on 7 x 7 pixels; the class is their direction. */
export function bars(n: number, seed = 1): Dataset {
  const random = new Random(seed, 'bars');
  const x = new NdArray(new Float32Array(n * 49), [n, 49]);
  const y = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const [label, place, light] = [random.integer(3), random.integer(5), 0.6 + 0.4 * random.uniform()];
    y[i] = label;
    for (let t = 0; t < 7; t++) {
      const [row, column] = [
        [place + 1, t],
        [t, place + 1],
        [t, (t + place) % 7],
      ][label];
      x.row(i)[row * 7 + column] = light;
    }
  }
  const about = { name: 'bars', x, y, labels: columns, imageShape, source: 'this test', licence: 'none' };
  return {
    ...about,
    slice: () => bars(n, seed),
    filter: () => bars(n, seed),
  };
}

/** What has to hold for every model on every engine. */
export function testModelsOn(
  engine: 'tensorflow' | 'onnx' | 'wasm' | 'cpu' | 'aenb',
  names: readonly string[] = Object.keys(models),
): void {
  const data = bars(96);
  const held = bars(40, 2);
  const options: FitOptions = { epochs: 3, batchSize: 32, learningRate: 0.01 };
  const live = () => tf.memory().numTensors;
  let folder: string;
  beforeAll(async () => {
    process.env.AENB_ENGINE = engine;
    expect((await kernelInterface.loadEngine()).name).toBe(engine);
    folder = await mkdtemp(join(tmpdir(), 'aenb-models-'));
    // warnings about small data are not what is tested here
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const load = (model: Model, path: string): Promise<Model> =>
    model instanceof Classifier ? Classifier.load(path) : loadModel(path);
  /** What a model says of unseen samples, as plain numbers. */
  const answer = async (model: Model): Promise<number[]> => {
    const given = model instanceof Classifier ? await model.predictProbabilities(held) : undefined;
    return Array.from((given ?? (await (model as Autoencoder).reconstruct(held))).data);
  };

  describe.each(names)('%s', (name) => {
    const make = models[name];

    test('learns, and its terms add up to the loss', async () => {
      const model = make(1);
      const run = await model.fit(data, { ...options, epochs: 12, validation: held });
      const { loss, terms, valLoss } = run.history;
      expect(valLoss!.at(-1)).toBeLessThan(valLoss![name.includes('Variational') ? 3 : 0]);
      loss.forEach((value, epoch) => {
        const sum = Object.values(terms).reduce((total, values) => total + values[epoch], 0);
        expect(sum).toBeCloseTo(value, 4);
      });
      model.dispose();
    });

    test('same seed, same weights bit by bit; another seed, others', async () => {
      const answers: number[][] = [];
      for (const seed of [1, 1, 2]) {
        const model = make(seed);
        await model.fit(data, options);
        answers.push(await answer(model));
        model.dispose();
      }
      expect(answers[1]).toEqual(answers[0]);
      expect(answers[2]).not.toEqual(answers[0]);
    });

    test('a model from a file answers bit by bit alike, and resumes as if there had been no end', async () => {
      const [whole, part] = [make(1), make(1)];
      await whole.fit(data, { ...options, epochs: 4 });
      await part.fit(data, { ...options, epochs: 2 });
      const path = join(folder, 'resumed');
      await part.save(path);
      const loaded = await load(part, path);
      expect(loaded.constructor).toBe(part.constructor);
      expect(await answer(loaded)).toEqual(await answer(part));
      await loaded.fit(data, { ...options, epochs: 2, resume: true });
      expect(await answer(loaded)).toEqual(await answer(whole));
      for (const model of [whole, part, loaded]) model.dispose();
    });

    test('no method leaves a tensor behind, nor one that fails or is interrupted', async () => {
      const start = live();
      const model = make(1);
      await model.fit(data, options);
      const trained = live();
      const unchanged = async (what: string, work: () => Promise<unknown>) => {
        await work();
        expect([what, live()]).toEqual([what, trained]);
      };
      await unchanged('fit', () =>
        model.fit(data, { ...options, validation: 0.2, earlyStopping: {}, trackGradients: true }),
      );
      await unchanged('evaluate', () => (model as Autoencoder).evaluate(held));
      await unchanged('answer', () => answer(model));
      await unchanged('save', () => model.save(join(folder, 'leak')));
      await unchanged('load', async () => (await load(model, join(folder, 'leak'))).dispose());
      await unchanged('fail', () =>
        expect(model.fit(data, { ...options, onEpoch: () => Promise.reject(new Error('mine')) })).rejects.toThrow(
          'mine',
        ),
      );
      await unchanged('interrupt', async () => {
        const interrupt = new AbortController();
        const onEpoch = () => interrupt.abort();
        const run = await model.fit(data, { ...options, epochs: 1000, signal: interrupt.signal, onEpoch });
        expect(run.stopped).toBe('interrupted');
      });
      if (model instanceof Autoencoder) {
        const codes = await model.encode(held);
        await unchanged('encode', () => model.encode(held));
        const labels = held.y as unknown as undefined;
        await unchanged('decode', () => (model as ConditionalVariationalAutoencoder).decode(codes, labels));
        await unchanged('errors', () => model.reconstructionError(held));
        await unchanged('importance', () => model.latentImportance(held));
        await unchanged('jacobian', () => model.jacobianNorm(held));
        await unchanged('wrong width', () => expect(model.encode([[1, 2]])).rejects.toThrow());
      }
      if (model instanceof VariationalAutoencoder) {
        await unchanged('sample', () => model.sample(3));
        await unchanged('vary', () => model.vary(held));
        await unchanged('activeUnits', () => model.activeUnits(held));
        await unchanged('kl', () => model.klPerLatent(held));
        await unchanged('distribution', () => model.encodeDistribution(held));
        await unchanged('interpolate', () => model.interpolate(held as unknown as Samples, held as unknown as Samples));
      }
      if (model instanceof ConditionalVariationalAutoencoder) await unchanged('grid', () => model.styleGrid(2));
      if (model instanceof StackedAutoencoder) {
        await unchanged('pretrain', async () => {
          for await (const _ of model.pretrain(data, options));
        });
        await unchanged('pretrain, left early', async () => {
          for await (const { step } of model.pretrain(data, options)) if (step === 'train') break;
        });
      }
      model.dispose();
      expect(live()).toBe(start);
    });
  });
}
