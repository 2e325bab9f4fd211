import { randomUUID } from 'node:crypto';
import { IMAGES_MIME } from '../../renderers/images/payload.ts';
import { host } from '../host.ts';
import { bytesToBase64, counted, type Displayable, displayable, type Picture, spoken } from './display.ts';
import { curvesOfErrors } from './errorCurves.ts';
import { histogramPicture } from './histogram.ts';
import { imageShapeOf, levelRange, toLevels } from './imageShape.ts';
import { count, finiteRange, isDataset, type Rows, type SamplesLike, toRows } from './inputs.ts';
import { gather } from './selection.ts';

/** The parts of an anomaly detector that are drawn. */
interface Detects {
  threshold?: number;
  scores(x: never): Promise<Float32Array>;
}
interface Localises extends Detects {
  errorMap(x: never): Promise<Rows>;
}

const mostListeners = 16;
const listeners: { dispose(): void }[] = [];

/**
 * Scores of normal and abnormal samples with the detector's threshold, which can be dragged: the counts, the ROC and
 * the precision-recall curve follow it. Without labels, the distribution of all scores.
 *
 * @param x the samples to score
 * @param y 1 = anomaly; from `x` if that is a data set
 * @throws RangeError if y does not fit
 */
export async function errors(
  detector: Detects,
  x: SamplesLike,
  y?: ArrayLike<number>,
  options: { title?: string } = {},
): Promise<Displayable> {
  const rows = await toRows(x, 'x');
  const labels = y ?? (isDataset(x) ? x.y : undefined);
  if (labels && labels.length !== count(rows)) {
    throw new RangeError(`y must have one label for each of the ${count(rows)} samples, got ${labels.length}`);
  }
  const scores = await detector.scores(rows as never);
  const threshold = Number.isFinite(detector.threshold) ? detector.threshold : undefined;
  const above = threshold === undefined ? 0 : scores.reduce((sum, score) => sum + (score > threshold ? 1 : 0), 0);
  const range = finiteRange(scores);
  const groups = labels
    ? [
        { name: 'normal', positive: false, values: scores.filter((_, i) => !labels[i]) },
        { name: 'abnormal', positive: true, values: scores.filter((_, i) => Boolean(labels[i])) },
      ].filter(({ values }) => values.length)
    : [{ name: 'score', positive: false, values: scores }];
  return displayable(
    histogramPicture({
      title: options.title,
      text:
        `Scores of ${counted(scores.length, 'sample')}${range ? ` from ${spoken(range[0])} to ${spoken(range[1])}` : ''}: ` +
        `${groups.map((group) => `${group.values.length} ${group.name}`).join(', ')}` +
        `${threshold === undefined ? '' : `; ${above} above the threshold of ${spoken(threshold)}`}.`,
      xLabel: 'score',
      groups,
      threshold,
      channel: threshold === undefined ? undefined : listen(detector),
    }),
  );
}

/** Takes over the threshold that a reader has dragged, when asked to. */
function listen(detector: Detects): string | undefined {
  const place = host();
  if (!place) return undefined;
  const channel = `errors-${randomUUID()}`;
  listeners.push(
    place.handle(channel, (request) => {
      const { threshold } = (request ?? {}) as { threshold?: unknown };
      if (typeof threshold !== 'number' || !Number.isFinite(threshold)) {
        throw new TypeError('threshold must be a finite number');
      }
      detector.threshold = threshold;
      return { threshold };
    }),
  );
  if (listeners.length > mostListeners) listeners.shift()!.dispose();
  return channel;
}

export interface ErrorMapsOptions {
  /** How many samples, those with the greatest scores; default 10. */
  n?: number;
  title?: string;
  /** [height, width, channels]; from the data set, or inferred from a square number of values in [0,1]. */
  imageShape?: readonly [number, number, number];
}

/**
 * Where the most abnormal samples are abnormal: each sample over its map of errors, all on one scale. Samples that are
 * no pictures are lines, with the error along them.
 *
 * @throws RangeError if n is no positive integer
 */
export async function errorMaps(
  detector: Localises,
  x: SamplesLike,
  options: ErrorMapsOptions = {},
): Promise<Displayable> {
  const n = options.n ?? 10;
  if (!Number.isInteger(n) || n < 1 || n > 100) throw new RangeError(`n must be an integer from 1 to 100, got ${n}`);
  const rows = await toRows(x, 'x');
  const scores = await detector.scores(rows as never);
  const worst = Array.from(scores.keys())
    .sort((a, b) => scores[b]! - scores[a]!)
    .slice(0, n);
  const chosen = gather(rows, worst);
  const map = await detector.errorMap(chosen as never);
  const dataset = isDataset(x) ? x : undefined;
  const shape = imageShapeOf(chosen, options.imageShape ?? dataset?.imageShape);
  const about = {
    title: options.title,
    text:
      `Maps of the errors of the ${counted(worst.length, 'sample')} with the greatest scores of ${count(rows)}, ` +
      `${spoken(scores[worst[0]!])} to ${spoken(scores[worst.at(-1)!])}.`,
  };
  if (!shape) return displayable(curvesOfErrors(chosen, map, worst, scores, about));
  const picture = imagesOfErrors(chosen, map, shape, worst);
  return displayable({ ...picture, payload: { ...picture.payload, ...about } });
}

/** A row of samples over a row of their errors. */
function imagesOfErrors(
  chosen: Rows,
  map: Rows,
  shape: readonly [number, number, number],
  samples: readonly number[],
): Picture {
  const [height, breadth, channels] = shape;
  const pixels = height * breadth;
  // The map is one number a pixel: of colours, the mean over the channels.
  const mean = Float32Array.from({ length: samples.length * pixels }, (_, at) => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += map.data[at * channels + c]!;
    return sum / channels;
  });
  const most = finiteRange(mean)?.[1] || 1;
  const range = levelRange(chosen.data);
  const levels = new Uint8Array(2 * chosen.data.length);
  levels.set(toLevels(chosen.data, range));
  // Of colours, the maps have the same level in every channel.
  toLevels(mean, [0, most]).forEach((level, at) => {
    levels.fill(level, chosen.data.length + at * channels, chosen.data.length + (at + 1) * channels);
  });
  return {
    mime: IMAGES_MIME,
    payload: {
      text: '',
      imageShape: [...shape],
      count: 2 * samples.length,
      columns: samples.length,
      pixels: bytesToBase64(levels),
      range: [...range],
      scales: ['plain', 'error'],
      rowTitles: ['sample', `error ≤ ${spoken(most)}`],
      columnTitles: samples.map(String),
    },
  };
}
