/** What a detector is made of where its user named nothing: found by cross-checking, see AnomalyDetector. */
import { Autoencoder } from './autoencoder.ts';
import type { FitOptions } from './fitOptions.ts';
import type { NdArray } from './ndarray.ts';
import { gaussianNoise, saltPepperNoise } from './noise.ts';

/** From so many values in [0, 1] per sample on, samples are taken for images. */
const fewestPixels = 200;

export interface Recipe {
  readonly scaler: 'standard' | 'none';
  readonly score: 'combined' | 'image';
  readonly nets: readonly Autoencoder[];
  /** For error maps, where another net shows faults better than those that score. */
  readonly locator?: Autoencoder;
  readonly fit: Required<Pick<FitOptions, 'epochs' | 'batchSize'>>;
}

/** @param x [n, d], not scaled */
export function defaultRecipe(x: NdArray, seed: number): Recipe {
  const [n, d] = x.shape;
  if (d >= fewestPixels && x.data.every((value) => value >= 0 && value <= 1)) {
    return {
      scaler: 'none',
      score: 'image',
      nets: [new Autoencoder({ hidden: [256], latentDim: 32, loss: 'bce', seed })],
      locator: new Autoencoder({ hidden: [256], latentDim: 32, loss: 'bce', noise: saltPepperNoise(0.3), seed }),
      fit: lasting(n, { epochs: 20, batchSize: 64, leastSteps: 1_000 }),
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
  return {
    scaler: 'standard',
    score: 'combined',
    nets,
    fit: lasting(n, { epochs: 50, batchSize: 64, leastSteps: 1_000 }),
  };
}

/** So many epochs of n samples; more where they are short, and never more than 20 000 steps in all. */
function lasting(n: number, usual: { epochs: number; batchSize: number; leastSteps: number }): Recipe['fit'] {
  const { batchSize, leastSteps } = usual;
  const steps = Math.ceil(n / batchSize);
  const enough = Math.max(usual.epochs, Math.ceil(leastSteps / steps));
  return { epochs: Math.max(3, Math.min(enough, Math.floor(20_000 / steps))), batchSize };
}
