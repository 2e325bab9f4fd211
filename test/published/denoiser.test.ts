import { type Autoencoder, ConvAutoencoder, DenoisingAutoencoder, datasets, gaussianNoise, NdArray } from 'aenb';
import { expect, test } from 'vitest';
import { meanPsnr, report, withoutTime } from './figures.ts';

test.skipIf(withoutTime)(
  'a convolutional denoiser beats a median filter by 3 dB, and a dense denoiser',
  { timeout: 3_600_000 },
  async () => {
    const { train, test: held } = await datasets.mnist();
    const some = train.slice(0, 20_000);
    const noise = gaussianNoise(0.4, { clip: [0, 1] });
    const noisy = noise.apply(held.x, 1);
    const psnr = async (model: Autoencoder) => meanPsnr(held.x, await model.reconstruct(noisy));

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
    const median = meanPsnr(held.x, medianFilter(noisy));
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

/** The middle of the 3 x 3 pixels around each, fewer at the edges. */
function medianFilter(x: NdArray): NdArray {
  const out = new NdArray(new Float32Array(x.data.length), x.shape);
  for (let i = 0; i < x.length; i++) {
    const [image, filtered] = [x.row(i), out.row(i)];
    for (let row = 0; row < 28; row++) {
      for (let column = 0; column < 28; column++) {
        const around: number[] = [];
        for (let r = Math.max(0, row - 1); r <= Math.min(27, row + 1); r++) {
          for (let c = Math.max(0, column - 1); c <= Math.min(27, column + 1); c++) around.push(image[r * 28 + c]);
        }
        around.sort((a, b) => a - b);
        const half = around.length >> 1;
        filtered[row * 28 + column] = around.length % 2 === 1 ? around[half] : (around[half - 1] + around[half]) / 2;
      }
    }
  }
  return out;
}
