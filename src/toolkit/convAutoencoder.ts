import { Autoencoder } from './autoencoder.ts';
import {
  buildConvNetworks,
  type ConvOptions,
  checkConvOptions,
  checkImageWidth,
  convOptionNames,
} from './convNetworks.ts';
import { checkModelOptions, type ModelOptions, networkOptionsFor } from './modelOptions.ts';
import type { Networks } from './networks.ts';
import { modelClasses } from './persistence.ts';

export interface ConvAutoencoderOptions extends Omit<ModelOptions, 'latentDim'>, ConvOptions {
  /** [height, width, channels] of a sample. */
  imageShape: readonly [number, number, number];
  /** Of a dense code; null: the last feature map is the code. Default: from the number of pixels. */
  latentDim?: number | null;
}

/**
 * Convolutions that halve the image, a code, and the way back. `hidden` are dense layers between the last feature map
 * and the code, by default none. `pool` is 'max' unless given.
 *
 * Samples may come flat, [n, height * width * channels], or as images; codes are [n, k], or feature maps where
 * `latentDim` is null. Source: Masci et al. 2011; upsampling as in Odena et al. 2016.
 *
 * @example
 * ```ts
 * const { train, test } = await datasets.digits();
 * const model = new ConvAutoencoder({ imageShape: [28, 28, 1], filters: [8, 16], latentDim: 16, seed: 1 });
 * await model.fit(train.slice(0, 500), { epochs: 2 });
 * plot.reconstructions(model, test);
 * ```
 */
export class ConvAutoencoder extends Autoencoder {
  declare readonly options: Readonly<ConvAutoencoderOptions>;

  constructor(options: ConvAutoencoderOptions) {
    super(options as ModelOptions);
  }

  protected static override checkOptions(what: string, options: Partial<ConvAutoencoderOptions>): void {
    const { latentDim, ...rest } = options;
    checkModelOptions(what, latentDim === null ? rest : { ...rest, latentDim }, convOptionNames);
    checkConvOptions(options);
    if (latentDim !== null) return;
    for (const name of ['hidden', 'latentActivation'] as const) {
      if (options[name] !== undefined) {
        throw new RangeError(
          `${name} has no effect where latentDim is null, since there is no dense code: leave it out`,
        );
      }
    }
  }

  protected override build(width: number): Networks {
    const { imageShape, filters = [16, 32], kernelSize = 3, pool = 'max', latentDim, ...rest } = this.options;
    checkImageWidth(imageShape, width);
    const options = { hidden: [], ...rest, ...(latentDim && { latentDim }) };
    const common = networkOptionsFor(width, options, this.seed);
    return buildConvNetworks({
      ...common,
      imageShape,
      filters,
      kernelSize,
      pool,
      latentDim: latentDim === null ? null : common.latentDim,
    });
  }
}

modelClasses.set('ConvAutoencoder', ConvAutoencoder);
