import { Fields } from '../shared/parse.ts';

export const RUN_MIME = 'application/vnd.aenb.run.v1+json';

/** What one training did, in a few lines. */
export interface RunPayload {
  /** One sentence with the numbers, for screen readers. */
  readonly text: string;
  readonly model: string;
  /** The unit of the losses: 'mse', 'nats', … */
  readonly unit: string;
  readonly state: 'completed' | 'earlyStopping' | 'interrupted';
  readonly epochs: number;
  /** Counted from 1. */
  readonly bestEpoch?: number;
  readonly engine: string;
  readonly seed: number;
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** First and last value of every loss and term. */
  readonly losses: readonly { readonly name: string; readonly first: number | null; readonly last: number | null }[];
}

export function parseRun(value: unknown): RunPayload {
  const record = new Fields(value, 'run');
  return {
    text: record.text('text'),
    model: record.text('model'),
    unit: record.text('unit'),
    state: record.oneOf('state', ['completed', 'earlyStopping', 'interrupted']),
    epochs: record.count('epochs', 0, 10_000_000),
    bestEpoch: record.has('bestEpoch') ? record.count('bestEpoch', 1, 10_000_000) : undefined,
    engine: record.text('engine'),
    seed: record.number('seed'),
    seconds: record.number('seconds'),
    samplesPerSecond: record.number('samplesPerSecond'),
    losses: record.list('losses', 100, (entry, path) => {
      const loss = new Fields(entry, path);
      return {
        name: loss.text('name'),
        first: loss.has('first') ? loss.number('first') : null,
        last: loss.has('last') ? loss.number('last') : null,
      };
    }),
  };
}
