import { randomUUID } from 'node:crypto';
import { type DecodedPoint, LATENT_MIME, mostThumbnails } from '../../renderers/latent/payload.ts';
import { host } from '../host.ts';
import { bytesToBase64, counted, type Displayable, displayable, rounded, spoken } from './display.ts';
import { type ImageShape, imageShapeOf, levelRange, toLevels } from './imageShape.ts';
import { count, finiteRange, isDataset, type Rows, type SamplesLike, toRows, width } from './inputs.ts';

export interface LatentOptions {
  /** The samples to encode, when `source` is a model. */
  x?: SamplesLike;
  /** Class of every sample; from `x` if that is a data set. */
  y?: ArrayLike<number>;
  /** Names of the classes. */
  labels?: readonly string[];
  /** Decode points of the map under the mouse while the kernel lives; default true for models. */
  decode?: boolean;
  title?: string;
}

interface Encodes {
  encode(x: never): Promise<Rows>;
  decode?(z: never): Promise<Rows>;
  reconstruct?(x: never): Promise<Rows>;
}

const mostSamples = 200_000;
const thumbnailBytes = 800_000;
const mostClasses = 256;
/** Maps whose points can be decoded; the oldest one falls silent when there are more. */
const mostListeners = 32;
const listeners: { dispose(): void }[] = [];

/**
 * Codes as a map of two latents, coloured by class.
 *
 * @param source a model, with the samples to encode in `x`; or codes [n, k]
 * @throws TypeError if there is nothing to encode, RangeError if y does not fit
 */
export async function latent(source: Encodes | SamplesLike, options: LatentOptions = {}): Promise<Displayable> {
  const model = isModel(source) ? source : undefined;
  if (model && !options.x)
    throw new TypeError('x must hold the samples to encode when the source is a model, got nothing');
  const data = options.x && (await toRows(options.x, 'x'));
  const codes = model ? await model.encode(data as never) : await toRows(source as SamplesLike, 'source');
  const samples = count(codes);
  if (!samples || samples > mostSamples) {
    throw new RangeError(`a latent map needs 1 to ${mostSamples} samples, got ${samples}`);
  }
  if (data && count(data) !== samples) {
    throw new RangeError(`x must have one sample for each of the ${samples} codes, got ${count(data)}`);
  }
  const dataset = isDataset(options.x) ? options.x : undefined;
  const classes = classesOf(options.y ?? dataset?.y, options.labels ?? dataset?.labels, samples);
  const shape = data && imageShapeOf(data, dataset?.imageShape);
  const thumbnails = data && shape && (await thumbnailsOf(data, shape, model, samples));
  const range: [number, number] = data ? levelRange(data.data) : [0, 1];
  const decode = model?.decode && options.decode !== false;
  return displayable({
    mime: LATENT_MIME,
    payload: {
      title: options.title,
      text: describe(codes, classes, model),
      samples,
      latents: width(codes),
      ...quantised(codes),
      ...classes,
      thumbnails,
      ...(decode && { channel: listen(model, shape, range) }),
    },
  });
}

function isModel(value: unknown): value is Encodes {
  return typeof value === 'object' && value !== null && typeof (value as Encodes).encode === 'function';
}

/** Codes in 16 bits between each latent's least and greatest value. What is not finite goes to the least. */
function quantised(codes: Rows): { codes: string; ranges: [number, number][]; means: number[] } {
  const k = width(codes);
  const n = count(codes);
  const ranges: [number, number][] = [];
  const means: number[] = [];
  const words = Buffer.alloc(n * k * 2);
  for (let u = 0; u < k; u++) {
    const column = Float32Array.from({ length: n }, (_, i) => codes.data[i * k + u]!);
    const [low, high] = finiteRange(column) ?? [0, 0];
    const scale = high > low ? 65_535 / (high - low) : 0;
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const value = Number.isFinite(column[i]) ? column[i]! : low;
      sum += value;
      words.writeUInt16LE(Math.round((value - low) * scale), (i * k + u) * 2);
    }
    ranges.push([low, high]);
    means.push(rounded(sum / n) ?? 0);
  }
  return { codes: words.toString('base64'), ranges, means };
}

function classesOf(
  y: ArrayLike<number> | undefined,
  labels: readonly string[] | undefined,
  samples: number,
): { classes: string; labels: string[] } | undefined {
  if (!y) return undefined;
  if (y.length !== samples)
    throw new RangeError(`y must have one class for each of the ${samples} samples, got ${y.length}`);
  let greatest = 0;
  for (let i = 0; i < samples; i++) {
    const one = y[i]!;
    if (!Number.isInteger(one) || one < 0 || one >= mostClasses) {
      throw new RangeError(`y must hold classes from 0 to ${mostClasses - 1}, got ${one} at sample ${i}`);
    }
    if (one > greatest) greatest = one;
  }
  const names = Array.from({ length: Math.max(greatest + 1, labels?.length ?? 0) }, (_, i) => labels?.[i] ?? String(i));
  return { classes: bytesToBase64(Uint8Array.from(y as ArrayLike<number>)), labels: names };
}

async function thumbnailsOf(data: Rows, shape: ImageShape, model: Encodes | undefined, samples: number) {
  const values = width(data);
  const most = Math.min(mostThumbnails, Math.max(1, Math.floor(thumbnailBytes / values)), samples);
  // Evenly over the data, so that every region of the map has some.
  const indices = Uint32Array.from({ length: most }, (_, i) => Math.floor((i * samples) / most));
  const chosen = new Float32Array(most * values);
  indices.forEach((index, i) => {
    chosen.set(data.data.subarray(index * values, (index + 1) * values), i * values);
  });
  const range = levelRange(data.data);
  const rows = most === samples ? data : gather(data, indices, chosen);
  const rebuilt = model?.reconstruct && (await model.reconstruct(rows as never));
  const words = Buffer.alloc(most * 4);
  indices.forEach((index, i) => {
    words.writeUInt32LE(index, i * 4);
  });
  return {
    count: most,
    imageShape: [...shape],
    indices: words.toString('base64'),
    originals: bytesToBase64(toLevels(chosen, range)),
    ...(rebuilt && width(rebuilt) === values && { reconstructions: bytesToBase64(toLevels(rebuilt.data, range)) }),
  };
}

function gather(data: Rows, indices: Uint32Array, chosen: Float32Array): Rows {
  const gatherable = data as Rows & { gather?: (indices: ArrayLike<number>) => Rows };
  return gatherable.gather?.(indices) ?? { data: chosen, shape: [indices.length, ...data.shape.slice(1)] };
}

/** Answers `decode this point` while the kernel lives; the last few maps of a session can ask. */
function listen(model: Encodes, shape: ImageShape | undefined, range: [number, number]): string | undefined {
  const place = host();
  if (!place) return undefined;
  // Random: a saved map must not be answered by another model of a later kernel.
  const channel = `latent-${randomUUID()}`;
  listeners.push(
    place.handle(channel, async (payload): Promise<DecodedPoint> => {
      if (!Array.isArray(payload) || !payload.every(Number.isFinite))
        throw new TypeError('a point is a list of numbers');
      const decoded = await model.decode!([payload] as never);
      if (!shape) return { values: Array.from(decoded.data, (value) => rounded(value) ?? 0) };
      return {
        imageShape: [...shape] as [number, number, number],
        levels: bytesToBase64(toLevels(decoded.data, range)),
      };
    }),
  );
  if (listeners.length > mostListeners) listeners.shift()!.dispose();
  return channel;
}

function describe(codes: Rows, classes: { labels: string[] } | undefined, model: Encodes | undefined): string {
  const k = width(codes);
  const by = model?.constructor.name ? ` by ${model.constructor.name}` : '';
  const spread = Array.from({ length: Math.min(k, 2) }, (_, u) => {
    const range = finiteRange(Array.from({ length: count(codes) }, (_, i) => codes.data[i * k + u]!));
    return range ? `latent ${u + 1} from ${spoken(range[0])} to ${spoken(range[1])}` : `latent ${u + 1} is not finite`;
  });
  const of = classes ? ` of ${counted(classes.labels.length, 'class', 'classes')}` : '';
  return `Map of ${counted(count(codes), 'sample')}${of} in ${counted(k, 'latent dimension')}${by}: ${spread.join(', ')}.`;
}
