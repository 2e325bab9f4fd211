/** The training loop under every model. It knows variables and a loss, nothing of autoencoders. */
import type * as tf from '@tensorflow/tfjs';
import {
  createTrainer,
  type EngineStatus,
  type Kept,
  type OptimizerState,
  Snapshot,
  type StepLoss,
  type TrainedLayer,
  type Trainer,
  type TrainerSpec,
} from '../engine/index.ts';
import { evaluationBatch } from './batches.ts';
import { loadEngine } from './engine.ts';
import type { CheckedFitOptions, EpochProgress } from './fitOptions.ts';
import { host } from './host.ts';
import { lossOf, type Means, MeanTerms } from './means.ts';
import type { NdArray } from './ndarray.ts';
import { Pacer } from './pause.ts';
import { liveTraining } from './plot/live.ts';
import { enginesOf } from './plot/progress.ts';
import { Random } from './random.ts';
import { displayableRun, type Run, recordOf } from './run.ts';
import { checkNumber } from './validate.ts';

/** Inputs and what the outputs are compared with, often the same array. */
export interface TrainingData {
  readonly x: NdArray;
  readonly target: NdArray;
  /** Labels as one-hot rows, or whatever else belongs to each sample. [n, …] */
  readonly y?: NdArray;
}

/** A part of an epoch's samples, and the order to see them in. */
export interface TrainingPiece {
  readonly data: TrainingData;
  readonly order?: Uint32Array;
  /** Whether the epoch ends with it. */
  readonly last: boolean;
}

/** Samples that come in pieces, each a whole number of batches but the last. */
export interface TrainingStream {
  open(epoch: number): AsyncIterable<TrainingPiece>;
}

export interface Problem {
  readonly model: string;
  readonly unit: string;
  readonly seed: number;
  /** What the gradient is taken of, input side first. */
  readonly layers: readonly TrainedLayer[];
  /** All that makes up the model, averages of batch normalization included: what is kept and restored. */
  readonly weights: readonly tf.Variable[];
  readonly loss: StepLoss;
  /**
   * Numbers that change while training goes on, such as the weight of a term that warms up: StepInput.scalars. `epoch`
   * counts the epochs done, over all calls of fit, with the fraction of the one that runs.
   */
  readonly scalars?: (epoch: number) => Record<string, number>;
  readonly train: TrainingData | TrainingStream;
  readonly validation?: TrainingData;
  /** Where the last training stopped, to go on from there. */
  readonly resume?: TrainingState;
  /** For the record. */
  readonly modelOptions: object;
  /** Saves the model, which has never been better. */
  readonly saveBest?: () => Promise<void>;
}

/** What a later training needs to go on as if there had been no end. */
export interface TrainingState {
  /** Epochs done so far, over all calls. */
  readonly epochs: number;
  readonly optimizer: OptimizerState;
}

/** Trains until the epochs are over, the loss has stopped falling, or someone interrupts. */
export async function train(problem: Problem, options: CheckedFitOptions): Promise<{ run: Run; state: TrainingState }> {
  const engine = await loadEngine();
  const training = new Training(problem, options, engine);
  try {
    return await training.run();
  } finally {
    training.dispose();
  }
}

/**
 * The loss on data, without learning.
 *
 * @param scalars as StepInput.scalars
 */
export async function evaluateLoss(
  { loss, weights }: { loss: StepLoss; weights: readonly tf.Variable[] },
  data: TrainingData,
  scalars: Record<string, number> = {},
): Promise<Means> {
  await loadEngine();
  const trainer = createTrainer({ loss, layers: [], weights, seed: 0, optimizer: 'sgd' });
  try {
    return (await evaluatePass(trainer, data, scalars, () => false))!;
  } finally {
    trainer.dispose();
  }
}

/** One pass without learning; undefined when interrupted. */
async function evaluatePass(
  trainer: Trainer,
  data: TrainingData,
  scalars: Record<string, number>,
  interrupted: () => boolean,
): Promise<Means | undefined> {
  const size = evaluationBatch(data.x.data.length / data.x.length);
  const means = new MeanTerms();
  const pacer = new Pacer();
  for (let start = 0; start < data.x.length; start += size) {
    const end = Math.min(start + size, data.x.length);
    trainer.evaluate({ data, start, end }, { scalars, step: start });
    if (!pacer.due() && end < data.x.length) continue;
    for (const result of await trainer.read()) means.add(result);
    await pacer.pause();
    if (interrupted()) return undefined;
  }
  return means.result();
}

class Training {
  readonly #problem: Problem;
  readonly #options: CheckedFitOptions;
  readonly #engine: EngineStatus;
  readonly #trainer: Trainer;
  readonly #signals: readonly AbortSignal[];
  readonly #pacer = new Pacer();
  readonly #started = performance.now();
  /** Samples of an epoch; unknown in the first one of a stream. */
  #epochSamples: number | undefined;
  /** Weights at which the loss was finite. */
  #good: Kept;
  #best: Kept | undefined;
  #trainSeconds = 0;
  /** Trained on so far, and before this epoch. */
  #samples = 0;
  #samplesBefore = 0;

  readonly #history: {
    loss: number[];
    terms: Record<string, number[]>;
    valLoss?: number[];
    valTerms?: Record<string, number[]>;
  };
  readonly #gradientNorms: number[][] = [];
  /** When each epoch ended, since the start. */
  readonly #epochSeconds: number[] = [];
  #bestEpoch = { epoch: 0, loss: Infinity };
  /** The last epoch that lowered the monitored loss by more than minDelta. */
  #progress = { epoch: 0, loss: Infinity };

  constructor(problem: Problem, options: CheckedFitOptions, engine: EngineStatus) {
    this.#problem = problem;
    this.#options = options;
    this.#engine = engine;
    this.#signals = [options.signal, host()?.signal].filter((signal) => signal !== undefined);
    this.#history = { loss: [], terms: {}, ...(problem.validation && { valLoss: [], valTerms: {} }) };
    const { loss, layers, weights, seed, resume } = problem;
    const spec: TrainerSpec = { loss, layers, weights, seed, optimizer: options.optimizer };
    this.#trainer = createTrainer({ ...spec, ...(resume && { state: resume.optimizer }) });
    this.#epochSamples = 'open' in problem.train ? undefined : problem.train.x.length;
    this.#good = this.#trainer.keep();
  }

  dispose(): void {
    this.#trainer.dispose();
    this.#good.dispose();
    this.#best?.dispose();
  }

  async run(): Promise<{ run: Run; state: TrainingState }> {
    const { model, unit, resume } = this.#problem;
    const { epochs, live: wanted = host() !== undefined } = this.#options;
    const live = wanted
      ? liveTraining({
          model,
          unit,
          epochs,
          engine: enginesOf({ engine: this.#engine.name, kernels: this.#engine.kernels }),
        })
      : undefined;
    let stopped: Run['stopped'] = 'completed';
    try {
      for (let epoch = 1; epoch <= epochs; epoch++) {
        const started = performance.now();
        const number = (resume?.epochs ?? 0) + epoch;
        const means = await this.#epoch(number, (fraction) => live?.batch(fraction, this.#samplesPerSecond()));
        const valMeans = means && (await this.#validate(number));
        if (!means || (this.#problem.validation && !valMeans)) {
          stopped = 'interrupted';
          break;
        }
        this.#record(means, valMeans);
        this.#epochSeconds.push((performance.now() - this.#started) / 1000);
        await this.#compare(epoch, means, valMeans);
        const progress = {
          epoch,
          epochs,
          loss: means.loss,
          ...(valMeans && { valLoss: valMeans.loss }),
          terms: means.terms,
          secondsPerEpoch: (performance.now() - started) / 1000,
        };
        live?.epoch(progress, this.#history);
        await this.#userCode(progress);
        if (epoch < epochs && this.#isStale(epoch)) {
          stopped = 'earlyStopping';
          break;
        }
      }
    } catch (error) {
      await live?.end(this.#makeRun('interrupted'));
      throw error;
    }
    const state = {
      epochs: (resume?.epochs ?? 0) + this.#history.loss.length,
      optimizer: await this.#trainer.state(),
    };
    if (this.#options.earlyStopping?.restoreBest) this.#best?.restore();
    const run = this.#makeRun(stopped);
    await live?.end(run);
    return { run, state };
  }

  /** Code of the user's that may look at the weights, change them, or change what the loss computes. */
  async #userCode(progress: EpochProgress): Promise<void> {
    const { onEpoch, learningRate } = this.#options;
    await onEpoch?.(progress);
    if (onEpoch || typeof learningRate === 'function') this.#trainer.doubt();
  }

  /** The samples of an epoch: in memory they are one piece. */
  #pieces(number: number): AsyncIterable<TrainingPiece> | Iterable<TrainingPiece> {
    const { train: data, seed } = this.#problem;
    if ('open' in data) return data.open(number);
    const order = this.#options.shuffle ? new Random(seed, 'shuffle', number).permutation(data.x.length) : undefined;
    return [{ data, order, last: true }];
  }

  /** One pass over the data; undefined when interrupted. `number` counts epochs over all calls of fit, from 1. */
  async #epoch(number: number, progress: (fraction: number) => void): Promise<Means | undefined> {
    const { scalars } = this.#problem;
    const { batchSize, learningRate, trackGradients } = this.#options;
    const trainer = this.#trainer;
    const rate = typeof learningRate === 'number' ? learningRate : learningRate(number);
    checkNumber(`learningRate of epoch ${number}`, rate, { from: 0 });
    const means = new MeanTerms();
    let seen = 0;
    const fraction = () => (this.#epochSamples ? Math.min(1, seen / this.#epochSamples) : 0);
    // the weights before the steps whose losses were not read yet
    let before = trainer.keep();
    try {
      let started = performance.now();
      for await (const { data, order, last } of this.#pieces(number)) {
        const n = data.x.length;
        for (let start = 0; start < n; start += batchSize) {
          const end = Math.min(start + batchSize, n);
          const ends = last && end === n;
          const norms = trackGradients === true && ends;
          const settings = { scalars: scalars?.(number - 1 + fraction()) ?? {}, learningRate: rate, norms };
          trainer.step({ data, order, start, end }, settings);
          seen += end - start;
          if (!this.#pacer.due() && !ends) continue;

          const results = await trainer.read();
          for (const result of results) means.add(result);
          this.#trainSeconds += (performance.now() - started) / 1000;
          this.#samples = this.#samplesBefore + seen;
          // the first of these losses belongs to the weights before: if it is finite, they are good
          if (results.length === 0 || Number.isFinite(lossOf(results[0]))) {
            this.#good.dispose();
            this.#good = before;
            before = trainer.keep();
          }
          if (results.some((result) => !Number.isFinite(lossOf(result)))) this.#fail(number);
          progress(ends ? 1 : fraction());
          await this.#pacer.pause();
          if (this.#signals.some((signal) => signal.aborted)) return undefined;
          started = performance.now();
        }
      }
      if (seen === 0)
        throw new RangeError('x must give at least one sample in every epoch, the source of batches gave none');
      if (!(await before.areFinite())) this.#fail(number);
      this.#epochSamples = seen;
      this.#samplesBefore += seen;
      return means.result();
    } finally {
      before.dispose();
    }
  }

  #fail(epoch: number): never {
    this.#good.restore();
    const { learningRate } = this.#options;
    const rate = typeof learningRate === 'number' ? learningRate : learningRate(epoch);
    throw new Error(
      `the loss is no finite number any more in epoch ${epoch}; the model keeps its last good weights. ` +
        `Likely causes: a learningRate that is too high (${rate}), data that is not scaled, ` +
        'or a loss of your own that divides by zero or takes the logarithm of it.',
    );
  }

  async #validate(epochs: number): Promise<Means | undefined> {
    const { validation, scalars } = this.#problem;
    const interrupted = () => this.#signals.some((signal) => signal.aborted);
    return validation && evaluatePass(this.#trainer, validation, scalars?.(epochs) ?? {}, interrupted);
  }

  #record(means: Means, valMeans: Means | undefined): void {
    const history = this.#history;
    history.loss.push(means.loss);
    for (const [name, value] of Object.entries(means.terms)) (history.terms[name] ??= []).push(value);
    if (means.gradientNorms) this.#gradientNorms.push(means.gradientNorms);
    if (!valMeans || !history.valLoss || !history.valTerms) return;
    history.valLoss.push(valMeans.loss);
    for (const [name, value] of Object.entries(valMeans.terms)) (history.valTerms[name] ??= []).push(value);
  }

  /** Notes whether this epoch is the best so far, and keeps its weights if they may be wanted. */
  async #compare(epoch: number, means: Means, valMeans: Means | undefined): Promise<void> {
    const { earlyStopping } = this.#options;
    const monitor = earlyStopping?.monitor ?? 'valLoss';
    const loss = monitor === 'valLoss' && valMeans ? valMeans.loss : means.loss;
    if (loss < this.#progress.loss - (earlyStopping?.minDelta ?? 0)) this.#progress = { epoch, loss };
    if (loss >= this.#bestEpoch.loss) return;
    this.#bestEpoch = { epoch, loss };
    if (earlyStopping?.restoreBest) {
      this.#best?.dispose();
      this.#best = new Snapshot(this.#problem.weights);
    }
    await this.#problem.saveBest?.();
  }

  #isStale(epoch: number): boolean {
    const patience = this.#options.earlyStopping?.patience ?? Infinity;
    return epoch - this.#progress.epoch >= patience;
  }

  #samplesPerSecond(): number {
    return this.#trainSeconds > 0 ? this.#samples / this.#trainSeconds : 0;
  }

  #makeRun(stopped: Run['stopped']): Run {
    const { model, unit, seed, train, validation, modelOptions, saveBest } = this.#problem;
    const reason = this.#trainer.reason ?? this.#engine.reason;
    const watched = validation || this.#options.earlyStopping || saveBest;
    return displayableRun({
      model,
      history: this.#history,
      unit,
      ...(this.#options.trackGradients && { gradientNorms: this.#gradientNorms }),
      epochs: this.#history.loss.length,
      ...(watched && this.#bestEpoch.epoch > 0 && { bestEpoch: this.#bestEpoch.epoch }),
      stopped,
      engine: this.#engine.name,
      ...(this.#trainer.engine === 'aenb' && { kernels: this.#engine.kernels }),
      threads: this.#engine.threads,
      compiled: this.#trainer.compiled,
      ...(reason && { reason }),
      seed,
      seconds: (performance.now() - this.#started) / 1000,
      samplesPerSecond: this.#samplesPerSecond(),
      epochSeconds: this.#epochSeconds,
      ...('x' in train && { stepsPerEpoch: Math.ceil(train.x.length / this.#options.batchSize) }),
      options: { ...recordOf(modelOptions), ...recordOf(this.#options) },
    });
  }
}
