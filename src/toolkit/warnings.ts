/** What a model says about itself in plain words when a training went, or is going to go, wrong. */
import * as tf from '@tensorflow/tfjs';
import { apply } from './networks.ts';
import type { Run } from './run.ts';
import type { TrainedLayer } from './step.ts';

/** Weights per sample above which a net can learn samples by heart many times over. */
const manyWeights = 500;
/** Epochs in a row in which the validation loss rose. */
const manyEpochs = 5;
/** Share of a layer's units; a code has none to spare. */
const manyHiddenUnits = 0.5;
const manyLatents = 0.1;

export function warningOfSize(samples: number, layers: readonly TrainedLayer[]): string | undefined {
  const weights = layers.reduce((sum, { variables }) => sum + variables.reduce((all, { size }) => all + size, 0), 0);
  if (weights < manyWeights * samples) return undefined;
  return (
    `${samples} samples are few for ${weights} weights: the net can learn them by heart. ` +
    'Use more data, fewer hidden units or a narrower code, and watch the loss on validation data.'
  );
}

export function warningOfRun({ history: { valLoss = [] } }: Run): string | undefined {
  let rises = 0;
  for (let epoch = 1; epoch < valLoss.length; epoch++) {
    rises = valLoss[epoch] > valLoss[epoch - 1] ? rises + 1 : 0;
    if (rises < manyEpochs) continue;
    return (
      `the validation loss rose for ${manyEpochs} epochs in a row, up to epoch ${epoch + 1}: the net over-fits. ` +
      'Use earlyStopping, more data, noise, or a narrower code.'
    );
  }
  return undefined;
}

/**
 * ReLU units that give 0 for every sample, and so learn nothing any more.
 *
 * @param x [n, …], samples that stand for all
 */
export async function warningOfDeadUnits(
  network: tf.LayersModel,
  x: tf.Tensor,
  y: tf.Tensor | undefined,
): Promise<string | undefined> {
  const layers = network.layers.filter(
    (layer) => layer.getClassName() === 'Activation' && layer.getConfig().activation === 'relu',
  );
  for (const layer of layers) {
    const part = tf.model({ inputs: network.inputs, outputs: layer.output as tf.SymbolicTensor });
    const most = tf.tidy(() => {
      const values = apply(part, x, y);
      // over all samples, and over all places of a feature map
      return values.max(values.shape.map((_, axis) => axis).slice(0, -1));
    });
    const values = await most.data();
    most.dispose();
    const dead = values.filter((value) => value === 0).length;
    const many = layer.output === network.outputs[0] ? manyLatents : manyHiddenUnits;
    if (dead === 0 || dead < many * values.length) continue;
    return (
      `${dead} of the ${values.length} ReLU units of ${layer.name} are dead: they give 0 for every sample. ` +
      "Use a lower learningRate, another activation such as 'elu', or fewer units."
    );
  }
  return undefined;
}

/**
 * Latents that say nothing of x: q(z|x) is the prior.
 *
 * @param kl nats per latent, [k]
 */
export function warningOfCollapse(kl: Float32Array): string | undefined {
  const total = kl.reduce((sum, value) => sum + value, 0);
  if (total > 0.01 * kl.length) return undefined;
  return (
    `the KL term collapsed to ${total.toPrecision(2)} nats: the code says nothing of the sample, and the decoder gives ` +
    'the mean of all. Use a smaller beta, klWarmup, or freeBits.'
  );
}
