import { Fields, PayloadError, parseImageShape } from '../shared/parse.ts';

export const LATENT_MIME = 'application/vnd.aenb.latent.v1+json';

/** Codes of many samples, of which two latents at a time are drawn as a map. */
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
  /** Class of every sample, an index into `labels`. */
  readonly classes?: Uint8Array;
  readonly labels?: readonly string[];
  readonly thumbnails?: Thumbnails;
  /** The kernel's ear for `decode` requests: { channel, id, payload: number[] } → { id, value: DecodedPoint }. */
  readonly channel?: string;
  /** Mean of every latent: what the latents that are not drawn are set to when a point of the map is decoded. */
  readonly means: readonly number[];
}
/** Small pictures of some of the samples, at most 2 000. */
export interface Thumbnails {
  readonly count: number;
  readonly imageShape: readonly [number, number, number];
  /** Which sample each one shows. */
  readonly indices: Uint32Array;
  /** 8-bit levels, [count, height, width, channels]. */
  readonly originals: Uint8Array;
  readonly reconstructions?: Uint8Array;
}
/** What the kernel answers: the decoded point as 8-bit levels in base64, a picture if it has a shape. */
export interface DecodedPoint {
  readonly imageShape?: readonly [number, number, number];
  readonly levels?: string;
  /** The decoded values when they are no picture. */
  readonly values?: readonly number[];
}

const mostSamples = 200_000;
const mostCodes = 4_000_000;
export const mostThumbnails = 2_000;

export function parseLatent(value: unknown): LatentPayload {
  const record = new Fields(value, 'latent');
  const samples = record.count('samples', 0, mostSamples);
  const latents = record.count('latents', 1, 4096);
  if (samples * latents > mostCodes) {
    throw new PayloadError(`latent may hold ${mostCodes} codes, this has ${samples} x ${latents}`);
  }
  const ranges = record.list('ranges', latents, (entry, path): [number, number] => {
    const range = new Fields({ entry }, path).numbers('entry', 2);
    if (range.length !== 2 || range[0] === null || range[1] === null || range[0]! > range[1]!) {
      throw new PayloadError(`${path} must be two numbers, the lower one first`);
    }
    return range as [number, number];
  });
  if (ranges.length !== latents) throw record.wrong('ranges', `a list of ${latents}, one entry per latent`);
  const words = record.words('codes', samples * latents);
  const codes = Float32Array.from(words, (word, i) => {
    const [low, high] = ranges[i % latents]!;
    return low + (word / 65_535) * (high - low);
  });
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
    codes,
    ranges,
    classes,
    labels,
    thumbnails: record.has('thumbnails') ? parseThumbnails(record.fields('thumbnails'), samples) : undefined,
    channel: record.optionalText('channel'),
    means,
  };
}

function parseThumbnails(record: Fields, samples: number): Thumbnails {
  const count = record.count('count', 0, mostThumbnails);
  const imageShape = parseImageShape(record, 'imageShape');
  const bytes = count * imageShape[0] * imageShape[1] * imageShape[2];
  if (bytes > 16_000_000) throw record.wrong('imageShape', 'small: thumbnails may hold 16 000 000 levels in all');
  const raw = record.bytes('indices', count * 4);
  const view = new DataView(raw.buffer);
  const indices = Uint32Array.from({ length: count }, (_, i) => view.getUint32(i * 4, true));
  if (indices.some((index) => index >= samples))
    throw record.wrong('indices', `below the number of samples, ${samples}`);
  return {
    count,
    imageShape,
    indices,
    originals: record.bytes('originals', bytes),
    reconstructions: record.has('reconstructions') ? record.bytes('reconstructions', bytes) : undefined,
  };
}
