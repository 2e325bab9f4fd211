import type * as tf from '@tensorflow/tfjs';
import { scalar } from '@tensorflow/tfjs';
import { Autoencoder, type Code } from './autoencoder.ts';
import { checkModelOptions, type ModelOptions, networkOptionsFor } from './modelOptions.ts';
import { buildNetworks, type Networks } from './networks.ts';
import { modelClasses } from './persistence.ts';
import type { StepInput } from './step.ts';
import { checkKnownOptions, checkNumber, checkOneOf, show } from './validate.ts';

/** What keeps most latents at rest: their size, or how often they are active. */
export type Sparsity =
  | { readonly kind: 'l1'; readonly weight: number }
  | { readonly kind: 'kl'; readonly weight: number; readonly target: number };

export interface SparseOptions extends ModelOptions {
  sparsity: Sparsity;
}

/** Keeps the logarithms finite where a latent is never, or always, active. */
const epsilon = 1e-6;

/**
 * An autoencoder that says each sample with few of its latents, of which there may be many. The term `sparsity` is
 *
 * - 'l1': weight x the sum over latents of |z|, a mean over samples; the code's activation is 'relu' unless given
 * - 'kl': weight x the sum over latents of KL(target || mean activation over the batch), in nats; the code's activation
 *   is 'sigmoid', since activations are read as probabilities
 *
 * Source: Ng 2011, "Sparse autoencoder", for 'kl'.
 *
 * @example
 * ```ts
 * const { train, test } = await datasets.digits();
 * const model = new SparseAutoencoder({ hidden: [], latentDim: 64, sparsity: { kind: 'l1', weight: 1e-4 }, seed: 1 });
 * await model.fit(train.slice(0, 1000), { epochs: 3 });
 * const { data } = await model.encode(test.slice(0, 200));
 * console.log(data.filter((z) => z > 0).length / data.length); // share of active latents
 * ```
 */
export class SparseAutoencoder extends Autoencoder {
  declare readonly options: Readonly<SparseOptions>;

  constructor(options: SparseOptions) {
    super(options);
  }

  protected static override checkOptions(what: string, options: Partial<SparseOptions>): void {
    checkModelOptions(what, options, ['sparsity']);
    const { sparsity, latentActivation } = options;
    if (typeof sparsity !== 'object' || sparsity === null) {
      throw new TypeError(
        `sparsity must be { kind: 'l1', weight } or { kind: 'kl', weight, target }, got ${show(sparsity)}`,
      );
    }
    const kind = checkOneOf('sparsity.kind', sparsity.kind, ['l1', 'kl']);
    checkKnownOptions('sparsity', sparsity, kind === 'l1' ? ['kind', 'weight'] : ['kind', 'weight', 'target']);
    checkNumber('sparsity.weight', sparsity.weight, { from: 0 });
    if (sparsity.kind === 'l1') return;
    checkNumber('sparsity.target', sparsity.target, { above: 0, below: 1 });
    if (latentActivation !== undefined && latentActivation !== 'sigmoid') {
      throw new RangeError(
        `latentActivation must be 'sigmoid' with sparsity of kind 'kl', got ${show(latentActivation)}`,
      );
    }
  }

  protected override build(width: number): Networks {
    const latentActivation = this.options.sparsity.kind === 'kl' ? 'sigmoid' : 'relu';
    return buildNetworks(networkOptionsFor(width, { latentActivation, ...this.options }, this.seed));
  }

  protected override code(x: tf.Tensor, input: StepInput): Code {
    const { z } = super.code(x, input);
    const flat = z.reshape<tf.Tensor2D>([z.shape[0] as number, -1]);
    return { z, terms: { sparsity: sparsityOf(flat, this.options.sparsity) } };
  }
}

/** @param z [batch, k] */
function sparsityOf(z: tf.Tensor2D, sparsity: Sparsity): tf.Scalar {
  if (sparsity.kind === 'l1') return z.abs().sum(1).mean<tf.Scalar>().mul(sparsity.weight);
  const { target, weight } = sparsity;
  // t log(t / m) + (1 - t) log((1 - t) / (1 - m)), m the mean activation of each latent
  const mean = z.mean(0).clipByValue(epsilon, 1 - epsilon);
  const entropy = target * Math.log(target) + (1 - target) * Math.log(1 - target);
  const cross = mean
    .log()
    .mul(target)
    .add(
      scalar(1)
        .sub(mean)
        .log()
        .mul(1 - target),
    );
  return scalar(entropy).sub(cross).sum<tf.Scalar>().mul(weight);
}

modelClasses.set('SparseAutoencoder', SparseAutoencoder);
