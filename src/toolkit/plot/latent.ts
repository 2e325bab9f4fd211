import { randomUUID } from 'node:crypto';
import { type DecodedPoints, LATENT_MIME, mostThumbnails } from '../../renderers/latent/payload.ts';
import { largestEigenpairs } from '../eigen.ts';
import { host } from '../host.ts';
import { bytesToBase64, counted, type Displayable, displayable, rounded, spoken } from './display.ts';
import type { Formation } from './formation.ts';
import { type ImageShape, imageShapeOf, levelRange, toLevels } from './imageShape.ts';
import { count, finiteRange, isDataset, labelsFor, type Rows, type SamplesLike, toRows, width } from './inputs.ts';
import { gather, select } from './selection.ts';

export interface LatentOptions {
  /** The samples to encode, when `source` is a model. */
  x?: SamplesLike;
  /** Class of every sample; from `x` if that is a data set. */
  y?: ArrayLike<number>;
  /** Names of the classes. */
  labels?: readonly string[];
  /** Decode points of the map under the mouse while the kernel lives; default true for models. */
  decode?: boolean;
  /** The reconstruction error of every sample as its colour; default true for models, up to 20 000 samples. */
  errors?: boolean;
  /** The training, to be replayed: see plot.formation. */
  formation?: Formation;
  title?: string;
}

interface Encodes {
  encode(x: never, labels?: never): Promise<Rows>;
  decode?(z: never, labels?: never): Promise<Rows>;
  reconstruct?(x: never, labels?: never): Promise<Rows>;
}

const mostSamples = 200_000;
const mostErrorsUnasked = 20_000;
const thumbnailBytes = 1_600_000;
/** Wider samples have no thumbnail. */
const longestLine = 2_048;
/** Codes of more latents get no principal components: their covariance would take too long. */
const mostLatentsForComponents = 512;
const mostClasses = 256;
/** Points that a renderer may ask for at once. */
const mostDecoded = 64;
/** Maps that answer; the oldest one falls silent when there are more. */
const mostListeners = 32;
const listeners: { dispose(): void }[] = [];

/** Everything that a map is made of, and what its questions are answered from. */
interface Mapped {
  readonly model: Encodes | undefined;
  readonly codes: Rows;
  readonly data: Rows | undefined;
  readonly y: ArrayLike<number> | undefined;
  /** What levels from 0 to 255 of a thumbnail stand for. */
  readonly range: [number, number];
}

/**
 * Codes as a map of two latents, or of their first two principal components, coloured by class or by error.
 *
 * @param source a model, with the samples to encode in `x`; or codes [n, k]
 * @throws TypeError if there is nothing to encode, RangeError if y does not fit
 */
export async function latent(source: Encodes | SamplesLike, options: LatentOptions = {}): Promise<Displayable> {
  const model = isModel(source) ? source : undefined;
  if (model && !options.x)
    throw new TypeError('x must hold the samples to encode when the source is a model, got nothing');
  const data = options.x && (await toRows(options.x, 'x'));
  const dataset = isDataset(options.x) ? options.x : undefined;
  const y = options.y ?? dataset?.y;
  const codes = model
    ? await model.encode(data as never, labelsFor(model, y, y ? Array(y.length).keys() : []))
    : await toRows(source as SamplesLike, 'source');
  const samples = count(codes);
  if (!samples || samples > mostSamples) {
    throw new RangeError(`a latent map needs 1 to ${mostSamples} samples, got ${samples}`);
  }
  if (data && count(data) !== samples) {
    throw new RangeError(`x must have one sample for each of the ${samples} codes, got ${count(data)}`);
  }
  const classes = classesOf(y, options.labels ?? dataset?.labels, samples);
  const shape = data && imageShapeOf(data, dataset?.imageShape);
  const range: [number, number] = data ? levelRange(data.data) : [0, 1];
  const mapped: Mapped = { model, codes, data, y, range };
  const wantsErrors = options.errors ?? samples <= mostErrorsUnasked;
  return displayable({
    mime: LATENT_MIME,
    payload: {
      title: options.title,
      text: describe(codes, classes, model),
      samples,
      latents: width(codes),
      ...quantised(codes),
      ...(await componentsOf(codes)),
      ...classes,
      ...(wantsErrors && (await errorsOf(mapped))),
      prior: Boolean(model && 'encodeDistribution' in model),
      thumbnails: await thumbnailsOf(mapped, shape),
      ...(options.formation?.epochs.length && { snapshots: snapshotsOf(options.formation, codes) }),
      channel: listen(mapped, options.decode !== false),
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

/** The two directions in which codes vary most, where there are more than two latents to choose from. */
async function componentsOf(codes: Rows): Promise<{ components: number[][] } | undefined> {
  const k = width(codes);
  const n = count(codes);
  if (k < 3 || k > mostLatentsForComponents || n < 3 || !codes.data.every(Number.isFinite)) return undefined;
  const mean = new Float64Array(k);
  codes.data.forEach((value, at) => {
    mean[at % k]! += value / n;
  });
  const covariance = new Float64Array(k * k);
  for (let i = 0; i < n; i++) {
    for (let u = 0; u < k; u++) {
      const from = codes.data[i * k + u]! - mean[u]!;
      for (let v = 0; v <= u; v++) covariance[u * k + v]! += (from * (codes.data[i * k + v]! - mean[v]!)) / n;
    }
  }
  const { vectors } = await largestEigenpairs(covariance, k, 2);
  return {
    components: [0, 1].map((c) => {
      const direction = vectors.subarray(c * k, (c + 1) * k);
      // the largest share positive, so that the map does not flip from run to run
      const largest = direction.reduce((most, share) => (Math.abs(share) > Math.abs(most) ? share : most), 0);
      return Array.from(direction, (share) => rounded(largest < 0 ? -share : share) ?? 0);
    }),
  };
}

/** Mean over features of (x - x')^2, per sample, in 16 bits. */
async function errorsOf({ model, data, y }: Mapped) {
  if (!model?.reconstruct || !data) return undefined;
  const rebuilt = await model.reconstruct(data as never, labelsFor(model, y, Array(count(data)).keys()));
  const d = width(data);
  if (rebuilt.data.length !== data.data.length) return undefined;
  const errors = new Float32Array(count(data));
  for (let i = 0; i < data.data.length; i++) {
    errors[Math.floor(i / d)]! += (data.data[i]! - rebuilt.data[i]!) ** 2 / d;
  }
  const { codes, ranges } = quantised({ data: errors, shape: [errors.length, 1] });
  return { errors: codes, errorRange: ranges[0], errorMetric: 'mse' };
}

/** Snapshots in 16 bits between the least and greatest code of all moments. */
function snapshotsOf({ epochs, codes, indices }: Formation, all: Rows) {
  const k = width(all);
  const data = new Float32Array(codes.reduce((sum, one) => sum + one.data.length, 0));
  let at = 0;
  for (const one of codes) {
    if (width(one) !== k) throw new RangeError(`formation must hold codes of ${k} latents, got ${width(one)}`);
    data.set(one.data, at);
    at += one.data.length;
  }
  const { codes: words, ranges } = quantised({ data, shape: [data.length / k, k] });
  return { count: indices.length, epochs: [...epochs], indices: indicesToBase64(indices), codes: words, ranges };
}

function indicesToBase64(indices: Uint32Array): string {
  const words = Buffer.alloc(indices.length * 4);
  indices.forEach((index, i) => {
    words.writeUInt32LE(index, i * 4);
  });
  return words.toString('base64');
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

async function thumbnailsOf({ data, model, y, range }: Mapped, shape: ImageShape | undefined) {
  if (!data) return undefined;
  const values = width(data);
  if (!shape && values > longestLine) return undefined;
  const samples = count(data);
  const most = Math.min(mostThumbnails, Math.max(1, Math.floor(thumbnailBytes / values)), samples);
  // Evenly over the data, so that every region of the map has some.
  const indices = Uint32Array.from({ length: most }, (_, i) => Math.floor((i * samples) / most));
  const chosen = gather(data, indices);
  const rebuilt = model?.reconstruct && (await model.reconstruct(chosen as never, labelsFor(model, y, indices)));
  return {
    count: most,
    form: shape ? 'image' : 'line',
    imageShape: shape ? [...shape] : [1, values, 1],
    indices: indicesToBase64(indices),
    originals: bytesToBase64(toLevels(chosen.data, range)),
    ...(rebuilt && width(rebuilt) === values && { reconstructions: bytesToBase64(toLevels(rebuilt.data, range)) }),
  };
}

/** Answers questions about the map while the kernel lives; the last few maps of a session can ask. */
function listen(mapped: Mapped, decodes: boolean): string | undefined {
  const place = host();
  if (!place) return undefined;
  // Random: a saved map must not be answered by another model of a later kernel.
  const channel = `latent-${randomUUID()}`;
  listeners.push(place.handle(channel, (question) => answer(mapped, decodes, question)));
  if (listeners.length > mostListeners) listeners.shift()!.dispose();
  return channel;
}

/** @param question a LatentQuestion, if it is honest: saved notebooks are other people's data */
async function answer(mapped: Mapped, decodes: boolean, question: unknown): Promise<unknown> {
  const { decode, sample, label, select: chosen } = (question ?? {}) as Record<string, unknown>;
  const { model, codes, data, range } = mapped;
  if (Array.isArray(chosen)) return select(chosen, { codes, x: data, y: mapped.y });
  const levels = (...rows: Rows[]): DecodedPoints => ({
    count: rows.reduce((sum, one) => sum + count(one), 0),
    levels: Buffer.concat(rows.map((one) => Buffer.from(toLevels(one.data, range)))).toString('base64'),
  });
  if (Array.isArray(decode)) {
    const latents = width(codes);
    const fits = (code: unknown) => Array.isArray(code) && code.length === latents && code.every(Number.isFinite);
    if (!decode.length || decode.length > mostDecoded || !decode.every(fits)) {
      throw new TypeError(`decode needs 1 to ${mostDecoded} lists of ${latents} finite numbers`);
    }
    if (!model?.decode || !decodes) throw new TypeError('this map has no decoder');
    // The same class for all of them.
    const labels = labelsFor(
      model,
      [Number.isInteger(label) ? (label as number) : 0],
      decode.map(() => 0),
    );
    return levels(await model.decode(decode as never, labels));
  }
  if (!data || !Number.isInteger(sample) || (sample as number) < 0 || (sample as number) >= count(data)) {
    throw new TypeError('a map answers { decode }, { sample } and { select }');
  }
  const original = gather(data, [sample as number]);
  const labels = model && labelsFor(model, mapped.y, [sample as number]);
  const rebuilt = model?.reconstruct ? await model.reconstruct(original as never, labels as never) : original;
  return levels(original, rebuilt);
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
