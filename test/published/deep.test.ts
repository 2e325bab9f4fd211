import { Autoencoder, datasets, StackedAutoencoder } from 'aenb';
import { expect, test } from 'vitest';
import { average, report, withoutTime } from './figures.ts';

const shape = { hidden: [1000, 500, 250], latentDim: 30, loss: 'sse' } as const;
/** The deep net of Hinton and Salakhutdinov with the initial weights of its time. */
const sigmoid = {
  ...shape,
  hidden: [...shape.hidden],
  activation: 'sigmoid',
  initializer: { name: 'randomNormal', stddev: 0.01 },
  seed: 1,
} as const;
const source = 'recipe of Hinton & Salakhutdinov 2006, autoencoders in place of RBMs';

test.skipIf(withoutTime)(
  'a deep sigmoid net does not learn: the gradient vanishes on its way to the first layer',
  { timeout: 3_600_000 },
  async () => {
    const { train, test: held } = await datasets.mnist();
    const model = new Autoencoder({ ...sigmoid, hidden: [...sigmoid.hidden] });
    const run = await model.fit(train.slice(0, 20_000), {
      epochs: 10,
      batchSize: 100,
      optimizer: 'sgd',
      trackGradients: true,
    });
    const ratios = run.gradientNorms!.map((norms) => norms.at(-1)! / norms[0]);
    const error = average(await model.reconstructionError(held));
    const about = { source, engine: run.engine, seconds: run.seconds };
    report({
      what: 'deep sigmoid net, last layer’s gradient over the first’s',
      ours: Math.min(...ratios).toExponential(1),
      reference: '>= 1e6',
      ...about,
    });
    report({
      what: 'deep sigmoid net without pre-training, squared error',
      ours: error.toFixed(2),
      reference: '53.0 +- 0.5',
      ...about,
    });
    expect(Math.min(...ratios)).toBeGreaterThanOrEqual(1e6);
    expect(Math.abs(error - 53)).toBeLessThanOrEqual(0.5);
    model.dispose();
  },
);

test.skipIf(withoutTime)(
  'greedy layer-wise pre-training wakes it up, fine-tuning finishes it',
  { timeout: 3_600_000 },
  async () => {
    const { train, test: held } = await datasets.mnist();
    const some = train.slice(0, 20_000);
    const model = new StackedAutoencoder({ ...sigmoid, hidden: [...sigmoid.hidden] });
    let seconds = 0;
    for await (const step of model.pretrain(some, { epochs: 5, batchSize: 100 })) {
      if ('run' in step) seconds += step.run.seconds;
    }
    const pretrained = average(await model.reconstructionError(held));
    const run = await model.fit(some, { epochs: 10, batchSize: 100 });
    const tuned = average(await model.reconstructionError(held));
    report({
      what: 'deep sigmoid net after greedy pre-training, squared error',
      ours: pretrained.toFixed(2),
      reference: '<= 12.5',
      source,
      engine: run.engine,
      seconds,
    });
    report({
      what: 'deep sigmoid net after fine-tuning, squared error',
      ours: tuned.toFixed(2),
      reference: '<= 6.0',
      source,
      engine: run.engine,
      seconds: run.seconds,
    });
    expect(pretrained).toBeLessThanOrEqual(12.5);
    expect(tuned).toBeLessThanOrEqual(6);
    model.dispose();
  },
);

test.skipIf(withoutTime)(
  'with ReLU and Adam the same shape needs no pre-training',
  { timeout: 7_200_000 },
  async () => {
    const { train, test: held } = await datasets.mnist();
    const model = new Autoencoder({ ...shape, hidden: [...shape.hidden], seed: 1 });
    const run = await model.fit(train, { epochs: 20, batchSize: 128 });
    const error = average(await model.reconstructionError(held));
    report({
      what: 'same shape with ReLU, 60 000 images, squared error',
      ours: error.toFixed(2),
      reference: '<= 7.2',
      source: '6.94 in another implementation',
      engine: run.engine,
      seconds: run.seconds,
    });
    expect(error).toBeLessThanOrEqual(7.2);
    model.dispose();
  },
);
