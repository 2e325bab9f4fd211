import { RECONSTRUCTION_MIME, type ReconstructionPage } from '../../renderers/reconstruction/payload.ts';
import {
  bytesToBase64,
  counted,
  type Displayable,
  displayable,
  floatsToBase64,
  type Picture,
  rounded,
  spoken,
} from './display.ts';
import { type ImageShape, imageShapeOf, levelRange, toLevels } from './imageShape.ts';
import {
  count,
  type DrawnDataset,
  finiteRange,
  firstRows,
  isDataset,
  labelsFor,
  type Rows,
  type SamplesLike,
  toRows,
  width,
} from './inputs.ts';
import { listenForPages, type Page } from './pages.ts';
import { gather } from './selection.ts';

export interface ReconstructionsOptions {
  /** How many samples, from the first on; default 10. */
  n?: number;
  title?: string;
  /** [height, width, channels]; from the data set, or inferred from a square number of values in [0,1]. */
  imageShape?: ImageShape;
  /** Default: images where there is a shape, bars up to 24 features, series above. */
  form?: 'images' | 'series' | 'bars';
}

/** A model's verb that is drawn; the samples go in as they came. */
interface Reconstructs {
  reconstruct(x: never, labels?: never): Promise<Rows>;
}

const mostSamples = 200;
const mostFeaturesAsBars = 24;

/**
 * Samples over their reconstructions over the error between them.
 *
 * @param x [n, d]; the first `n` samples are drawn
 * @throws RangeError if n is no positive integer, TypeError if there are no samples
 */
export async function reconstructions(
  model: Reconstructs,
  x: SamplesLike,
  options: ReconstructionsOptions = {},
): Promise<Displayable> {
  const wanted = options.n ?? 10;
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > mostSamples) {
    throw new RangeError(`n must be an integer from 1 to ${mostSamples}, got ${wanted}`);
  }
  const all = await toRows(x, 'x');
  if (!count(all)) throw new TypeError('x must have at least one sample, got none');
  const n = Math.min(wanted, count(all));
  const originals = firstRows(all, n);
  const rebuilt = await model.reconstruct(
    originals as never,
    labelsFor(model, isDataset(x) ? x.y : undefined, Array(n).keys()),
  );
  if (width(rebuilt) !== width(originals) || count(rebuilt) !== n) {
    throw new TypeError(`reconstruct must give [${originals.shape.join(', ')}], got [${rebuilt.shape.join(', ')}]`);
  }
  const dataset = isDataset(x) ? x : undefined;
  const labels = dataset?.y && Array.from({ length: n }, (_, i) => nameOf(dataset.y![i]!, dataset.labels));
  const name = model.constructor?.name && model.constructor.name !== 'Object' ? model.constructor.name : 'the model';
  const about = { ...options, imageShape: options.imageShape ?? dataset?.imageShape, name };
  const picture = reconstructionPicture(originals, rebuilt, { ...about, labels });
  const form = picture.payload.form as ReconstructionsOptions['form'];
  const channel = count(all) > n ? listen({ model, all, about: { ...about, form }, dataset }) : undefined;
  return displayable({ ...picture, payload: { ...picture.payload, total: count(all), channel } });
}

export function reconstructionPicture(
  originals: Rows,
  rebuilt: Rows,
  options: ReconstructionsOptions & { labels?: readonly string[]; name: string },
): Picture {
  const samples = count(originals);
  const features = width(originals);
  const shape = options.form && options.form !== 'images' ? undefined : imageShapeOf(originals, options.imageShape);
  if (options.form === 'images' && !shape) {
    throw new RangeError(`form 'images' needs imageShape: ${features} values are no square picture in [0,1]`);
  }
  const form = options.form ?? (shape ? 'images' : features <= mostFeaturesAsBars ? 'bars' : 'series');
  const range = form === 'images' ? levelRange(originals.data) : levelRange(originals.data, rebuilt.data);
  const encode = (values: Float32Array) =>
    form === 'images'
      ? bytesToBase64(toLevels(values, range))
      : floatsToBase64(values.map((v) => (Number.isFinite(v) ? v : 0)));
  const errors = squaredErrors(originals, rebuilt);
  const spread = finiteRange(errors);
  return {
    mime: RECONSTRUCTION_MIME,
    payload: {
      title: options.title,
      text:
        `${counted(samples, 'sample')} and ${samples === 1 ? 'its reconstruction' : 'their reconstructions'} by ${options.name}: ` +
        (spread
          ? `squared error per feature (mse) from ${spoken(spread[0])} to ${spoken(spread[1])}, ` +
            `mean ${spoken(errors.reduce((sum, error) => sum + error, 0) / samples)}.`
          : 'the error is not finite.'),
      form,
      samples,
      features,
      ...(shape && { imageShape: [...shape] }),
      originals: encode(originals.data),
      reconstructions: encode(rebuilt.data),
      range: range.map(Number),
      errors: Array.from(errors, rounded),
      metric: 'mse',
      labels: options.labels,
    },
  };
}

/** What further pages are made from. */
interface Pages {
  readonly model: Reconstructs;
  readonly all: Rows;
  readonly about: ReconstructionsOptions & { name: string };
  readonly dataset: DrawnDataset | undefined;
}

/** Samples that are reconstructed at once to find the worst. */
const samplesAtOnce = 2_000;

/** Draws further pages, in the order of the samples or by their error. */
function listen(pages: Pages): string | undefined {
  let worstFirst: Promise<Uint32Array> | undefined;
  return listenForPages(
    'reconstructions',
    count(pages.all),
    mostSamples,
    async ({ from, count: size }: Page, asked) => {
      const { sorted } = asked as Partial<ReconstructionPage>;
      if (sorted) worstFirst ??= orderByError(pages);
      const order = sorted ? await worstFirst! : undefined;
      return page(
        pages,
        Array.from({ length: size }, (_, i) => (order ? order[from + i]! : from + i)),
      );
    },
  );
}

async function page({ model, all, about, dataset }: Pages, indices: readonly number[]) {
  const originals = gather(all, indices);
  const rebuilt = await model.reconstruct(originals as never, labelsFor(model, dataset?.y, indices));
  const labels = dataset?.y && indices.map((i) => nameOf(dataset.y![i]!, dataset.labels));
  const { payload } = reconstructionPicture(originals, rebuilt, { ...about, labels });
  return { ...payload, indices: [...indices] };
}

async function orderByError({ model, all, dataset }: Pages): Promise<Uint32Array> {
  const errors = new Float64Array(count(all));
  for (let start = 0; start < errors.length; start += samplesAtOnce) {
    const size = Math.min(samplesAtOnce, errors.length - start);
    const indices = Uint32Array.from({ length: size }, (_, i) => start + i);
    const rows = gather(all, indices);
    const rebuilt = await model.reconstruct(rows as never, labelsFor(model, dataset?.y, indices));
    errors.set(squaredErrors(rows, rebuilt), start);
  }
  // What is not finite is worst of all.
  const weight = (i: number) => (Number.isFinite(errors[i]) ? errors[i]! : Number.POSITIVE_INFINITY);
  return Uint32Array.from(errors.keys()).sort((a, b) => weight(b) - weight(a) || a - b);
}

/** Mean over features of (x - x')^2, per sample. */
function squaredErrors(originals: Rows, rebuilt: Rows): Float64Array {
  const features = width(originals);
  return Float64Array.from({ length: count(originals) }, (_, i) => {
    let sum = 0;
    for (let f = i * features; f < (i + 1) * features; f++) sum += (originals.data[f]! - rebuilt.data[f]!) ** 2;
    return sum / features;
  });
}

function nameOf(label: number, labels: readonly string[] | undefined): string {
  return labels?.[label] ?? String(label);
}
