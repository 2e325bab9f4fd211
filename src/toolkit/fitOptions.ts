import { type OptimizerName, optimizerNames } from '../engine/index.ts';
import type { Dataset } from './dataset.ts';
import type { Samples } from './ndarray.ts';
import { checkKnownOptions, checkNumber, checkOneOf, checkPositiveInteger, show } from './validate.ts';

/** How to train. */
export interface FitOptions {
  /** How many more epochs; default 20. */
  epochs?: number;
  /** Samples per step; default by the number of samples: 32 for few, up to 128 for many. */
  batchSize?: number;
  /** Or a function of the epoch, from 1. Default 0.001, for sgd and momentum 0.01. */
  learningRate?: number | ((epoch: number) => number);
  /** Default 'adam'. */
  optimizer?: OptimizerName;
  /** A fraction taken from the end, as Keras does, or separate data. */
  validation?: number | Samples | Dataset;
  /** Another order in every epoch; default true. */
  shuffle?: boolean;
  /** Stops when the monitored loss has not fallen for `patience` epochs (default 5), and goes back to the best weights. */
  earlyStopping?: { monitor?: 'loss' | 'valLoss'; patience?: number; minDelta?: number; restoreBest?: boolean };
  /** Folder to which the best model so far is saved. */
  checkpoint?: string;
  /** Targets that differ from the inputs (clean images for noisy ones). */
  target?: Samples;
  /** Norm of the loss gradient per layer, at the end of every epoch. */
  trackGradients?: boolean;
  /** Continue the last fit, optimizer state included (it is saved with the model). */
  resume?: boolean;
  /** Called after every epoch, and awaited; the model can be used in it. */
  onEpoch?: (progress: EpochProgress) => void | Promise<void>;
  /** Stops the training between two steps; the weights stay as they are then. */
  signal?: AbortSignal;
  /** Draw progress and curves while training; on in a notebook, off elsewhere. */
  live?: boolean;
  /** Say in plain words what may be wrong with the net (dead units, over-fitting, too few samples); default true. */
  warnings?: boolean;
}

/** How to train a model that takes labels. */
export interface LabelledFitOptions extends FitOptions {
  /** One per sample, integers from 0; may be left out where x is a data set with labels. */
  labels?: ArrayLike<number>;
}

export interface EpochProgress {
  /** From 1. */
  epoch: number;
  epochs: number;
  loss: number;
  valLoss?: number;
  terms: Record<string, number>;
  secondsPerEpoch: number;
}

const known = [
  'epochs',
  'batchSize',
  'learningRate',
  'optimizer',
  'validation',
  'shuffle',
  'earlyStopping',
  'checkpoint',
  'target',
  'trackGradients',
  'resume',
  'onEpoch',
  'signal',
  'live',
  'warnings',
];

export type CheckedFitOptions = FitOptions &
  Required<Pick<FitOptions, 'epochs' | 'batchSize' | 'learningRate' | 'optimizer' | 'shuffle'>> & {
    earlyStopping?: Required<NonNullable<FitOptions['earlyStopping']>>;
  };

/**
 * Options with their defaults, or an error that names the wrong one.
 *
 * @param own names of further options, which the caller checks
 */
export function checkFitOptions(
  options: FitOptions,
  samples: number,
  own: readonly string[] = [],
  what = 'fit',
): CheckedFitOptions {
  checkKnownOptions(what, options, [...known, ...own]);
  const optimizer = checkOneOf('optimizer', options.optimizer ?? 'adam', optimizerNames);
  const learningRate = options.learningRate ?? (optimizer === 'sgd' || optimizer === 'momentum' ? 0.01 : 0.001);
  if (typeof learningRate !== 'function') checkNumber('learningRate', learningRate, { above: 0 });
  if (typeof options.validation === 'number') checkNumber('validation', options.validation, { from: 0, below: 1 });
  for (const name of ['shuffle', 'trackGradients', 'resume', 'live', 'warnings'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'boolean') {
      throw new TypeError(`${name} must be true or false, got ${show(options[name])}`);
    }
  }
  if (options.onEpoch !== undefined && typeof options.onEpoch !== 'function') {
    throw new TypeError(`onEpoch must be a function, got ${show(options.onEpoch)}`);
  }
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) {
    throw new TypeError(`signal must be an AbortSignal, got ${show(options.signal)}`);
  }
  if (options.checkpoint !== undefined && (typeof options.checkpoint !== 'string' || options.checkpoint === '')) {
    throw new TypeError(`checkpoint must be the path of a folder, got ${show(options.checkpoint)}`);
  }
  return {
    ...options,
    epochs: checkPositiveInteger('epochs', options.epochs ?? 20),
    batchSize: checkPositiveInteger('batchSize', options.batchSize ?? defaultBatchSize(samples)),
    learningRate,
    optimizer,
    shuffle: options.shuffle ?? true,
    earlyStopping: options.earlyStopping && checkEarlyStopping(options.earlyStopping, options.validation),
  };
}

/**
 * Smaller batches learn more in an epoch and cost more time: on the 8 000 digits (784-256-32, 20 epochs) squared errors of
 * 6.25, 6.82 and 7.63 for batches of 32, 64 and 128, in times as 3 to 2 to 1.
 */
function defaultBatchSize(samples: number): number {
  return samples < 2_000 ? 32 : samples < 20_000 ? 64 : 128;
}

function checkEarlyStopping(
  stopping: NonNullable<FitOptions['earlyStopping']>,
  validation: FitOptions['validation'],
): Required<NonNullable<FitOptions['earlyStopping']>> {
  checkKnownOptions('earlyStopping', stopping, ['monitor', 'patience', 'minDelta', 'restoreBest']);
  const validated = validation !== undefined && validation !== 0;
  const monitor = checkOneOf('earlyStopping.monitor', stopping.monitor ?? (validated ? 'valLoss' : 'loss'), [
    'loss',
    'valLoss',
  ]);
  if (monitor === 'valLoss' && !validated) {
    throw new RangeError("earlyStopping.monitor 'valLoss' needs validation data: set validation, for example to 0.1");
  }
  return {
    monitor,
    patience: checkPositiveInteger('earlyStopping.patience', stopping.patience ?? 5),
    minDelta: checkNumber('earlyStopping.minDelta', stopping.minDelta ?? 0, { from: 0 }),
    restoreBest: stopping.restoreBest ?? true,
  };
}
