import type * as tf from '@tensorflow/tfjs';
import { Autoencoder, type Code } from './autoencoder.ts';
import { codeWithSquaredNorms, squaredJacobianNorms } from './jacobian.ts';
import { checkModelOptions, type ModelOptions, networkOptionsFor } from './modelOptions.ts';
import { buildNetworks, type Networks } from './networks.ts';
import { modelClasses } from './persistence.ts';
import type { StepInput } from './step.ts';
import { checkNumber } from './validate.ts';

export interface ContractiveOptions extends ModelOptions {
  /** Of the term `contraction`: weight x |dz/dx|^2, summed over latents and features, a mean over samples. */
  weight: number;
}

/**
 * An autoencoder whose code is at rest where samples change in ways that don't matter: the squared Frobenius norm of the
 * encoder's Jacobian is part of the loss. The code's activation is 'sigmoid' unless given, as in the paper.
 *
 * Left out: batchNorm and dropout, under which a sample has no Jacobian of its own. Source: Rifai et al. 2011.
 *
 * @example
 * ```ts
 * const { train, test } = await datasets.digits();
 * const model = new ContractiveAutoencoder({ hidden: [], latentDim: 32, loss: 'sse', weight: 1, seed: 1 });
 * await model.fit(train.slice(0, 1000), { epochs: 3 });
 * console.log(await model.jacobianNorm(test.x.slice(0, 5))); // one norm for each sample
 * ```
 */
export class ContractiveAutoencoder extends Autoencoder {
  declare readonly options: Readonly<ContractiveOptions>;

  constructor(options: ContractiveOptions) {
    super(options);
  }

  protected static override checkOptions(what: string, options: Partial<ContractiveOptions>): void {
    checkModelOptions(what, options, ['weight']);
    checkNumber('weight', options.weight, { from: 0 });
    if (options.batchNorm) throw new RangeError(`batchNorm must be false in a ${what}, got true`);
    if (options.dropout) throw new RangeError(`dropout must be 0 in a ${what}, got ${options.dropout}`);
  }

  protected override build(width: number): Networks {
    return buildNetworks(networkOptionsFor(width, { latentActivation: 'sigmoid', ...this.options }, this.seed));
  }

  protected override code(x: tf.Tensor, input: StepInput): Code {
    const { encoder } = this.networks;
    const { z, norms } = codeWithSquaredNorms(encoder, x) ?? {
      ...super.code(x, input),
      norms: squaredJacobianNorms(encoder, x),
    };
    return { z, terms: { contraction: norms.mean<tf.Scalar>().mul(this.options.weight) } };
  }
}

modelClasses.set('ContractiveAutoencoder', ContractiveAutoencoder);
