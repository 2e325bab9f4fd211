import { Fields, PayloadError } from '../shared/parse.ts';

export const HISTOGRAM_MIME = 'application/vnd.aenb.histogram.v1+json';

/** How numbers are distributed; with a positive and a negative group also how well a threshold tells them apart. */
export interface HistogramPayload {
  readonly title?: string;
  /** One sentence with the numbers, for screen readers. */
  readonly text: string;
  readonly xLabel?: string;
  readonly groups: readonly HistogramGroup[];
  /** Values above it count as positive. */
  readonly threshold?: number;
  /** Names and values that stand above the picture: shape, mean, … */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** The kernel's ear for a threshold that the reader wants to be used: { threshold } */
  readonly channel?: string;
}
export interface HistogramGroup {
  readonly name: string;
  /** What is looked for: an anomaly. */
  readonly positive: boolean;
  readonly values: Float32Array;
}

const mostValues = 1_000_000;

export function parseHistogram(value: unknown): HistogramPayload {
  const record = new Fields(value, 'histogram');
  let total = 0;
  return {
    title: record.optionalText('title'),
    text: record.text('text'),
    xLabel: record.optionalText('xLabel'),
    groups: record.list('groups', 20, (entry, path): HistogramGroup => {
      const group = new Fields(entry, path);
      const count = group.count('count', 0, mostValues);
      total += count;
      if (total > mostValues) throw new PayloadError(`histogram may hold ${mostValues} values, these are more`);
      const values = group.floats('values', count);
      if (!values.every(Number.isFinite)) throw group.wrong('values', 'finite numbers');
      return { name: group.text('name'), positive: group.flag('positive'), values };
    }),
    threshold: record.optionalNumber('threshold'),
    facts:
      record.optionalList('facts', 40, (entry, path) => {
        const fact = new Fields({ entry }, path).texts('entry', 2);
        if (fact.length !== 2) throw new PayloadError(`${path} must be a name and a value`);
        return fact as [string, string];
      }) ?? [],
    channel: record.optionalText('channel'),
  };
}
