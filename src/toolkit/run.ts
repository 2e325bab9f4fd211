import { type Displayable, displaySymbol } from './plot/display.ts';
import { runDisplay } from './plot/run.ts';

/** Losses of every epoch that was completed. */
export interface History {
  readonly loss: readonly number[];
  readonly valLoss?: readonly number[];
  /** `reconstruction`, penalties and extra losses by name; they add up to the loss. */
  readonly terms: Readonly<Record<string, readonly number[]>>;
  readonly valTerms?: Readonly<Record<string, readonly number[]>>;
}

/** What one call of fit did; shown as curves and a summary when it is a cell's value. */
export interface Run {
  readonly model: string;
  /** One number per epoch. */
  readonly history: History;
  /** The unit of `loss`: 'mse', 'nats', … */
  readonly unit: string;
  /** [epoch][layer], input side first, when trackGradients was on. */
  readonly gradientNorms?: readonly (readonly number[])[];
  /** Epochs completed. */
  readonly epochs: number;
  /** The epoch, from 1, with the least monitored loss. */
  readonly bestEpoch?: number;
  readonly stopped: 'completed' | 'earlyStopping' | 'interrupted';
  /** 'tensorflow' | 'onnx' | 'wasm' | 'cpu' | 'aenb' */
  readonly engine: string;
  /** The instructions of our own kernels ('avx2', …), where these ran the steps in the engine's place. */
  readonly kernels?: string;
  /** Threads that the engine may use. */
  readonly threads?: number;
  /** Whether steps ran as one compiled program. */
  readonly compiled?: boolean;
  /** Why a better engine was not taken, or the loss was not compiled. */
  readonly reason?: string;
  readonly seed: number;
  readonly seconds: number;
  /** Of training alone, without validation and callbacks. */
  readonly samplesPerSecond: number;
  /** Seconds from the start to the end of each epoch, validation and callbacks included. */
  readonly epochSeconds?: readonly number[];
  readonly stepsPerEpoch?: number;
  /** As fit and the model got them, defaults filled in. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Makes a record show itself when it is a cell's value; as JSON it stays the bare record. */
export function displayableRun(run: Run): Run & Displayable {
  const value = { ...run };
  return Object.defineProperty(value, displaySymbol, {
    value: () => runDisplay(value)[displaySymbol](),
  }) as Run & Displayable;
}

/** Options as a record can keep them: plain values, and a word in place of functions, data and networks. */
export function recordOf(options: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, recordValue(value)]),
  );
}

function recordValue(value: unknown): unknown {
  if (typeof value === 'function') return '(function)';
  if (Array.isArray(value) && value.length < 100) return value.map(recordValue);
  if (value === null || typeof value !== 'object') return value;
  if (Object.getPrototypeOf(value) === Object.prototype && !('x' in value)) return recordOf(value);
  return `(${value.constructor?.name ?? 'data'})`;
}
