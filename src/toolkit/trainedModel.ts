import type * as tf from '@tensorflow/tfjs';
import type { CheckedFitOptions } from './fitOptions.ts';
import { host } from './host.ts';
import { allWeights } from './networks.ts';
import { type SavedModel, type SavedOptions, type Topology, writeModel } from './persistence.ts';
import { displayableRun, type Run } from './run.ts';
import { type Problem, type TrainingState, train } from './train.ts';
import { warningOfRun, warningOfSize } from './warnings.ts';

/** What is left for a model to say about a training. */
type Task = Pick<Problem, 'unit' | 'layers' | 'loss' | 'scalars' | 'train' | 'validation'>;

/**
 * What all models that train have in common: one fit at a time, the place where the last one stopped, warnings said once,
 * a file, an end.
 */
export abstract class TrainedModel {
  readonly seed: number;
  /** Options that were functions when the model was saved, and were not given again. */
  protected missing: readonly string[] = [];
  #training: TrainingState | undefined;
  #run: Run | undefined;
  /** The fit that runs, with the signal of the cell that it runs in. */
  #fitting: { readonly signal: AbortSignal | undefined } | undefined;
  readonly #warned = new Set<string>();
  /** Whether the last fit was to warn of nothing. */
  #silent = false;
  #disposed = false;

  protected constructor(seed: number) {
    this.seed = seed;
  }

  /** The last fit, also of a model that was loaded. */
  get run(): Run | undefined {
    return this.#run;
  }

  /**
   * Writes the model to a folder of its own: options, networks, optimizer state and the record of the last fit. The
   * folder appears whole or not at all; one that holds another saved model is replaced.
   *
   * @throws Error if there are no networks yet, or the folder can't be written or holds other files
   */
  async save(folder: string): Promise<void> {
    const networks = Object.entries(this.partsToSave());
    const variables = allWeights(...networks.map(([, model]) => model));
    const weights = await Promise.all(
      variables.map(async (variable) => ({
        shape: variable.shape,
        values: Float32Array.from(await variable.data()),
      })),
    );
    const topologies = networks.map(([name, model]) => [name, model.toJSON(null, false) as Topology]);
    await writeModel(folder, {
      model: this.constructor.name,
      options: this.optionsToSave(),
      networks: Object.fromEntries(topologies),
      weights,
      ...(this.#training && { training: this.#training }),
      ...(this.#run && { run: this.#run }),
      missing: this.missing,
    });
  }

  /** Frees the weights. Other methods leave no tensor behind. */
  dispose(): void {
    this.assertIdle('disposing the model');
    if (!this.#disposed) for (const variable of this.weightsToFree()) variable.dispose();
    this.#disposed = true;
  }

  /** The networks by the names they have in the file. */
  protected abstract partsToSave(): Record<string, tf.LayersModel>;
  protected abstract optionsToSave(): SavedOptions;
  protected abstract weightsToFree(): readonly tf.Variable[];

  /** What a file says beside the networks. */
  protected adoptState({ training, run, missing }: SavedModel): void {
    this.#training = training;
    this.#run = run && displayableRun(run);
    this.missing = missing;
  }

  /** Forgets where the last fit stopped: the weights were set to others. */
  protected forgetTraining(): void {
    this.#training = undefined;
  }

  /** Runs a fit, if no other one runs. */
  protected async exclusively<T>(work: () => Promise<T>): Promise<T> {
    this.assertAlive();
    if (this.#isFitting()) throw new Error('this model is training already: await the first fit, or interrupt it');
    const fitting = { signal: host()?.signal };
    this.#fitting = fitting;
    try {
      return await work();
    } finally {
      if (this.#fitting === fitting) this.#fitting = undefined;
    }
  }

  protected checkResume(options: CheckedFitOptions): void {
    if (!options.resume) return;
    if (!this.#training) throw new Error('resume needs an earlier fit to go on from, there was none');
    const { name } = this.#training.optimizer;
    if (name !== options.optimizer) {
      throw new RangeError(`resume goes on with the optimizer of the last fit, '${name}', got '${options.optimizer}'`);
    }
  }

  protected async train(task: Task, options: CheckedFitOptions): Promise<Run> {
    const networks = Object.values(this.partsToSave());
    this.#silent = options.warnings === false;
    if (!('open' in task.train)) this.warnOnce('size', warningOfSize(task.train.x.length, task.layers));
    const { run, state } = await train(
      {
        ...task,
        model: this.constructor.name,
        seed: this.seed,
        weights: allWeights(...networks),
        ...(options.resume && { resume: this.#training }),
        modelOptions: this.optionsToSave(),
        ...(options.checkpoint && { saveBest: () => this.save(options.checkpoint as string) }),
      },
      options,
    );
    this.#training = state;
    this.#run = run;
    this.warnOnce('overfitting', warningOfRun(run));
    return run;
  }

  /** Says a warning in the console, each kind once in a model's life. */
  protected warnOnce(kind: string, text: string | undefined): void {
    if (text === undefined || this.#silent || this.#warned.has(kind)) return;
    this.#warned.add(kind);
    console.warn(text);
  }

  protected assertAlive(): void {
    if (this.#disposed) throw new Error(`this ${this.constructor.name} was disposed: make a new one, or load it again`);
  }

  protected assertIdle(purpose: string): void {
    if (this.#isFitting()) throw new Error(`this model is training: interrupt the fit before ${purpose}`);
  }

  protected assertComplete(what: string, options: readonly string[]): void {
    const missing = options.find((name) => this.missing.includes(name));
    if (missing) {
      throw new Error(
        `${what} needs the option ${missing}, a function that the saved file can't hold: load the model with ` +
          `load(folder, { ${missing}: … })`,
      );
    }
  }

  /** A cell that was terminated never came to the end of its fit; its signal tells. */
  #isFitting(): boolean {
    return this.#fitting !== undefined && !this.#fitting.signal?.aborted;
  }
}
