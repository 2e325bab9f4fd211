import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Autoencoder,
  Classifier,
  ConditionalVariationalAutoencoder,
  ContractiveAutoencoder,
  ConvAutoencoder,
  gaussianNoise,
  kernelInterface,
  loadModel,
  optimize,
  SparseAutoencoder,
  StackedAutoencoder,
  tf,
  VariationalAutoencoder,
} from 'aenb';
import { beforeAll, describe, expect, test } from 'vitest';
import { bars } from './modelsOnEngine.ts';

beforeAll(async () => {
  process.env.AENB_ENGINE = 'cpu';
  await kernelInterface.loadEngine();
});

const data = bars(20);
const imageShape = [7, 7, 1] as const;
const dense = (inputs: number, units: number) =>
  tf.sequential({ layers: [tf.layers.dense({ inputShape: [inputs], units })] });

describe('options of each model that are not as they should be are named', () => {
  const wrong: [string, (options: never) => unknown, unknown, RegExp][] = [
    [
      'sparsity of nothing',
      (o) => new SparseAutoencoder(o),
      {},
      /sparsity must be \{ kind: 'l1', weight \}.*undefined/,
    ],
    [
      'an unknown kind of it',
      (o) => new SparseAutoencoder(o),
      { sparsity: { kind: 'l2', weight: 1 } },
      /sparsity.kind must be one of 'l1', 'kl', got 'l2'/,
    ],
    [
      'its weight',
      (o) => new SparseAutoencoder(o),
      { sparsity: { kind: 'l1', weight: -1 } },
      /sparsity.weight must be a finite number from 0, got -1/,
    ],
    [
      'its target',
      (o) => new SparseAutoencoder(o),
      { sparsity: { kind: 'kl', weight: 1, target: 1 } },
      /sparsity.target must be a finite number above 0 and below 1, got 1/,
    ],
    [
      'a target that L1 has not',
      (o) => new SparseAutoencoder(o),
      { sparsity: { kind: 'l1', weight: 1, target: 0.1 } },
      /sparsity has no option 'target'/,
    ],
    [
      'codes that are no probabilities',
      (o) => new SparseAutoencoder(o),
      { sparsity: { kind: 'kl', weight: 1, target: 0.1 }, latentActivation: 'relu' },
      /latentActivation must be 'sigmoid' with sparsity of kind 'kl', got 'relu'/,
    ],
    ['no weight', (o) => new ContractiveAutoencoder(o), {}, /weight must be a finite number from 0, got undefined/],
    [
      'batch norm under a Jacobian',
      (o) => new ContractiveAutoencoder(o),
      { weight: 1, batchNorm: true },
      /batchNorm must be false in a ContractiveAutoencoder, got true/,
    ],
    [
      'dropout under a Jacobian',
      (o) => new ContractiveAutoencoder(o),
      { weight: 1, dropout: 0.5 },
      /dropout must be 0 in a ContractiveAutoencoder, got 0.5/,
    ],
    [
      'no imageShape',
      (o) => new ConvAutoencoder(o),
      {},
      /imageShape must be \[height, width, channels\], got undefined/,
    ],
    ['half an imageShape', (o) => new ConvAutoencoder(o), { imageShape: [7, 7] }, /imageShape must be .* got \[7, 7\]/],
    [
      'no height',
      (o) => new ConvAutoencoder(o),
      { imageShape: [0, 7, 1] },
      /imageShape\[0\] must be a positive .* got 0/,
    ],
    ['no filters', (o) => new ConvAutoencoder(o), { imageShape, filters: [] }, /filters must be a list of one or more/],
    [
      'a filter of nothing',
      (o) => new ConvAutoencoder(o),
      { imageShape, filters: [4, 0] },
      /filters\[1\] must be a positive integer, got 0/,
    ],
    [
      'more halvings than pixels',
      (o) => new ConvAutoencoder(o),
      { imageShape, filters: [2, 2, 2, 2] },
      /filters must hold at most 3 numbers for images of 7 x 7/,
    ],
    [
      'an unknown pooling',
      (o) => new ConvAutoencoder(o),
      { imageShape, pool: 'min' },
      /pool must be one of 'max', 'average', 'stride', got 'min'/,
    ],
    [
      'half a pixel of kernel',
      (o) => new ConvAutoencoder(o),
      { imageShape, kernelSize: 2.5 },
      /kernelSize must be a positive integer, got 2.5/,
    ],
    [
      'dense layers without a dense code',
      (o) => new ConvAutoencoder(o),
      { imageShape, latentDim: null, hidden: [8] },
      /hidden has no effect where latentDim is null/,
    ],
    ['latentDim of nothing', (o) => new ConvAutoencoder(o), { imageShape, latentDim: 0 }, /latentDim must be .* got 0/],
    [
      'a loss that is no sum',
      (o) => new VariationalAutoencoder(o),
      { loss: 'mse' },
      /loss must be one of 'nats', 'sse', 'sae', got 'mse'/,
    ],
    [
      'nats of a linear output',
      (o) => new VariationalAutoencoder(o),
      { loss: 'nats', output: 'linear' },
      /needs output 'sigmoid'/,
    ],
    ['beta', (o) => new VariationalAutoencoder(o), { beta: -1 }, /beta must be a finite number from 0, got -1/],
    ['warm-up', (o) => new VariationalAutoencoder(o), { klWarmup: -1 }, /klWarmup must be a finite number from 0/],
    [
      'free bits',
      (o) => new VariationalAutoencoder(o),
      { freeBits: 'all' },
      /freeBits must be a finite number from 0, got 'all'/,
    ],
    ['filters without images', (o) => new VariationalAutoencoder(o), { filters: [4] }, /filters needs imageShape/],
    [
      'a code with bounds',
      (o) => new VariationalAutoencoder(o),
      { latentActivation: 'tanh' },
      /latentActivation must be 'linear' in a VariationalAutoencoder/,
    ],
    [
      'an encoder with one output',
      () => new VariationalAutoencoder({ encoder: dense(4, 2), decoder: dense(2, 4) }),
      {},
      /encoder must have one input and two outputs \(mean and log variance\), it has 1 and 1/,
    ],
    [
      'no classes',
      (o) => new ConditionalVariationalAutoencoder(o),
      {},
      /classes must be a positive integer, got undefined/,
    ],
    ['one class', (o) => new ConditionalVariationalAutoencoder(o), { classes: 1 }, /classes must be 2 or more, got 1/],
    [
      'an unknown condition',
      (o) => new ConditionalVariationalAutoencoder(o),
      { classes: 3, condition: 'mul' },
      /condition must be one of 'concat', 'add', got 'mul'/,
    ],
    [
      'a misspelt one',
      (o) => new ConditionalVariationalAutoencoder(o),
      { classes: 3, class: 1 },
      /has no option 'class'; .*classes, condition/,
    ],
    ['no encoder', (o) => new Classifier(o), { classes: 3 }, /encoder must be an Autoencoder, a tf.LayersModel or/],
    [
      'a fresh encoder frozen',
      (o) => new Classifier(o),
      { classes: 3, freeze: true, encoder: { hidden: [3] } },
      /freeze needs an encoder that was trained, got a fresh one/,
    ],
    [
      'a layer of nothing',
      (o) => new Classifier(o),
      { classes: 3, encoder: { hidden: [0] } },
      /encoder.hidden\[0\] must be a positive integer, got 0/,
    ],
    [
      'an encoder that was never fitted',
      () => new Classifier({ classes: 3, encoder: new Autoencoder() }),
      {},
      /this Autoencoder has no networks yet: call fit first/,
    ],
    [
      'a range upside down',
      (o) => gaussianNoise(0.1, o),
      { clip: [1, 0] },
      /clip\[1\] must be a finite number above 1, got 0/,
    ],
  ];
  test.each(wrong)('%s', (_, make, options, message) => {
    expect(() => make(options as never)).toThrow(message);
  });
});

describe('labels that do not fit are refused', () => {
  const model = () => new ConditionalVariationalAutoencoder({ classes: 3, hidden: [4], latentDim: 2, seed: 1 });
  const wrong: [string, unknown, RegExp][] = [
    ['none', undefined, /labels must be given, one per sample, or x must be a data set that has them/],
    ['too few', [0, 1], /labels must have one entry per sample, 20, got 2/],
    ['one out of range', new Array(20).fill(3), /integers from 0 to 2 \(classes is 3\), got 3 at sample 0/],
    ['one below', [...new Array(19).fill(0), -1], /got -1 at sample 19/],
    ['half a class', new Array(20).fill(0.5), /got 0.5 at sample 0/],
    ['names', 'ab', /labels must be given/],
  ];
  test.each(wrong)('%s', async (_, labels, message) => {
    const cvae = model();
    await expect(cvae.fit(data.x, { labels: labels as number[] })).rejects.toThrow(message);
    const classifier = new Classifier({ encoder: { hidden: [4] }, classes: 3, seed: 1 });
    await expect(classifier.fit(data.x, { labels: labels as number[] })).rejects.toThrow(message);
    await cvae.fit(data, { epochs: 1 });
    await expect(cvae.encode(data.x, labels as number[])).rejects.toThrow(message);
    await expect(cvae.evaluate(data.x, labels as number[])).rejects.toThrow(message);
    cvae.dispose();
  });

  test('what is asked of a class or a style', async () => {
    const cvae = model();
    await expect(cvae.sample(3)).rejects.toThrow('has no networks yet: call fit first');
    await cvae.fit(data, { epochs: 1 });
    await expect(cvae.sample(3, { label: 3 })).rejects.toThrow('label must be an integer from 0 to 2');
    await expect(cvae.sample(0)).rejects.toThrow('n must be a positive integer, got 0');
    await expect(
      cvae.sample(3, {
        z: [
          [0, 0],
          [1, 1],
        ],
      }),
    ).rejects.toThrow('z must hold one code, or one for each of the 3');
    await expect(cvae.sample(3, { temperature: -1 })).rejects.toThrow('temperature must be a finite number from 0');
    await expect(cvae.styleGrid([[1, 2, 3]])).rejects.toThrow('z must have 2 values per code');
    await expect(cvae.interpolate(data, data, 1)).rejects.toThrow('steps must be 2 or more, got 1');
    await expect(cvae.decode([[0, 0]])).rejects.toThrow('labels must be given');
    cvae.dispose();
  });
});

test('a folder that holds a classifier is no autoencoder, and the reverse', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'aenb-kinds-'));
  const classifier = new Classifier({ encoder: { hidden: [4] }, classes: 3, seed: 1 });
  await classifier.fit(data, { epochs: 1 });
  await classifier.save(join(folder, 'classifier'));
  await expect(loadModel(join(folder, 'classifier'))).rejects.toThrow('use Classifier.load');
  const model = new Autoencoder({ hidden: [4], latentDim: 2, seed: 1 });
  await model.fit(data, { epochs: 1 });
  await model.save(join(folder, 'model'));
  await expect(Classifier.load(join(folder, 'model'))).rejects.toThrow('use Autoencoder.load or loadModel');
  await expect(VariationalAutoencoder.load(join(folder, 'model'))).rejects.toThrow('use Autoencoder.load or loadModel');
  await rm(folder, { recursive: true });
});

test('images of another size than imageShape says', async () => {
  const model = new ConvAutoencoder({ imageShape: [8, 8, 1], seed: 1 });
  await expect(model.fit(data)).rejects.toThrow(
    'x must have 64 values per sample, as imageShape [8, 8, 1] says, got 49',
  );
});

test('what pre-training can not do', async () => {
  const first = (model: StackedAutoencoder, options: object) => model.pretrain(data, options).next();
  await expect(first(new StackedAutoencoder({ batchNorm: true }), {})).rejects.toThrow(
    'pretrain needs batchNorm: false',
  );
  await expect(first(new StackedAutoencoder(), { target: data.x })).rejects.toThrow("pretrain has no option 'target'");
  await expect(first(new StackedAutoencoder(), { validation: data })).rejects.toThrow('validation must be a fraction');
});

test('what optimize is not given', async () => {
  const loss = () => tf.scalar(0);
  await expect(optimize({ variables: [], loss }, data)).rejects.toThrow('variables must be a list of tf.Variable');
  const variable = tf.variable(tf.scalar(1));
  await expect(optimize({ variables: [variable], loss: 3 as never }, data)).rejects.toThrow(
    'loss must be a function, got 3',
  );
  await expect(optimize({ variables: [variable], loss }, data, { checkpoint: 'x' })).rejects.toThrow(
    "no option 'checkpoint'",
  );
  await expect(optimize({ variables: [variable], loss }, data, { step: 1 } as never)).rejects.toThrow(
    "optimize has no option 'step'",
  );
  variable.dispose();
});
