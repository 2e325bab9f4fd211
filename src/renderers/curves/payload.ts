import { type ProgressPayload, parseProgress } from '../progress/payload.ts';
import { Fields, PayloadError } from '../shared/parse.ts';

export const CURVES_MIME = 'application/vnd.aenb.curves.v1+json';

/** Losses over epochs, or any lines over a common axis. */
export interface CurvesPayload {
  readonly title?: string;
  /** One sentence with the numbers, for screen readers. */
  readonly text: string;
  /** What the axes show: `epoch`, `loss (mse)`. */
  readonly xLabel: string;
  readonly yLabel?: string;
  /** The vertical axis is logarithmic until the reader changes it. */
  readonly log: boolean;
  readonly series: readonly CurveSeries[];
  /** Present while a network trains in this output, and after it has: the line above the chart. */
  readonly progress?: ProgressPayload;
}
export interface CurveSeries {
  readonly name: string;
  /** Series of one colour: a run, or a term. Counted from 0. */
  readonly colour: number;
  readonly dashed: boolean;
  /** Shown from the start; the others wait in the legend. */
  readonly shown: boolean;
  /** null where the value is not finite. */
  readonly values: readonly (number | null)[];
  /** Positions of the values; 1, 2, 3, … if absent. */
  readonly x?: readonly (number | null)[];
  /** A band around the values: least and greatest over seeds. */
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
  /** Steps of an epoch, and seconds from the start to the end of each: other axes to draw along. */
  readonly steps?: number;
  readonly seconds?: readonly (number | null)[];
  /** Index of the value that is marked as the best. */
  readonly best?: number;
}

const mostSeries = 200;
const mostValues = 1_000_000;

export function parseCurves(value: unknown): CurvesPayload {
  const record = new Fields(value, 'curves');
  let total = 0;
  const series = record.list('series', mostSeries, (entry, path): CurveSeries => {
    const one = new Fields(entry, path);
    const values = one.numbers('values', mostValues);
    const aligned = (name: string) => {
      if (!one.has(name)) return undefined;
      const numbers = one.numbers(name, mostValues);
      if (numbers.length !== values.length) throw one.wrong(name, `as long as values (${values.length})`);
      return numbers;
    };
    total += values.length;
    if (total > mostValues) throw new PayloadError(`curves may hold ${mostValues} values, these are more`);
    return {
      name: one.text('name'),
      colour: one.count('colour', 0, mostSeries),
      dashed: one.flag('dashed'),
      shown: one.flag('shown'),
      values,
      x: aligned('x'),
      low: aligned('low'),
      high: aligned('high'),
      steps: one.has('steps') ? one.count('steps', 1, Number.MAX_SAFE_INTEGER) : undefined,
      seconds: aligned('seconds'),
      best: one.has('best') ? one.count('best', 0, Math.max(0, values.length - 1)) : undefined,
    };
  });
  return {
    title: record.optionalText('title'),
    text: record.text('text'),
    xLabel: record.text('xLabel'),
    yLabel: record.optionalText('yLabel'),
    log: record.flag('log'),
    series,
    progress: record.has('progress') ? parseProgress(value && (value as { progress: unknown }).progress) : undefined,
  };
}
