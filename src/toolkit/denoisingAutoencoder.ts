import { Autoencoder } from './autoencoder.ts';
import type { BatchSource } from './batchSource.ts';
import type { Dataset } from './dataset.ts';
import type { FitOptions } from './fitOptions.ts';
import type { Samples } from './ndarray.ts';
import { maskingNoise, type Noise } from './noise.ts';
import { modelClasses } from './persistence.ts';
import type { Run } from './run.ts';

/** Without a noise of its own: a third of the values are taken away. */
const defaultNoise = maskingNoise(0.3);

/**
 * An autoencoder that sees corrupted samples and is compared with the clean ones: to undo the noise it has to know what
 * samples look like. `noise` corrupts freshly at every step, default maskingNoise(0.3); or give pairs, noisy samples as
 * x and clean ones as `target` of fit, and only a `noise` that is asked for comes on top.
 *
 * Losses on validation data and by `evaluate` are of clean samples. Source: Vincent et al. 2008.
 *
 * @example
 * ```ts
 * const { train, test } = await datasets.digits();
 * const noise = gaussianNoise(0.4, { clip: [0, 1] });
 * const model = new DenoisingAutoencoder({ hidden: [128], latentDim: 32, noise, seed: 1 });
 * await model.fit(train.slice(0, 1000), { epochs: 3 });
 * const noisy = noise.apply(test.x.slice(0, 10));
 * plot.reconstructions(model, noisy);
 * ```
 */
export class DenoisingAutoencoder extends Autoencoder {
  #pairsGiven = false;

  /** @throws as Autoencoder.fit */
  override async fit(x: Samples | Dataset | BatchSource, options: FitOptions = {}): Promise<Run> {
    this.#pairsGiven = options.target !== undefined;
    return super.fit(x, options);
  }

  protected override get noise(): Noise | undefined {
    return super.noise ?? (this.#pairsGiven || this.missing.includes('noise') ? undefined : defaultNoise);
  }
}

modelClasses.set('DenoisingAutoencoder', DenoisingAutoencoder);
