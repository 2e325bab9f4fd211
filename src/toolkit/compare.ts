import { type Dataset, isDataset } from './dataset.ts';
import { errorPerSample } from './losses.ts';
import { auroc, averagePrecision, clusterScores, psnr } from './metrics.ts';
import { type NdArray, type Samples, toNdArray } from './ndarray.ts';
import { type Displayable, displaySymbol } from './plot/display.ts';
import { table } from './plot/table.ts';
import { readSamples } from './readSamples.ts';
import { checkKnownOptions, show } from './validate.ts';

/** What can be compared: whatever reconstructs, scores or clusters samples, or a function that cleans them. */
export type Comparable =
  | {
      reconstruct?(x: Samples): Promise<NdArray>;
      encode?(x: Samples): Promise<NdArray>;
      scores?(x: Samples): Promise<Float32Array>;
      predict?(x: Samples): Promise<ArrayLike<number>>;
      readonly parameters?: number;
    }
  | ((x: NdArray) => NdArray | Promise<NdArray>);

/** One line of the table; what does not apply to a model is not there. */
export interface ComparisonRow extends Record<string, unknown> {
  readonly model: string;
  /** Numbers per sample in its code. */
  readonly code?: number;
  readonly parameters?: number;
  /** Mean squared error per value, to x or to `target`. */
  readonly mse?: number;
  /** Decibels, for values in [0, 1]. */
  readonly psnr?: number;
  /** Where y has both 0 and 1, by the model's scores or else its reconstruction error. */
  readonly auroc?: number;
  readonly averagePrecision?: number;
  /** Of clusters, where y is there. */
  readonly accuracy?: number;
  readonly nmi?: number;
  readonly ari?: number;
}

/**
 * Models and baselines beside each other on the same data: PCA of the same code size beside an autoencoder, k-means on
 * pixels beside k-means on codes, a median filter beside a denoising net, neighbours beside a detector.
 *
 * @param models by the name that the table shows
 * @param x [n, …]; a data set's labels serve as `y`
 * @param options.y [n], labels: 0 and 1 for detectors, any integers for clusterings
 * @param options.target what the outputs are compared with, as x; default x itself
 * @returns a table to show, with its rows
 */
export async function compare(
  models: Readonly<Record<string, Comparable>>,
  x: Samples | Dataset,
  options: { y?: ArrayLike<number>; target?: Samples; title?: string } = {},
): Promise<Displayable & { readonly rows: readonly ComparisonRow[] }> {
  checkKnownOptions('compare', options, ['y', 'target', 'title']);
  const samples = await readSamples('x', x);
  const target = options.target === undefined ? samples : await toNdArray(options.target);
  if (target.data.length !== samples.data.length) {
    throw new RangeError(`target must have the shape of x, [${samples.shape}], got [${target.shape}]`);
  }
  const y = options.y ?? (isDataset(x) ? x.y : undefined);
  if (y && y.length !== samples.length) {
    throw new RangeError(`y must have one label per sample: ${samples.length} samples, ${y.length} labels`);
  }
  if (Object.keys(models).length === 0) throw new RangeError('models must hold at least one model by its name');
  const rows: ComparisonRow[] = [];
  for (const [name, model] of Object.entries(models)) rows.push(await rowOf(name, model, samples, target, y));
  const shown = table(rows, options.title === undefined ? {} : { title: options.title });
  return { rows, [displaySymbol]: () => shown[displaySymbol]() };
}

async function rowOf(
  name: string,
  model: Comparable,
  x: NdArray,
  target: NdArray,
  y: ArrayLike<number> | undefined,
): Promise<ComparisonRow> {
  const parts = typeof model === 'function' ? { reconstruct: async (of: NdArray) => model(of) } : model;
  if (!parts?.reconstruct && !parts?.scores && !parts?.predict) {
    throw new TypeError(
      `models.${name} must have reconstruct, scores or predict, or be a function; got ${show(model)}`,
    );
  }
  const output = await parts.reconstruct?.(x);
  if (output && output.data?.length !== x.data.length) {
    throw new RangeError(`models.${name} must give an output of the shape of x, [${x.shape}], got [${output.shape}]`);
  }
  const errors = output && errorPerSample('mse', target, output.reshape(...target.shape));
  const scores = y && isBinary(y) ? ((await parts.scores?.(x)) ?? errors) : undefined;
  const clusters = y && !parts.scores && !scores ? await parts.predict?.(x) : undefined;
  return {
    model: name,
    ...(parts.encode && { code: (await parts.encode(x.slice(0, 1))).data.length }),
    ...(parts.parameters !== undefined && { parameters: parts.parameters }),
    ...(errors && { mse: errors.reduce((sum, value) => sum + value, 0) / errors.length }),
    ...(output && isUnitRange(target) && { psnr: psnr(target, output) }),
    ...(scores && { auroc: auroc(scores, y!), averagePrecision: averagePrecision(scores, y!) }),
    ...(clusters && clusterScores(clusters, y!)),
  };
}

/** Whether labels are those of a detection: 0 and 1, both there. */
function isBinary(y: ArrayLike<number>): boolean {
  const values = new Set(Array.from(y));
  return values.size === 2 && values.has(0) && values.has(1);
}

function isUnitRange({ data }: NdArray): boolean {
  return data.every((value) => value >= 0 && value <= 1);
}
