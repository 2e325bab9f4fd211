import { Autoencoder, type FitOptions, kernelInterface, type ModelOptions, NdArray, PCA, tf } from 'aenb';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';

beforeAll(() => {
  process.env.AENB_ENGINE = 'cpu';
});

const x = NdArray.from([
  [0.1, 0.2, 0.3],
  [0.4, 0.5, 0.6],
  [0.7, 0.8, 0.9],
  [0.2, 0.1, 0.5],
]);

describe('options that are not as they should be are named, with their value and what is allowed', () => {
  const wrongModels: [string, unknown, RegExp][] = [
    ['a misspelt name', { latentdim: 2 }, /Autoencoder has no option 'latentdim'; it has hidden, latentDim/],
    ['latentDim of nothing', { latentDim: 0 }, /latentDim must be a positive integer, got 0/],
    ['half a latent', { latentDim: 1.5 }, /latentDim must be a positive integer, got 1.5/],
    ['hidden as a number', { hidden: 128 }, /hidden must be a list of layer sizes such as \[128, 64\], got 128/],
    ['a layer of negative size', { hidden: [64, -1] }, /hidden\[1\] must be a positive integer, got -1/],
    ['an unknown activation', { activation: 'swish' }, /activation must be one of 'relu', .*, got 'swish'/],
    ['an unknown activation of the code', { latentActivation: 'x' }, /latentActivation must be one of .*, got 'x'/],
    ['an unknown output', { output: 'softmax' }, /output must be one of 'sigmoid', 'linear', got 'softmax'/],
    ['an unknown loss', { loss: 'huber' }, /loss must be one of 'mse', .*, got 'huber'/],
    ['cross-entropy of a linear output', { loss: 'bce', output: 'linear' }, /loss 'bce' needs output 'sigmoid'/],
    [
      'noise as a number',
      { noise: 0.3 },
      /noise must be made by gaussianNoise, maskingNoise or saltPepperNoise, got 0.3/,
    ],
    ['batchNorm as a word', { batchNorm: 'yes' }, /batchNorm must be true or false, got 'yes'/],
    ['dropout of everything', { dropout: 1 }, /dropout must be a finite number from 0 and below 1, got 1/],
    ['negative l2', { l2: -0.1 }, /l2 must be a finite number from 0, got -0.1/],
    [
      'an unknown initializer',
      { initializer: 'xavier' },
      /initializer must be one of .*'glorotUniform'.*, got 'xavier'/,
    ],
    [
      'a deviation that has no effect',
      { initializer: { name: 'heNormal', stddev: 1 } },
      /stddev goes with randomNormal/,
    ],
    ['a seed below 0', { seed: -1 }, /seed must be an integer from 0 up, got -1/],
    ['an extra loss that is no function', { extraLosses: { mine: 3 } }, /extraLosses.mine must be a function, got 3/],
    ['an extra loss with a taken name', { extraLosses: { l2: () => tf.scalar(0) } }, /can't have the name 'l2'/],
    ['an encoder alone', { encoder: {} }, /encoder and decoder must both be tf.LayersModel/],
  ];
  test.each(wrongModels)('%s', (_, options, message) => {
    expect(() => new Autoencoder(options as ModelOptions)).toThrow(message);
  });

  const wrongFits: [string, unknown, RegExp][] = [
    ['a misspelt name', { epoch: 3 }, /fit has no option 'epoch'; it has epochs/],
    ['no epochs', { epochs: 0 }, /epochs must be a positive integer, got 0/],
    ['a batch of nothing', { batchSize: 0 }, /batchSize must be a positive integer, got 0/],
    ['a rate of nothing', { learningRate: 0 }, /learningRate must be a finite number above 0, got 0/],
    ['a schedule that gives NaN', { learningRate: () => Number.NaN }, /learningRate of epoch 1 must be .*, got NaN/],
    ['an unknown optimizer', { optimizer: 'lion' }, /optimizer must be one of 'adam', .*, got 'lion'/],
    ['all data for validation', { validation: 1 }, /validation must be a finite number from 0 and below 1, got 1/],
    ['too little left to train on', { validation: 0.9 }, /validation must leave at least one of the 4 samples/],
    [
      'validation data of another width',
      { validation: [[1, 2]] },
      /validation must have 3 values per sample, as x has, got 2/,
    ],
    ['shuffle as a number', { shuffle: 1 }, /shuffle must be true or false, got 1/],
    ['a monitor without validation', { earlyStopping: { monitor: 'valLoss' } }, /'valLoss' needs validation data/],
    ['no patience', { earlyStopping: { patience: 0 } }, /earlyStopping.patience must be a positive integer, got 0/],
    ['a misspelt part of it', { earlyStopping: { patients: 2 } }, /earlyStopping has no option 'patients'/],
    ['a target of another length', { target: [[1, 2, 3]] }, /target must have the shape of x, \[4,3\], got \[1,3\]/],
    ['a callback that is none', { onEpoch: 'log' }, /onEpoch must be a function, got 'log'/],
    ['a signal that is none', { signal: {} }, /signal must be an AbortSignal, got Object/],
    ['a checkpoint without a name', { checkpoint: '' }, /checkpoint must be the path of a folder, got ''/],
    ['resuming what never began', { resume: true }, /resume needs an earlier fit to go on from/],
  ];
  test.each(wrongFits)('%s', async (_, options, message) => {
    const model = new Autoencoder({ seed: 1 });
    await expect(model.fit(x, options as FitOptions)).rejects.toThrow(message);
    model.dispose();
  });
});

describe('data that no model can use is refused before training', () => {
  const wrongData: [string, unknown, RegExp][] = [
    [
      'a value that is no number',
      [
        [1, 2],
        [3, Number.NaN],
      ],
      /x must hold finite numbers: sample 1, feature 1 is NaN/,
    ],
    ['infinity', [[Infinity, 2]], /sample 0, feature 0 is Infinity/],
    ['nothing', [], /x must hold at least one sample with one feature, got shape \[1,0\]/],
    ['samples of nothing', [[]], /at least one sample with one feature, got shape \[1,0\]/],
    ['rows of different lengths', [[1, 2], [3]], /every array must have the same length/],
    ['a word', 'digits', /samples must be an array of numbers or of arrays, got 'digits'/],
    ['nothing at all', undefined, /samples must be an array of numbers or of arrays, got undefined/],
  ];
  test.each(wrongData)('%s', async (_, data, message) => {
    const model = new Autoencoder({ seed: 1 });
    let epochs = 0;
    const options = { onEpoch: () => void epochs++ };
    await expect(model.fit(data as NdArray, options)).rejects.toThrow(message);
    await expect(new PCA({ latentDim: 1 }).fit(data as NdArray)).rejects.toThrow(message);
    expect(epochs).toBe(0);
  });

  test('a width that the model was not trained on', async () => {
    const model = new Autoencoder({ seed: 1, latentDim: 2 });
    await expect(model.encode(x)).rejects.toThrow('this Autoencoder has no networks yet: call fit first');
    await model.fit(x, { epochs: 1 });
    await expect(model.encode([[1, 2]])).rejects.toThrow(
      'x must have 3 values per sample, as the model has inputs, got 2',
    );
    await expect(model.fit([[1, 2]])).rejects.toThrow('x must have 3 values per sample');
    await expect(model.decode([[1, 2, 3]])).rejects.toThrow(
      "z must have 2 values per code, as the model's code has, got 3",
    );
    await expect(model.reconstructionError(x, 'rmse' as never)).rejects.toThrow("metric must be one of 'mse'");
    model.dispose();
  });

  test("networks of one's own that do not fit together", () => {
    const dense = (inputs: number, units: number) =>
      tf.sequential({ layers: [tf.layers.dense({ inputShape: [inputs], units })] });
    const [encoder, narrow, wide] = [dense(4, 2), dense(3, 4), dense(2, 5)];
    expect(() => new Autoencoder({ encoder, decoder: narrow })).toThrow(
      'decoder must take what the encoder gives, [2] per sample, it takes [3]',
    );
    expect(() => new Autoencoder({ encoder, decoder: wide })).toThrow(
      'decoder must give what the encoder takes, [4] per sample, it gives [5]',
    );
    expect(() => new Autoencoder({ encoder, decoder: dense(2, 4), hidden: [3] })).toThrow(
      'hidden has no effect on networks of your own',
    );
  });
});

describe('in a notebook', () => {
  afterEach(() => kernelInterface.setHost(undefined));

  test('training draws in the cell, and stops when the cell is interrupted', async () => {
    const interrupt = new AbortController();
    const shown: Record<string, unknown>[] = [];
    const engines: string[] = [];
    kernelInterface.setHost({
      display(bundle) {
        shown.push(bundle);
        return { update: (next) => void shown.push(next) };
      },
      signal: interrupt.signal,
      handle: () => ({ dispose: () => undefined }),
      engineLoaded: ({ name }) => void engines.push(name),
    });
    const model = new Autoencoder({ seed: 1, latentDim: 1 });
    await model.fit(x, { epochs: 2 });
    expect(engines).toEqual(['cpu']);
    expect(shown.at(-1)).toHaveProperty('image/png');
    const drawn = shown.length;
    await model.fit(x, { epochs: 2, live: false });
    expect(shown.length).toBe(drawn);
    const run = await model.fit(x, {
      epochs: 1_000_000,
      onEpoch: ({ epoch }) => {
        if (epoch === 2) interrupt.abort();
      },
    });
    expect(run.stopped).toBe('interrupted');
    expect(engines).toEqual(['cpu']);
    model.dispose();
  });

  test('a model trains in one fit at a time', async () => {
    const model = new Autoencoder({ seed: 1 });
    const first = model.fit(x, { epochs: 3 });
    await expect(model.fit(x)).rejects.toThrow('this model is training already');
    expect(() => model.dispose()).toThrow('this model is training');
    await first;
    model.dispose();
  });

  test('a fit that was terminated without an end does not lock the model', async () => {
    const interrupt = new AbortController();
    kernelInterface.setHost({
      display: () => ({ update: () => undefined }),
      signal: interrupt.signal,
      handle: () => ({ dispose: () => undefined }),
      engineLoaded: () => undefined,
    });
    const model = new Autoencoder({ seed: 1 });
    // a callback that never comes back, as in a cell whose execution was ended from outside
    const lost = model.fit(x, { onEpoch: () => new Promise(() => undefined) });
    await expect(model.fit(x)).rejects.toThrow('this model is training already');
    interrupt.abort();
    kernelInterface.setHost(undefined);
    expect((await model.fit(x, { epochs: 1 })).stopped).toBe('completed');
    void lost;
  });
});
