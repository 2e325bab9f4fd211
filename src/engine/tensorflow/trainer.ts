/**
 * Training as one TensorFlow graph: a call a step, with the optimizer in it. The variables and the optimizer's averages
 * are the graph's own; a graph holds all the functions that share them, so a new function makes a new graph, which takes
 * the old one's variables over.
 */
import type * as tf from '@tensorflow/tfjs';
import { type Kept, Snapshot } from '../training/kept.ts';
import { Mirror } from '../training/mirror.ts';
import { isCurrent, orderedVariables, traceStep } from '../training/programs.ts';
import type {
  CompiledTrainer,
  OptimizerState,
  Rows,
  StepResult,
  StepSettings,
  TrainerSpec,
} from '../training/types.ts';
import { nodeBackend, ownTensor } from './binding.ts';
import { GraphFunction } from './graphFunction.ts';
import { GraphOptimizer } from './graphOptimizer.ts';
import { variableNodes } from './nodes.ts';
import { type Encode, GraphSession } from './session.ts';

export class TensorflowTrainer implements CompiledTrainer {
  readonly compiled = true;
  readonly engine = 'tensorflow';
  readonly #spec: TrainerSpec;
  readonly #encode: Encode;
  readonly #all: readonly tf.Variable[];
  readonly #trained: readonly tf.Variable[];
  readonly #optimizer: GraphOptimizer;
  /** By batch size, and whether it learns. */
  readonly #functions = new Map<string, GraphFunction>();
  #named = 0;
  #session: GraphSession | undefined;
  #results: StepResult[] = [];
  #steps: number;
  /** The variables follow the graph's. */
  readonly #mirror: Mirror;

  constructor(spec: TrainerSpec, encode: Encode) {
    this.#spec = spec;
    this.#encode = encode;
    const { all, trained } = orderedVariables(spec);
    this.#all = all;
    this.#trained = trained;
    this.#mirror = new Mirror(all, () => this.#values());
    this.#optimizer = new GraphOptimizer(spec.optimizer, trained);
    this.#steps = spec.state?.steps ?? 0;
  }

  get steps(): number {
    return this.#steps;
  }

  step(rows: Rows, { scalars, learningRate, norms }: StepSettings): void {
    const graph = this.#function(rows, Object.keys(scalars), true);
    const step = this.#steps;
    const settings = this.#optimizer.settings(learningRate, step + 1);
    const outputs = [graph.done, ...(norms ? [graph.squares] : [])];
    const [terms, squares] = graph.call(
      this.#session!,
      { rows, scalars, step, seed: this.#spec.seed },
      settings,
      outputs,
    );
    this.#steps++;
    this.#mirror.moved();
    const result = { size: rows.end - rows.start, terms: graph.named(terms) };
    this.#results.push(norms ? { ...result, norms: this.#norms(squares) } : result);
  }

  evaluate(rows: Rows, { scalars, step }: { scalars: StepSettings['scalars']; step: number }): void {
    const graph = this.#function(rows, Object.keys(scalars), false);
    const given = { rows, scalars, step, seed: this.#spec.seed };
    const [terms] = graph.call(this.#session!, given, new Map(), [graph.done]);
    this.#results.push({ size: rows.end - rows.start, terms: graph.named(terms) });
  }

  /** @param squares half the sum of squares of each variable's gradient, as TensorFlow's L2Loss gives it */
  #norms(squares: Float32Array): number[] {
    return this.#spec.layers.map(({ variables }) =>
      Math.sqrt(variables.reduce((sum, variable) => sum + 2 * squares[this.#trained.indexOf(variable)], 0)),
    );
  }

  take(): StepResult[] {
    const results = this.#results;
    this.#results = [];
    return results;
  }

  async read(): Promise<StepResult[]> {
    return this.take();
  }

  /** What the graph's variables are. */
  #values(): tf.Tensor[] {
    const names = this.#all.map((_, i) => `read${i}:0`);
    return this.#session!.run(new Map(), names).map((metadata) => nodeBackend().createOutputTensor(metadata));
  }

  keep(): Kept {
    return new Snapshot(this.#all);
  }

  doubt(): void {
    for (const graph of this.#functions.values()) graph.doubted = true;
  }

  stateNow(): OptimizerState {
    const slots = this.#session
      ? this.#optimizer.read(this.#session)
      : (this.#spec.state?.slots ?? this.#optimizer.zeros());
    return { name: this.#spec.optimizer, steps: this.#steps, slots };
  }

  async state(): Promise<OptimizerState> {
    return this.stateNow();
  }

  dispose(): void {
    this.#mirror.release();
    this.#session?.dispose();
    this.#session = undefined;
    for (const graph of this.#functions.values()) graph.dispose();
    this.#functions.clear();
  }

  /** Sets the graph's variables to the model's. */
  #assign(session: GraphSession): void {
    const feeds = this.#all.map(
      (variable, i) => [`value${i}:0`, ownTensor(variable.shape, variable.dataSync<'float32'>())] as const,
    );
    session.runAndFree(feeds, 'assigned:0');
  }

  #function(rows: Rows, scalars: readonly string[], training: boolean): GraphFunction {
    if (this.#mirror.takeChanges() && this.#session) this.#assign(this.#session);
    const batch = rows.end - rows.start;
    const key = `${batch}/${training}`;
    const known = this.#functions.get(key);
    if (known && !known.doubted) return known;
    if (known && isCurrent(known.step, this.#spec, rows.data, scalars)) {
      known.doubted = false;
      return known;
    }
    known?.dispose();
    this.#functions.delete(key);
    const step = traceStep(this.#spec, rows.data, scalars, batch, training);
    const made = new GraphFunction(`f${this.#named++}`, step, this.#all, this.#trained, this.#optimizer);
    this.#functions.set(key, made);
    this.#load();
    made.check(this.#session!, { rows, scalars: zeros(scalars), step: this.#steps, seed: this.#spec.seed }, this.#all);
    return made;
  }

  /** A graph of all functions there are. */
  #load(): void {
    const functions = [...this.#functions.values()];
    const nodes = [
      ...variableNodes(this.#all),
      ...this.#optimizer.nodes(),
      ...functions.flatMap((graph) => graph.nodes),
    ];
    const session = new GraphSession(nodes, 'initialized', this.#encode);
    try {
      const slots = this.stateNow().slots;
      this.#optimizer.assign(session, slots);
      this.#assign(session);
    } catch (error) {
      session.dispose();
      throw error;
    }
    this.#session?.dispose();
    this.#session = session;
  }
}

function zeros(scalars: readonly string[]): Record<string, number> {
  return Object.fromEntries(scalars.map((name) => [name, 1]));
}
