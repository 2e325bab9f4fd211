import { Fields, PayloadError } from '../shared/parse.ts';

export const BARS_MIME = 'application/vnd.aenb.bars.v1+json';

/** Bars beside each other, of several series; and how they changed from frame to frame, such as epochs. */
export interface BarsPayload {
  readonly title?: string;
  /** One sentence with the numbers, for screen readers. */
  readonly text: string;
  readonly xLabel?: string;
  readonly yLabel?: string;
  /** The vertical axis is logarithmic until the reader changes it. */
  readonly log: boolean;
  readonly categories: readonly string[];
  readonly series: readonly BarsSeries[];
  /** What a frame is (`epoch`), and the number of each. */
  readonly frameName?: string;
  readonly frames: readonly number[];
  /** Index of the frame that is shown first. */
  readonly frame: number;
}
export interface BarsSeries {
  readonly name: string;
  /** [frames][categories]; null where there is none. */
  readonly values: readonly (readonly (number | null)[])[];
}

const mostValues = 500_000;

export function parseBars(value: unknown): BarsPayload {
  const record = new Fields(value, 'bars');
  const categories = record.texts('categories', 1_000);
  const frames = record.numbers('frames', 100_000).map((frame) => frame ?? 0);
  if (!frames.length) throw record.wrong('frames', 'a list of at least one number');
  const series = record.list('series', 50, (entry, path): BarsSeries => {
    const one = new Fields(entry, path);
    const values = one.list('values', frames.length, (row, at) => {
      const numbers = new Fields({ row }, at).numbers('row', categories.length);
      if (numbers.length !== categories.length) {
        throw new PayloadError(`${at} must be a list of ${categories.length}, one value per category`);
      }
      return numbers;
    });
    if (values.length !== frames.length) throw one.wrong('values', `a list of ${frames.length}, one entry per frame`);
    return { name: one.text('name'), values };
  });
  if (series.length * frames.length * categories.length > mostValues) {
    throw new PayloadError(`bars may hold ${mostValues} values, these are more`);
  }
  return {
    title: record.optionalText('title'),
    text: record.text('text'),
    xLabel: record.optionalText('xLabel'),
    yLabel: record.optionalText('yLabel'),
    log: record.flag('log'),
    categories,
    series,
    frameName: record.optionalText('frameName'),
    frames,
    frame: record.count('frame', 0, frames.length - 1),
  };
}
