import { Fields, PayloadError, parseImageShape } from '../shared/parse.ts';

export const RECONSTRUCTION_MIME = 'application/vnd.aenb.reconstruction.v1+json';

/** Samples as they went in and as they came out, in the form that suits them. */
export interface ReconstructionPayload {
  readonly title?: string;
  /** One sentence with the numbers, for screen readers. */
  readonly text: string;
  /** Pictures; overlaid lines of a series; a pair of bars per feature. */
  readonly form: 'images' | 'series' | 'bars';
  readonly samples: number;
  /** Values per sample. */
  readonly features: number;
  /** [height, width, channels] when the form is `images`. */
  readonly imageShape?: readonly [number, number, number];
  /** [samples, features]; from 8-bit levels for images, which map to `range`. */
  readonly originals: Float32Array;
  readonly reconstructions: Float32Array;
  /** [samples, features], where errors were computed otherwise than as the difference: drawn along series and bars. */
  readonly errorMap?: Float32Array;
  /** What black and white (or 0 and 255 of a colour) stand for. */
  readonly range: readonly [number, number];
  /** Error per sample, computed from the exact values; null where it is not finite. */
  readonly errors: readonly (number | null)[];
  /** The unit of `errors`: 'mse', … */
  readonly metric: string;
  /** Position of every sample in the data that was given. */
  readonly indices?: readonly (number | null)[];
  /** Class of every sample, if known. */
  readonly labels?: readonly string[];
  /** Name of every feature, if known. */
  readonly featureNames?: readonly string[];
  /** Samples that the kernel holds; more than `samples` where only the first are kept. */
  readonly total?: number;
  /** The kernel's ear for further pages, see ReconstructionPage. */
  readonly channel?: string;
}
/** What a grid asks of the kernel; answered by a payload of these samples. */
export interface ReconstructionPage {
  readonly from: number;
  readonly count: number;
  /** In the order of all samples by error, the worst first. */
  readonly sorted: boolean;
}

const mostSamples = 1_000;
const mostValues = 4_000_000;

export function parseReconstruction(value: unknown): ReconstructionPayload {
  const record = new Fields(value, 'reconstruction');
  const form = record.oneOf('form', ['images', 'series', 'bars']);
  const samples = record.count('samples', 0, mostSamples);
  const features = record.count('features', 1, mostValues);
  if (samples * features > mostValues) {
    throw new PayloadError(`reconstruction may hold ${mostValues} values, this has ${samples} x ${features}`);
  }
  const range = record.numbers('range', 2);
  if (range.length !== 2 || range[0] === null || range[1] === null || range[0]! >= range[1]!) {
    throw record.wrong('range', 'two numbers, the lower one first');
  }
  const [low, high] = range as [number, number];
  const imageShape = form === 'images' ? parseImageShape(record, 'imageShape') : undefined;
  if (imageShape && imageShape[0] * imageShape[1] * imageShape[2] !== features) {
    throw record.wrong('imageShape', `a shape of ${features} values`);
  }
  const values = (name: string) =>
    form === 'images'
      ? ofLevels(record.bytes(name, samples * features), low, high)
      : record.floats(name, samples * features);
  const perSample = <T>(name: string, list: T[]) => {
    if (list.length !== samples) throw record.wrong(name, `a list of ${samples}, one entry per sample`);
    return list;
  };
  return {
    title: record.optionalText('title'),
    text: record.text('text'),
    form,
    samples,
    features,
    imageShape,
    originals: values('originals'),
    reconstructions: values('reconstructions'),
    errorMap: record.has('errorMap') ? record.floats('errorMap', samples * features) : undefined,
    range: [low, high],
    errors: perSample('errors', record.numbers('errors', mostSamples)),
    metric: record.text('metric'),
    indices: record.has('indices') ? perSample('indices', record.numbers('indices', mostSamples)) : undefined,
    labels: record.has('labels') ? perSample('labels', record.texts('labels', mostSamples)) : undefined,
    featureNames: record.has('featureNames') ? record.texts('featureNames', 10_000) : undefined,
    total: record.has('total') ? record.count('total', samples, Number.MAX_SAFE_INTEGER) : undefined,
    channel: record.optionalText('channel'),
  };
}

/** The values that 8-bit levels stand for. */
function ofLevels(levels: Uint8Array, low: number, high: number): Float32Array {
  const table = Float32Array.from({ length: 256 }, (_, level) => low + (level / 255) * (high - low));
  const values = new Float32Array(levels.length);
  for (let i = 0; i < levels.length; i++) values[i] = table[levels[i]!]!;
  return values;
}
