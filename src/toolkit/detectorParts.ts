/** What a detector is made of where its user named nothing: found by cross-checking, see AnomalyDetector. */
import { Autoencoder } from './autoencoder.ts';
import type { FitOptions } from './fitOptions.ts';
import type { NdArray } from './ndarray.ts';
import { gaussianNoise, saltPepperNoise } from './noise.ts';

/** From so many values in [0, 1] per sample on, samples are taken for images. */
const fewestPixels = 200;

export interface Recipe {
  readonly scaler: 'standard' | 'none';
  readonly score: 'combined' | 'mse';
  readonly nets: readonly Autoencoder[];
  /** For error maps, where another net shows faults better than those that score. */
  readonly locator?: Autoencoder;
  readonly fit: Required<Pick<FitOptions, 'epochs' | 'batchSize'>>;
}

/** @param x [n, d], not scaled */
export function defaultRecipe(x: NdArray, seed: number): Recipe {
  const [n, d] = x.shape;
  const batchSize = 64;
  const stepsPerEpoch = Math.ceil(n / batchSize);
  if (d >= fewestPixels && x.data.every((value) => value >= 0 && value <= 1)) {
    return {
      scaler: 'none',
      score: 'mse',
      nets: [new Autoencoder({ hidden: [256], latentDim: 32, loss: 'bce', seed })],
      locator: new Autoencoder({ hidden: [256], latentDim: 32, loss: 'bce', noise: saltPepperNoise(0.3), seed }),
      fit: { epochs: epochsFor(stepsPerEpoch, 20), batchSize },
    };
  }
  const nets = [0, 1, 2].map(
    (member) =>
      new Autoencoder({
        hidden: [128],
        latentDim: 32,
        latentActivation: 'relu',
        output: 'linear',
        noise: gaussianNoise(0.25),
        seed: seed + member,
      }),
  );
  return { scaler: 'standard', score: 'combined', nets, fit: { epochs: epochsFor(stepsPerEpoch, 50), batchSize } };
}

/** So many epochs, more where they are short, fewer where they are long: 1 000 to 20 000 steps in all. */
function epochsFor(stepsPerEpoch: number, usual: number): number {
  return Math.max(3, Math.min(Math.max(usual, Math.ceil(1_000 / stepsPerEpoch)), Math.floor(20_000 / stepsPerEpoch)));
}
