import { Fields } from '../shared/parse.ts';

export const PROGRESS_MIME = 'application/vnd.aenb.progress.v1+json';

/** How far a training is, or how it ended; also the head line of a live `curves` output. */
export interface ProgressPayload {
  /** One sentence with the numbers, for screen readers. */
  readonly text: string;
  /** What is trained: `Autoencoder`, or a title of one's own. */
  readonly model: string;
  readonly state: 'running' | 'completed' | 'earlyStopping' | 'interrupted';
  /** Epochs done and epochs asked for. */
  readonly epoch: number;
  readonly epochs: number;
  /** Share of all epochs that is done, batches of the current epoch included, 0 to 1. */
  readonly fraction: number;
  readonly seconds: number;
  /** Estimated from the epochs so far; absent before the first one ends and when nothing is left to do. */
  readonly secondsLeft?: number;
  readonly samplesPerSecond?: number;
  /** What trains, in words: an engine's name, and our own kernels where these do ('onnx + avx2 kernels'). */
  readonly engine: string;
  /** Newest value of every loss and term; null where training diverged. */
  readonly losses: readonly ProgressLoss[];
  /** The epoch with the least monitored loss, counted from 1. */
  readonly bestEpoch?: number;
}
export interface ProgressLoss {
  readonly name: string;
  readonly value: number | null;
  /** 'mse', 'nats', … */
  readonly unit?: string;
}

export function parseProgress(value: unknown, path = 'progress'): ProgressPayload {
  const record = new Fields(value, path);
  const fraction = record.number('fraction');
  if (fraction < 0 || fraction > 1) throw record.wrong('fraction', 'a number from 0 to 1');
  return {
    text: record.text('text'),
    model: record.text('model'),
    state: record.oneOf('state', ['running', 'completed', 'earlyStopping', 'interrupted']),
    epoch: record.count('epoch', 0, 10_000_000),
    epochs: record.count('epochs', 0, 10_000_000),
    fraction,
    seconds: record.number('seconds'),
    secondsLeft: record.optionalNumber('secondsLeft'),
    samplesPerSecond: record.optionalNumber('samplesPerSecond'),
    engine: record.text('engine'),
    losses: record.list('losses', 100, (entry, at) => {
      const loss = new Fields(entry, at);
      return {
        name: loss.text('name'),
        value: loss.has('value') ? loss.number('value') : null,
        unit: loss.optionalText('unit'),
      };
    }),
    bestEpoch: record.has('bestEpoch') ? record.count('bestEpoch', 1, 10_000_000) : undefined,
  };
}
