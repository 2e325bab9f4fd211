import { Fields, PayloadError, parseImageShape } from '../shared/parse.ts';

export const LATENT_MIME = 'application/vnd.aenb.latent.v1+json';

/** Codes of many samples, of which two latents or principal components at a time are drawn as a map. */
export interface LatentPayload {
  readonly title?: string;
  /** One sentence with the numbers, for screen readers. */
  readonly text: string;
  readonly samples: number;
  readonly latents: number;
  /** [samples, latents]; kept in 16 bits between `ranges`, so exact to 1/65 535 of a latent's range. */
  readonly codes: Float32Array;
  /** Least and greatest code of every latent. */
  readonly ranges: readonly (readonly [number, number])[];
  /** Mean of every latent: what the latents that are not drawn are set to when a point of the map is decoded. */
  readonly means: readonly number[];
  /** The first two principal components of the codes, unit vectors [2][latents]. */
  readonly components?: readonly [readonly number[], readonly number[]];
  /** Class of every sample, an index into `labels`. */
  readonly classes?: Uint8Array;
  readonly labels?: readonly string[];
  /** Reconstruction error of every sample, in 16 bits between the least and the greatest. */
  readonly errors?: Float32Array;
  /** The unit of `errors`: 'mse', … */
  readonly errorMetric?: string;
  /** Codes are drawn towards N(0, I): contours of one, two and three deviations are shown. */
  readonly prior: boolean;
  readonly thumbnails?: Thumbnails;
  readonly snapshots?: Snapshots;
  /** The kernel's ear for questions about this map, see `LatentQuestion`. */
  readonly channel?: string;
}
/** Small pictures of some of the samples, at most 2 000. */
export interface Thumbnails {
  readonly count: number;
  /** Pictures, or one line of values each, [1, values, 1]. */
  readonly form: 'image' | 'line';
  readonly imageShape: readonly [number, number, number];
  /** Which sample each one shows. */
  readonly indices: Uint32Array;
  /** 8-bit levels, [count, height, width, channels]. */
  readonly originals: Uint8Array;
  readonly reconstructions?: Uint8Array;
}
/** How the codes of a fixed set of samples moved while the network was trained; at most ten moments. */
export interface Snapshots {
  readonly epochs: readonly number[];
  /** Which samples were followed. */
  readonly indices: Uint32Array;
  /** [followed, latents] of every moment. */
  readonly codes: readonly Float32Array[];
}

/** What a map asks of the kernel; `{ channel, id, payload: LatentQuestion }` out, `{ id, value }` back. */
export type LatentQuestion =
  /** Decode these codes, as of class `label` where the decoder is told one: answered by DecodedPoints. */
  | { readonly decode: readonly (readonly number[])[]; readonly label?: number }
  /** Original and reconstruction of a sample without a thumbnail: answered by DecodedPoints of two. */
  | { readonly sample: number }
  /** The reader has selected these samples: plot.selection() gives them to the next cell. Answered by their number. */
  | { readonly select: readonly number[] };
/** 8-bit levels in base64, point after point, as thumbnails hold them. */
export interface DecodedPoints {
  readonly count: number;
  readonly levels: string;
}

const mostSamples = 200_000;
const mostCodes = 4_000_000;
export const mostThumbnails = 2_000;
export const mostSnapshots = 10;
export const mostFollowed = 2_000;

export function parseLatent(value: unknown): LatentPayload {
  const record = new Fields(value, 'latent');
  const samples = record.count('samples', 0, mostSamples);
  const latents = record.count('latents', 1, 4096);
  if (samples * latents > mostCodes) {
    throw new PayloadError(`latent may hold ${mostCodes} codes, this has ${samples} x ${latents}`);
  }
  const ranges = parseRanges(record, latents);
  const means = record.numbers('means', latents).map((mean) => mean ?? 0);
  if (means.length !== latents) throw record.wrong('means', `a list of ${latents}, one entry per latent`);
  const labels = record.has('labels') ? record.texts('labels', 256) : undefined;
  const classes = record.has('classes') ? record.bytes('classes', samples) : undefined;
  const classCount = labels?.length ?? 256;
  if (classes?.some((one) => one >= classCount)) throw record.wrong('classes', `indices below ${classCount}`);
  return {
    title: record.optionalText('title'),
    text: record.text('text'),
    samples,
    latents,
    codes: between(record.words('codes', samples * latents), ranges),
    ranges,
    means,
    components: record.has('components') ? parseComponents(record, latents) : undefined,
    classes,
    labels,
    errors: record.has('errors') ? parseErrors(record, samples) : undefined,
    errorMetric: record.optionalText('errorMetric'),
    prior: record.flag('prior'),
    thumbnails: record.has('thumbnails') ? parseThumbnails(record.fields('thumbnails'), samples) : undefined,
    snapshots: record.has('snapshots') ? parseSnapshots(record.fields('snapshots'), samples, latents) : undefined,
    channel: record.optionalText('channel'),
  };
}

function parseRanges(record: Fields, latents: number): [number, number][] {
  const ranges = record.list('ranges', latents, (entry, path): [number, number] => {
    const range = new Fields({ entry }, path).numbers('entry', 2);
    if (range.length !== 2 || range[0] === null || range[1] === null || range[0]! > range[1]!) {
      throw new PayloadError(`${path} must be two numbers, the lower one first`);
    }
    return range as [number, number];
  });
  if (ranges.length !== latents) throw record.wrong('ranges', `a list of ${latents}, one entry per latent`);
  return ranges;
}

/** 16-bit steps as the numbers they stand for, each latent between its own range. */
function between(words: Uint16Array, ranges: readonly (readonly [number, number])[]): Float32Array {
  const codes = new Float32Array(words.length);
  const steps = ranges.map(([low, high]) => (high - low) / 65_535);
  for (let i = 0, u = 0; i < words.length; i++) {
    codes[i] = ranges[u]![0] + words[i]! * steps[u]!;
    u = u + 1 === ranges.length ? 0 : u + 1;
  }
  return codes;
}

function parseComponents(record: Fields, latents: number): [number[], number[]] {
  const components = record.list('components', 2, (entry, path) => {
    const direction = new Fields({ entry }, path).numbers('entry', latents).map((share) => share ?? 0);
    if (direction.length !== latents) throw new PayloadError(`${path} must be a list of ${latents} numbers`);
    return direction;
  });
  if (components.length !== 2) throw record.wrong('components', 'two lists of numbers');
  return components as [number[], number[]];
}

function parseErrors(record: Fields, samples: number): Float32Array {
  const range = record.numbers('errorRange', 2);
  const [low, high] = range;
  if (range.length !== 2 || low === null || high === null || low! > high!) {
    throw record.wrong('errorRange', 'two numbers, the lower one first');
  }
  return between(record.words('errors', samples), [[low!, high!]]);
}

function parseThumbnails(record: Fields, samples: number): Thumbnails {
  const count = record.count('count', 0, mostThumbnails);
  const imageShape = parseImageShape(record, 'imageShape');
  const bytes = count * imageShape[0] * imageShape[1] * imageShape[2];
  if (bytes > 16_000_000) throw record.wrong('imageShape', 'small: thumbnails may hold 16 000 000 levels in all');
  return {
    count,
    form: record.has('form') ? record.oneOf('form', ['image', 'line']) : 'image',
    imageShape,
    indices: parseIndices(record, count, samples),
    originals: record.bytes('originals', bytes),
    reconstructions: record.has('reconstructions') ? record.bytes('reconstructions', bytes) : undefined,
  };
}

function parseSnapshots(record: Fields, samples: number, latents: number): Snapshots {
  const count = record.count('count', 0, mostFollowed);
  const epochs = record.numbers('epochs', mostSnapshots).map((epoch) => epoch ?? 0);
  const ranges = parseRanges(record, latents);
  const all = between(record.words('codes', epochs.length * count * latents), ranges);
  const size = count * latents;
  return {
    epochs,
    indices: parseIndices(record, count, samples),
    codes: epochs.map((_, i) => all.slice(i * size, (i + 1) * size)),
  };
}

/** Little-endian 32-bit numbers of samples, in base64. */
function parseIndices(record: Fields, count: number, samples: number): Uint32Array {
  const raw = record.bytes('indices', count * 4);
  const view = new DataView(raw.buffer);
  const indices = Uint32Array.from({ length: count }, (_, i) => view.getUint32(i * 4, true));
  if (indices.some((index) => index >= samples)) {
    throw record.wrong('indices', `below the number of samples, ${samples}`);
  }
  return indices;
}
