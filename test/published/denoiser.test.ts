import {
  type Autoencoder,
  ConvAutoencoder,
  DenoisingAutoencoder,
  datasets,
  gaussianNoise,
  medianFilter,
  metrics,
} from 'aenb';
import { expect, test } from 'vitest';
import { report, withoutTime } from './figures.ts';

test.skipIf(withoutTime)(
  'a convolutional denoiser beats a median filter by 3 dB, and a dense denoiser',
  { timeout: 3_600_000 },
  async () => {
    const { train, test: held } = await datasets.mnist();
    const some = train.slice(0, 20_000);
    const noise = gaussianNoise(0.4, { clip: [0, 1] });
    const noisy = noise.apply(held.x, 1);
    const psnr = async (model: Autoencoder) => metrics.psnr(held.x, await model.reconstruct(noisy));

    const convolutional = new ConvAutoencoder({
      imageShape: [28, 28, 1],
      filters: [32, 32],
      latentDim: null,
      pool: 'stride',
      noise,
      loss: 'bce',
      seed: 1,
    });
    const run = await convolutional.fit(some, { epochs: 4, batchSize: 64, learningRate: 0.002 });
    const conv = await psnr(convolutional);

    // the dense one may train as long
    const dense = new DenoisingAutoencoder({ hidden: [512], latentDim: 128, noise, loss: 'bce', seed: 1 });
    const time = new AbortController();
    let spent = 0;
    const denseRun = await dense.fit(some, {
      epochs: 1000,
      batchSize: 64,
      signal: time.signal,
      onEpoch: ({ secondsPerEpoch }) => {
        spent += secondsPerEpoch;
        if (spent + secondsPerEpoch / 2 > run.seconds) time.abort();
      },
    });
    const plain = await psnr(dense);
    const median = metrics.psnr(held.x, medianFilter(noisy, { imageShape: [28, 28, 1] }));
    const about = { source: 'recipe of Chollet 2016', engine: run.engine };
    report({
      what: 'convolutional denoiser, noise 0.4, PSNR in dB',
      ours: conv.toFixed(2),
      reference: `${median.toFixed(2)} + 3 (3x3 median filter)`,
      seconds: run.seconds,
      ...about,
    });
    report({
      what: 'convolutional denoiser against a dense one of the same time, PSNR in dB',
      ours: conv.toFixed(2),
      reference: plain.toFixed(2),
      seconds: denseRun.seconds,
      ...about,
    });
    expect(conv).toBeGreaterThanOrEqual(median + 3);
    expect(conv).toBeGreaterThan(plain);
    convolutional.dispose();
    dense.dispose();
  },
);
