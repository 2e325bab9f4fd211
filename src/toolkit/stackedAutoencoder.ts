import * as tf from '@tensorflow/tfjs';
import { Autoencoder } from './autoencoder.ts';
import type { Dataset } from './dataset.ts';
import { loadEngine } from './engine.ts';
import type { FitOptions } from './fitOptions.ts';
import { type ModelOptions, networkOptionsFor } from './modelOptions.ts';
import type { NdArray, Samples } from './ndarray.ts';
import { volume } from './ndarray.ts';
import { type Activation, allWeights, buildNetworks, type Networks } from './networks.ts';
import type { Noise } from './noise.ts';
import { modelClasses } from './persistence.ts';
import { Random } from './random.ts';
import type { Run } from './run.ts';

/** What has just been done; layers count from 0, input side first. */
export type PretrainStep =
  | { step: 'split'; layers: { index: number; inputs: number; units: number }[] }
  | { step: 'train'; layer: 0; run: Run }
  | { step: 'repeat'; layer: number; run: Run }
  | { step: 'reassemble'; layers: number; reconstructionError: number };

/**
 * A deep autoencoder that need not be trained in one go. `pretrain` goes the four steps, each of which can be looked at:
 * the net is split into autoencoders of one hidden layer; the first is trained on the data; each next one on the codes of
 * the one before; and the layers are put together again. Then `fit` fine-tunes the whole.
 *
 * An inner layer's output follows the range of the codes that it learns: bounded activations (sigmoid, tanh) and elu,
 * selu give their own output, as in the whole net; for relu and linear the output is linear. Its loss is the squared
 * error, summed or averaged as the model's own. Left out of pre-training: dropout and extraLosses.
 *
 * Source: Hinton & Salakhutdinov 2006; Bengio et al. 2007, who train autoencoders instead of restricted Boltzmann machines.
 *
 * @example
 * ```ts
 * const { train, test } = await datasets.digits();
 * const model = new StackedAutoencoder({ hidden: [128, 64], latentDim: 16, activation: 'sigmoid', seed: 1 });
 * for await (const step of model.pretrain(train.slice(0, 1000), { epochs: 2 })) console.log(step.step);
 * await model.fit(train.slice(0, 1000), { epochs: 2, trackGradients: true }); // fine-tuning
 * console.log(await model.evaluate(test.slice(0, 200)));
 * ```
 */
export class StackedAutoencoder extends Autoencoder {
  /**
   * Pre-trains layer by layer: `for await (const step of model.pretrain(x)) …`. The net gets its new weights in the last
   * step, all at once; leaving the loop earlier leaves it as it was. An interrupt ends the steps.
   *
   * @param options as for fit, for every layer anew; validation is a fraction or not at all
   * @param options.noise corrupts what each layer sees; default: the model's
   */
  async *pretrain(
    x: Samples | Dataset,
    options: FitOptions & { noise?: Noise } = {},
  ): AsyncGenerator<PretrainStep, void, void> {
    const { noise = this.options.noise, ...fitOptions } = options;
    this.#checkPretrain(fitOptions);
    const samples = await this.samples('x', x);
    await loadEngine();
    const width = volume(samples.shape.slice(1));
    const { hidden, latentDim } = networkOptionsFor(width, this.options as ModelOptions, this.seed);
    const sizes = [width, ...hidden, latentDim];
    const layers = sizes.slice(1).map((units, index) => ({ index, inputs: sizes[index], units }));
    yield { step: 'split', layers };

    const learned: Layer[] = [];
    let codes: NdArray = samples.reshape(samples.length, width);
    for (const { index, units } of layers) {
      const model = this.#layer(index, units, layers.length, noise);
      try {
        const run = await model.fit(codes, fitOptions);
        learned.push({ into: await weightsOf(model.encoder), out: await weightsOf(model.decoder) });
        if (index < layers.length - 1) codes = await model.encode(codes);
        yield index === 0 ? { step: 'train', layer: 0, run } : { step: 'repeat', layer: index, run };
        if (run.stopped === 'interrupted') return;
      } finally {
        model.dispose();
      }
    }

    this.assertIdle('its layers are put together');
    const { encoder, decoder } = this.networksFor(width);
    learned.forEach(({ into, out }, index) => {
      const last = index === layers.length - 1;
      setWeights(encoder, last ? 'encoder_code' : `encoder_hidden${index + 1}`, into);
      setWeights(decoder, index === 0 ? 'decoder_output' : `decoder_hidden${layers.length - index}`, out);
    });
    this.forgetTraining();
    const errors = await this.reconstructionError(samples);
    const reconstructionError = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    yield { step: 'reassemble', layers: layers.length, reconstructionError };
  }

  #checkPretrain({ validation, target, checkpoint, resume }: FitOptions): void {
    this.assertAlive();
    const { batchNorm, encoder } = this.options;
    if (encoder) throw new TypeError('pretrain needs layers made from options, this model has networks of its own');
    if (batchNorm)
      throw new RangeError('pretrain needs batchNorm: false, since layers are trained one by one, got true');
    if (validation !== undefined && typeof validation !== 'number') {
      throw new TypeError('validation must be a fraction in pretrain, since inner layers are trained on codes');
    }
    for (const [name, value] of Object.entries({ target, checkpoint, resume })) {
      if (value !== undefined) throw new TypeError(`pretrain has no option '${name}'`);
    }
  }

  /** The autoencoder of one hidden layer whose two layers become the index-th of the whole. */
  #layer(index: number, units: number, count: number, noise: Noise | undefined): StackedLayer {
    const {
      activation = 'relu',
      latentActivation = 'linear',
      output = 'sigmoid',
      loss,
      l2,
      initializer,
    } = this.options;
    const inner = activation === 'relu' ? 'linear' : activation;
    const summed = loss === 'sse' || loss === 'nats' || loss === 'sae';
    return new StackedLayer(
      {
        hidden: [],
        latentDim: units,
        latentActivation: index === count - 1 ? latentActivation : activation,
        loss: index === 0 ? loss : summed ? 'sse' : 'mse',
        seed: new Random(this.seed, 'layer', index).word(),
        ...(noise && { noise }),
        ...(l2 !== undefined && { l2 }),
        ...(initializer && { initializer }),
      },
      index === 0 ? output : inner,
    );
  }
}

modelClasses.set('StackedAutoencoder', StackedAutoencoder);

/** An autoencoder of one hidden layer, whose output may have any activation. */
class StackedLayer extends Autoencoder {
  readonly #output: Activation;

  constructor(options: ModelOptions, output: Activation) {
    super(options);
    this.#output = output;
  }

  protected override build(width: number): Networks {
    const options = networkOptionsFor(width, this.options as ModelOptions, this.seed);
    return buildNetworks({ ...options, output: this.#output });
  }
}

/** Weights of the two layers, [kernel, bias] each. */
interface Layer {
  readonly into: readonly Float32Array[];
  readonly out: readonly Float32Array[];
}

function weightsOf(network: tf.LayersModel): Promise<Float32Array[]> {
  return Promise.all(allWeights(network).map(async (variable) => Float32Array.from(await variable.data())));
}

function setWeights(network: tf.LayersModel, layer: string, values: readonly Float32Array[]): void {
  network.getLayer(layer).weights.forEach((weight, i) => {
    tf.tidy(() => (weight.read() as tf.Variable).assign(tf.tensor(values[i].slice(), weight.shape as number[])));
  });
}
