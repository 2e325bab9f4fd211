/** What plots need to know of models and runs: the parts of them that are drawn. */

/** See `Run` of the toolkit; a plot reads these fields only. */
export interface DrawnRun {
  readonly model: string;
  readonly history: History;
  readonly unit: string;
  readonly epochs: number;
  /** Counted from 1. */
  readonly bestEpoch?: number;
  readonly stopped: 'completed' | 'earlyStopping' | 'interrupted';
  readonly engine: string;
  readonly kernels?: string;
  readonly seed: number;
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** From the start to the end of each epoch. */
  readonly epochSeconds?: readonly number[];
  readonly stepsPerEpoch?: number;
}
export interface History {
  readonly loss: readonly number[];
  readonly valLoss?: readonly number[];
  readonly terms: Readonly<Record<string, readonly number[]>>;
  readonly valTerms?: Readonly<Record<string, readonly number[]>>;
}
