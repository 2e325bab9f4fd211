/**
 * Training as one TensorFlow graph: a call a step, with the optimizer in it. The variables and the optimizer's averages
 * are the graph's own; a graph holds all the functions that share them, so a new function makes a new graph, which takes
 * the old one's variables over.
 */
import type * as tf from '@tensorflow/tfjs';
import { type Kept, Snapshot } from '../training/kept.ts';
import { Mirror } from '../training/mirror.ts';
import { orderedVariables, type StepProgram } from '../training/programs.ts';
import { ProgramTrainer } from '../training/programTrainer.ts';
import type { OptimizerState, Rows, StepSettings, TrainerSpec } from '../training/types.ts';
import { nodeBackend, ownTensor } from './binding.ts';
import { GraphFunction } from './graphFunction.ts';
import { GraphOptimizer } from './graphOptimizer.ts';
import { variableNodes } from './nodes.ts';
import { type Encode, GraphSession } from './session.ts';

export class TensorflowTrainer extends ProgramTrainer<GraphFunction> {
  readonly engine = 'tensorflow';
  readonly #encode: Encode;
  readonly #all: readonly tf.Variable[];
  readonly #trained: readonly tf.Variable[];
  readonly #optimizer: GraphOptimizer;
  /** The variables follow the graph's. */
  readonly #mirror: Mirror;
  #named = 0;
  #session: GraphSession | undefined;

  constructor(spec: TrainerSpec, encode: Encode) {
    super(spec);
    this.#encode = encode;
    const { all, trained } = orderedVariables(spec);
    this.#all = all;
    this.#trained = trained;
    this.#mirror = new Mirror(all, () => this.#values());
    this.#optimizer = new GraphOptimizer(spec.optimizer, trained);
  }

  step(rows: Rows, { scalars, learningRate, norms }: StepSettings): void {
    const graph = this.programFor(rows, Object.keys(scalars), true);
    const given = { rows, scalars, step: this.steps, seed: this.spec.seed };
    const settings = this.#optimizer.settings(learningRate, this.steps + 1);
    const outputs = [graph.done, ...(norms ? [graph.squares] : [])];
    const [terms, squares] = graph.call(this.#session!, given, settings, outputs);
    this.#mirror.moved();
    const result = { size: rows.end - rows.start, terms: graph.named(terms) };
    this.learned(norms ? { ...result, norms: this.#norms(squares) } : result);
  }

  evaluate(rows: Rows, { scalars, step }: { scalars: StepSettings['scalars']; step: number }): void {
    const graph = this.programFor(rows, Object.keys(scalars), false);
    const given = { rows, scalars, step, seed: this.spec.seed };
    const [terms] = graph.call(this.#session!, given, new Map(), [graph.done]);
    this.found({ size: rows.end - rows.start, terms: graph.named(terms) });
  }

  /** @param squares half the sum of squares of each variable's gradient, as TensorFlow's L2Loss gives it */
  #norms(squares: Float32Array): number[] {
    return this.spec.layers.map(({ variables }) =>
      Math.sqrt(variables.reduce((sum, variable) => sum + 2 * squares[this.#trained.indexOf(variable)], 0)),
    );
  }

  keep(): Kept {
    return new Snapshot(this.#all);
  }

  stateNow(): OptimizerState {
    const slots = this.#session
      ? this.#optimizer.read(this.#session)
      : (this.spec.state?.slots ?? this.#optimizer.zeros());
    return { name: this.spec.optimizer, steps: this.steps, slots };
  }

  override dispose(): void {
    this.#mirror.release();
    this.#session?.dispose();
    this.#session = undefined;
    super.dispose();
  }

  /** What the graph's variables are. */
  #values(): tf.Tensor[] {
    const names = this.#all.map((_, i) => `read${i}:0`);
    return this.#session!.run(new Map(), names).map((metadata) => nodeBackend().createOutputTensor(metadata));
  }

  protected adopt(): void {
    if (this.#mirror.takeChanges() && this.#session) this.#assign(this.#session);
  }

  /** Sets the graph's variables to the model's. */
  #assign(session: GraphSession): void {
    const feeds = this.#all.map(
      (variable, i) => [`value${i}:0`, ownTensor(variable.shape, variable.dataSync<'float32'>())] as const,
    );
    session.runAndFree(feeds, 'assigned:0');
  }

  protected compile(step: StepProgram, rows: Rows, scalars: readonly string[]): GraphFunction {
    const made = new GraphFunction(`f${this.#named++}`, step, this.#all, this.#trained, this.#optimizer);
    this.#load([...this.programs, made]);
    made.check(this.#session!, { rows, scalars: ones(scalars), step: this.steps, seed: this.spec.seed }, this.#all);
    return made;
  }

  /** A graph of all functions there are. */
  #load(functions: readonly GraphFunction[]): void {
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

function ones(scalars: readonly string[]): Record<string, number> {
  return Object.fromEntries(scalars.map((name) => [name, 1]));
}
