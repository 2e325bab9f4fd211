/** How strongly a code answers to small changes of the sample: the norm of the encoder's Jacobian J = dz/dx. */
import * as tf from '@tensorflow/tfjs';
import { apply } from './networks.ts';

/**
 * |J|^2, summed over latents and features, for any encoder: one pass back for each latent. Differentiable.
 *
 * @param x [batch, …]
 * @returns [batch]
 */
export function squaredJacobianNorms(encoder: tf.LayersModel, x: tf.Tensor, y?: tf.Tensor): tf.Tensor1D {
  const k = (encoder.outputs[0].shape.slice(1) as number[]).reduce((product, size) => product * size, 1);
  const batch = x.shape[0] as number;
  const squares = Array.from({ length: k }, (_, latent) => {
    const one = tf.grad((input) => apply(encoder, input, y).reshape([batch, k]).slice([0, latent], [batch, 1]).sum());
    return one(x).reshape([batch, -1]).square().sum(1);
  });
  return tf.addN(squares) as tf.Tensor1D;
}

/** @param x [batch, …] @returns [batch] */
export function jacobianNorms(encoder: tf.LayersModel, x: tf.Tensor, y?: tf.Tensor): tf.Tensor1D {
  return squaredJacobianNorms(encoder, x, y).sqrt();
}

/** The derivatives of activations at a, from the values y = f(a) that they gave. */
const derivatives: Record<string, (y: tf.Tensor) => tf.Tensor | undefined> = {
  linear: () => undefined,
  /** y (1 - y) */
  sigmoid: (y) => y.mul(tf.scalar(1).sub(y)),
  /** 1 - y^2 */
  tanh: (y) => tf.scalar(1).sub(y.square()),
  /** 1 above 0 */
  relu: (y) => y.step(),
  /** 1 above 0, e^a = y + 1 below */
  elu: (y) => y.minimum(0).add(1),
  /** s above 0, s alpha e^a = y + s alpha below */
  selu: (y) =>
    y
      .step()
      .mul(seluScale)
      .add(
        tf
          .scalar(1)
          .sub(y.step())
          .mul(y.add(seluScale * seluAlpha)),
      ),
};
const seluScale = 1.0507009873554805;
const seluAlpha = 1.6732632423543772;

/**
 * |J|^2 of an encoder that is a chain of dense layers and activations, without derivatives of derivatives:
 * J = D_L W_L … D_1 W_1 with D the activations' slopes, multiplied from the code's side. The first layer is wide, so
 * its W_1 W_1^T stands in for it: |M W_1|^2 = tr(M W_1 W_1^T M^T).
 *
 * Source: Rifai et al. 2011, equation 3 for the penalty, equation 5 for one sigmoid layer.
 * @param x [batch, d]
 * @returns the code [batch, k] and the norms [batch]; undefined where the encoder is no such chain
 */
export function codeWithSquaredNorms(
  encoder: tf.LayersModel,
  x: tf.Tensor,
): { z: tf.Tensor; norms: tf.Tensor1D } | undefined {
  const chain = denseChain(encoder);
  if (!chain) return undefined;
  let z: tf.Tensor2D = x as tf.Tensor2D;
  const slopes: (tf.Tensor | undefined)[] = [];
  for (const { kernel, bias, activation } of chain) {
    z = z.matMul(kernel.read()) as tf.Tensor2D;
    if (bias) z = z.add(bias.read()) as tf.Tensor2D;
    z = activation.reduce<tf.Tensor2D>((value, layer) => layer.apply(value) as tf.Tensor2D, z);
    slopes.push(derivatives[slopeOf(activation)](z));
  }
  const batch = x.shape[0] as number;
  // M, [batch, k, units]: what the layers above have gathered
  let gathered: tf.Tensor | undefined;
  for (let i = chain.length - 1; i > 0; i--) {
    const kernel = (chain[i].kernel.read() as tf.Tensor2D).transpose(); // [units above, units below]
    const slope = slopes[i];
    const below = gathered ?? (slope && tf.eye(kernel.shape[0]).expandDims(0)); // D_L alone is diagonal
    const scaled = below && slope ? below.mul(slope.expandDims(1)) : below;
    const next = scaled
      ? scaled.reshape<tf.Tensor2D>([-1, kernel.shape[0]]).matMul<tf.Tensor2D>(kernel)
      : tf.tile(kernel, [batch, 1]);
    gathered = next.reshape([batch, -1, kernel.shape[1]!]);
  }
  const first = chain[0].kernel.read() as tf.Tensor2D; // [d, units]
  const slope = slopes[0];
  if (!gathered) {
    const rows = first.square().sum(0); // |row of W|^2, [units]
    const norms = slope ? slope.square().mul(rows).sum(1) : tf.ones([batch]).mul(rows.sum());
    return { z, norms: norms as tf.Tensor1D };
  }
  const m = slope ? gathered.mul(slope.expandDims(1)) : gathered;
  const gram = first.matMul<tf.Tensor2D>(first, true, false); // [units, units]
  const units = gram.shape[0];
  const product = m.reshape<tf.Tensor2D>([-1, units]).matMul(gram).reshape(m.shape);
  return { z, norms: product.mul(m).sum([1, 2]) as tf.Tensor1D };
}

interface DenseLayer {
  kernel: tf.LayerVariable;
  bias: tf.LayerVariable | undefined;
  activation: tf.layers.Layer[];
}

function slopeOf(activation: readonly tf.layers.Layer[]): string {
  return activation.length === 0 ? 'linear' : String(activation[0].getConfig().activation);
}

function denseChain(encoder: tf.LayersModel): DenseLayer[] | undefined {
  const chain: DenseLayer[] = [];
  for (const layer of encoder.layers) {
    const kind = layer.getClassName();
    const activation = String(layer.getConfig().activation);
    if (kind === 'InputLayer') continue;
    if (kind === 'Dense' && activation === 'linear') {
      const [kernel, bias] = layer.weights;
      chain.push({ kernel, bias, activation: [] });
    } else if (kind === 'Activation' && activation in derivatives && chain.at(-1)?.activation.length === 0) {
      chain.at(-1)!.activation.push(layer);
    } else return undefined;
  }
  return chain;
}
