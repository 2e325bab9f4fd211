import { Fields, PayloadError } from '../shared/parse.ts';

export const SCATTER_MIME = 'application/vnd.aenb.scatter.v1+json';

/** Points and lines in the plane. */
export interface ScatterPayload {
  readonly title?: string;
  /** One sentence with the numbers, for screen readers. */
  readonly text: string;
  readonly xLabel?: string;
  readonly yLabel?: string;
  readonly series: readonly ScatterSeries[];
}
export interface ScatterSeries {
  readonly name: string;
  readonly count: number;
  /** x, y, x, y, … */
  readonly points: Float32Array;
  /** The points are joined in their order. */
  readonly line: boolean;
  /** Quiet grey points that the other series are compared with. */
  readonly background: boolean;
}

export const mostSeries = 100;
const mostPoints = 1_000_000;

export function parseScatter(value: unknown): ScatterPayload {
  const record = new Fields(value, 'scatter');
  let total = 0;
  return {
    title: record.optionalText('title'),
    text: record.text('text'),
    xLabel: record.optionalText('xLabel'),
    yLabel: record.optionalText('yLabel'),
    series: record.list('series', mostSeries, (entry, path): ScatterSeries => {
      const one = new Fields(entry, path);
      const count = one.count('count', 0, mostPoints);
      total += count;
      if (total > mostPoints) throw new PayloadError(`scatter may hold ${mostPoints} points, these are more`);
      return {
        name: one.text('name'),
        count,
        points: one.floats('points', count * 2),
        line: one.flag('line'),
        background: one.flag('background'),
      };
    }),
  };
}
