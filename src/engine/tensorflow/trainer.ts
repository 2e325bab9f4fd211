/**
 * Training as one TensorFlow graph: a call a step, with the optimizer in it. The variables and the optimizer's averages
 * are the graph's own; a graph holds all the functions that share them, so a new function makes a new graph, which takes
 * the old one's variables over.
 */
import * as tf from '@tensorflow/tfjs';
import { type Distribution, replay, updatePrefix, valuesOf } from '../program/index.ts';
import { type Block, blockBytes, SimdMemory } from '../simd/memory.ts';
import { checkAgainstReplay, madeUp } from '../training/check.ts';
import { isCurrent, names, orderedVariables, type StepProgram, traceStep } from '../training/programs.ts';
import { drawTensor, fillDraw } from '../training/randomness.ts';
import {
  type CompiledTrainer,
  gather,
  type OptimizerState,
  type Rows,
  type StepResult,
  type StepSettings,
  type TrainerSpec,
  volume,
} from '../training/types.ts';
import { nodeBackend, ownTensor } from './binding.ts';
import { withQuickFilterGradients } from './filterGradients.ts';
import { withGradientKernels } from './gradients.ts';
import { record } from './record.ts';
import type { Attribute, GraphNode } from './savedModel.ts';
import { type Encode, GraphSession } from './session.ts';

const float: Attribute = { type: 1 };

export class TensorflowTrainer implements CompiledTrainer {
  readonly compiled = true;
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
  /** The data that the variables had when they were last equal to the graph's. */
  #published: object[] = [];
  #stale = false;

  constructor(spec: TrainerSpec, encode: Encode) {
    this.#spec = spec;
    this.#encode = encode;
    const { all, trained } = orderedVariables(spec);
    this.#all = all;
    this.#trained = trained;
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
    this.#stale = true;
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

  publish(): void {
    if (!this.#stale || !this.#session) return;
    const backend = nodeBackend();
    const values = this.#session.run(
      new Map(),
      this.#all.map((_, i) => `read${i}:0`),
    );
    values.forEach((metadata, i) => {
      const tensor = backend.createOutputTensor(metadata);
      this.#all[i].assign(tensor);
      tensor.dispose();
    });
    this.#published = this.#all.map(({ dataId }) => dataId);
    this.#stale = false;
  }

  adopt(): void {
    if (this.#session && this.#all.some(({ dataId }, i) => dataId !== this.#published[i])) this.#assign(this.#session);
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
    runAndFree(session, feeds, 'assigned:0');
    this.#published = this.#all.map(({ dataId }) => dataId);
  }

  #function(rows: Rows, scalars: readonly string[], training: boolean): GraphFunction {
    const batch = rows.end - rows.start;
    const key = `${batch}/${training}`;
    const known = this.#functions.get(key);
    if (known && !known.doubted) return known;
    this.publish();
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

const node = (
  name: string,
  operator: string,
  inputs: readonly string[] = [],
  attributes: Record<string, Attribute> = {},
): GraphNode => ({ name, operator, inputs, attributes });
const after = (nodes: readonly GraphNode[]) => nodes.map(({ name }) => `^${name}`);
const one = (name: string, inputs: readonly string[]) =>
  node(name, 'Const', inputs, { dtype: float, value: { tensor: { type: 1, shape: [], data: Float32Array.of(1) } } });

/** A variable with its reader, and with a placeholder from which it is set. */
function storage(
  name: { handle: string; read: string; value: string; assign: string },
  shape: readonly number[],
): GraphNode[] {
  return [
    node(name.handle, 'VarHandleOp', [], {
      dtype: float,
      shape: { shape },
      shared_name: { text: name.handle },
      container: { text: '' },
    }),
    node(name.read, 'ReadVariableOp', [name.handle], { dtype: float }),
    node(name.value, 'Placeholder', [], { dtype: float, shape: { shape } }),
    node(name.assign, 'AssignVariableOp', [name.handle, name.value], { dtype: float }),
  ];
}

function variableNodes(variables: readonly tf.Variable[]): GraphNode[] {
  const stores = variables.map(({ shape }, i) =>
    storage({ handle: `variable${i}`, read: `read${i}`, value: `value${i}`, assign: `assign${i}` }, shape),
  );
  return [...stores.flat(), one('assigned', after(stores.map((store) => store[3])))];
}

function runAndFree(session: GraphSession, feeds: readonly (readonly [string, number])[], output: string): void {
  const { binding } = nodeBackend();
  try {
    for (const { id } of session.run(new Map(feeds), [output])) binding.deleteTensor(id);
  } finally {
    for (const [, id] of feeds) binding.deleteTensor(id);
  }
}

/** TensorFlow's own operations for the optimizers, with their averages as variables of the graph. */
class GraphOptimizer {
  readonly #name: TrainerSpec['optimizer'];
  readonly #trained: readonly tf.Variable[];
  readonly #slots: number;

  constructor(name: TrainerSpec['optimizer'], trained: readonly tf.Variable[]) {
    this.#name = name;
    this.#trained = trained;
    this.#slots = { adam: 2, momentum: 1, rmsprop: 1, sgd: 0 }[name];
  }

  nodes(): GraphNode[] {
    const names = Array.from({ length: this.#slots }, (_, slot) => slot);
    const stores = names.flatMap((slot) =>
      this.#trained.map(({ shape }, i) => {
        const at = `${slot}_${i}`;
        return storage(
          { handle: `slot${at}`, read: `slotread${at}`, value: `slotvalue${at}`, assign: `slotassign${at}` },
          shape,
        );
      }),
    );
    const scalars = ['rate', 'epsilon'].map((name) =>
      node(name, 'Placeholder', [], { dtype: float, shape: { shape: [] } }),
    );
    const numbers = Object.entries({ zero: 0, decay1: 0.9, decay2: 0.999, tiny: 1e-7 }).map(([name, value]) =>
      node(name, 'Const', [], {
        dtype: float,
        value: { tensor: { type: 1, shape: [], data: Float32Array.of(value) } },
      }),
    );
    // RMSProp's operation has a momentum of its own, which stays zero
    const still = this.#name === 'rmsprop' ? this.#trained.map(({ shape }, i) => this.#zeroVariable(i, shape)) : [];
    return [
      ...stores.flat(),
      ...still.flat(),
      ...scalars,
      ...numbers,
      one('slotsassigned', after(stores.map((store) => store[3]))),
      node('initialized', 'NoOp', after(still.map((nodes) => nodes.at(-1)!))),
    ];
  }

  #zeroVariable(i: number, shape: readonly number[]): GraphNode[] {
    const dims = { tensor: { type: 3, shape: [shape.length], data: Int32Array.from(shape) } };
    return [
      node(`still${i}`, 'VarHandleOp', [], {
        dtype: float,
        shape: { shape },
        shared_name: { text: `still${i}` },
        container: { text: '' },
      }),
      node(`stilldims${i}`, 'Const', [], { dtype: { type: 3 }, value: dims }),
      node(`stillzero${i}`, 'Fill', [`stilldims${i}`, 'zero'], { T: float, index_type: { type: 3 } }),
      node(`stillassign${i}`, 'AssignVariableOp', [`still${i}`, `stillzero${i}`], { dtype: float }),
    ];
  }

  /** The update of variable i by a gradient, when some other nodes have run. */
  apply(prefix: string, i: number, gradient: string, others: readonly GraphNode[]): GraphNode {
    const update = this.#update(prefix, i, gradient);
    return { ...update, inputs: [...update.inputs, ...after(others)] };
  }

  #update(prefix: string, i: number, gradient: string): GraphNode {
    const name = `${prefix}/apply${i}`;
    const common = { T: float, use_locking: { flag: false } };
    const variable = `variable${i}`;
    switch (this.#name) {
      case 'adam': {
        // the corrections of the bias are in the rate, so the powers of the decays are told to be zero
        const inputs = [
          variable,
          `slot0_${i}`,
          `slot1_${i}`,
          'zero',
          'zero',
          'rate',
          'decay1',
          'decay2',
          'epsilon',
          gradient,
        ];
        return node(name, 'ResourceApplyAdam', inputs, { ...common, use_nesterov: { flag: false } });
      }
      case 'sgd':
        return node(name, 'ResourceApplyGradientDescent', [variable, 'rate', gradient], common);
      case 'momentum': {
        const inputs = [variable, `slot0_${i}`, 'rate', gradient, 'decay1'];
        return node(name, 'ResourceApplyMomentum', inputs, { ...common, use_nesterov: { flag: false } });
      }
      case 'rmsprop': {
        const inputs = [variable, `slot0_${i}`, `still${i}`, 'rate', 'decay1', 'zero', 'tiny', gradient];
        return node(name, 'ResourceApplyRMSProp', inputs, common);
      }
    }
  }

  /** What the operations are fed with in step `step`, from 1. */
  settings(learningRate: number, step: number): Map<string, number> {
    if (this.#name !== 'adam') return new Map([['rate:0', learningRate]]);
    // lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + e), the constants drawn together
    const root = Math.sqrt(1 - 0.999 ** step);
    return new Map([
      ['rate:0', (learningRate * root) / (1 - 0.9 ** step)],
      ['epsilon:0', 1e-7 * root],
    ]);
  }

  zeros(): Float32Array[] {
    const size = this.#trained.reduce((sum, variable) => sum + variable.size, 0);
    return Array.from({ length: this.#slots }, () => new Float32Array(size));
  }

  read(session: GraphSession): Float32Array[] {
    return this.zeros().map((whole, slot) => {
      let next = 0;
      for (const part of session.read(
        new Map(),
        this.#trained.map((_, i) => `slotread${slot}_${i}:0`),
      )) {
        whole.set(part, next);
        next += part.length;
      }
      return whole;
    });
  }

  assign(session: GraphSession, slots: readonly Float32Array[]): void {
    if (this.#slots === 0 || this.#trained.length === 0) return;
    const feeds = slots.flatMap((whole, slot) => {
      let next = 0;
      return this.#trained.map(({ size, shape }, i) => {
        const part = whole.subarray(next, next + size);
        next += size;
        return [`slotvalue${slot}_${i}:0`, ownTensor(shape, part)] as const;
      });
    });
    runAndFree(session, feeds, 'slotsassigned:0');
  }
}

/** What a call of a function is given. */
interface Given {
  readonly rows: Rows;
  readonly scalars: Readonly<Record<string, number>>;
  readonly step: number;
  readonly seed: number;
}

/** One program as a part of the graph. */
class GraphFunction {
  readonly step: StepProgram;
  readonly nodes: readonly GraphNode[];
  /** Output whose computation includes everything that the step changes; its value is the terms. */
  readonly done: string;
  /** Half the sums of squares of the gradients. */
  readonly squares: string;
  /** Whether user code ran since it was traced. */
  doubted = false;
  readonly #prefix: string;
  readonly #memory: SimdMemory;
  readonly #feeds: readonly { name: string; shape: readonly number[]; block: Block }[];
  readonly #draws: readonly { draw: number; shape: readonly number[]; distribution: Distribution; block: Block }[];
  /** Tensors of the addon's that stay, by the placeholder that they are fed to. */
  readonly #constants: readonly (readonly [string, number])[];
  /** The program's outputs in the graph. */
  readonly #outputs: Readonly<Record<string, string>>;

  constructor(
    prefix: string,
    step: StepProgram,
    all: readonly tf.Variable[],
    trained: readonly tf.Variable[],
    optimizer: GraphOptimizer,
  ) {
    this.step = step;
    this.#prefix = prefix;
    const { program, constants } = step;
    const lifted = new Set(constants.map(({ name }) => name));
    const feeds = valuesOf(program, 'feed').filter(({ value }) => !lifted.has(value.name));
    const draws = valuesOf(program, 'random');
    const sizes = [...feeds, ...draws].map(({ value }) => blockBytes(volume(value.shape)));
    this.#memory = new SimdMemory(sizes.reduce((sum, size) => sum + size, 0));
    this.#feeds = feeds.map(({ value: { name, shape } }) => ({ name, shape, block: this.#memory.take(volume(shape)) }));
    this.#draws = draws.map(({ value: { index, shape, distribution } }) => ({
      draw: index,
      shape,
      distribution,
      block: this.#memory.take(volume(shape)),
    }));
    const placeholders: GraphNode[] = [];
    const placeholder = (name: string, shape: readonly number[], type = 1) => {
      placeholders.push(node(`${prefix}/${name}`, 'Placeholder', [], { dtype: { type }, shape: { shape } }));
      return `${prefix}/${name}:0`;
    };
    const recorded = tf.tidy(() => {
      const known: (readonly [tf.Tensor, string])[] = all.map((variable, i) => [variable as tf.Tensor, `read${i}:0`]);
      const stand = (shape: readonly number[], output: string) => {
        // half, so that no operation meets the edge of what it takes
        const tensor = tf.fill([...shape], 0.5);
        known.push([tensor, output]);
        return tensor;
      };
      const given: Record<string, tf.Tensor> = {};
      for (const { name, shape } of this.#feeds) given[name] = stand(shape, placeholder(feedName(name), shape));
      for (const { name, values, shape, dtype } of constants) {
        const tensor = tf.tensor(values.slice(), [...shape], dtype);
        known.push([tensor, placeholder(feedName(name), shape, dtype === 'float32' ? 1 : dtype === 'int32' ? 3 : 10)]);
        given[name] = tensor;
      }
      const random = this.#draws.map(({ draw, shape }) => stand(shape, placeholder(`random${draw}`, shape)));
      return {
        ...record(known, prefix, () =>
          replay(withGradientKernels(withQuickFilterGradients(program)), {
            variables: all,
            feeds: given,
            random: (index) => random[this.#draws.findIndex(({ draw }) => draw === index)],
          }),
        ),
      } as unknown as tf.TensorContainer;
    }) as unknown as ReturnType<typeof record>;
    this.#outputs = recorded.outputs;
    this.#constants = constants.map(({ name, values, shape, dtype }) => [
      `${prefix}/${feedName(name)}:0`,
      nodeBackend().binding.createTensor(shape, dtype === 'float32' ? 1 : dtype === 'int32' ? 3 : 10, values),
    ]);
    const end: GraphNode[] = [];
    if (step.training) {
      trained.forEach((_, i) => {
        const gradient = this.#outputs[names.gradient(i)];
        end.push(optimizer.apply(prefix, i, gradient, otherReaders(recorded.nodes, `read${i}:0`, gradient)));
      });
      for (const [name, output] of Object.entries(this.#outputs)) {
        if (!name.startsWith(updatePrefix)) continue;
        const variable = Number(name.slice(updatePrefix.length));
        end.push(
          node(`${prefix}/update${variable}`, 'AssignVariableOp', [`variable${variable}`, output], { dtype: float }),
        );
      }
    }
    const losses = trained.map((_, i) =>
      node(`${prefix}/square${i}`, 'L2Loss', [this.#outputs[names.gradient(i)]], { T: float }),
    );
    const squares =
      step.training && losses.length > 0
        ? [
            ...losses,
            node(
              `${prefix}/squares`,
              'Pack',
              losses.map(({ name }) => name),
              {
                T: float,
                N: { integer: losses.length },
                axis: { integer: 0 },
              },
            ),
          ]
        : [];
    const done = node(`${prefix}/done`, 'Identity', [this.#outputs[names.terms], ...after(end)], { T: float });
    this.nodes = [...placeholders, ...recorded.nodes, ...end, ...squares, done];
    this.done = `${prefix}/done:0`;
    this.squares = `${prefix}/squares:0`;
  }

  named(terms: Float32Array): Record<string, number> {
    return Object.fromEntries(this.step.termNames.map((name, i) => [name, terms[i]]));
  }

  call(
    session: GraphSession,
    given: Given,
    settings: ReadonlyMap<string, number>,
    outputs: readonly string[],
  ): Float32Array[] {
    const { binding } = nodeBackend();
    const feeds = this.#fill(given);
    for (const [name, value] of settings)
      feeds.set(name, binding.createTensor([], binding.TF_FLOAT, Float32Array.of(value)));
    try {
      return session.read(new Map([...feeds, ...this.#constants]), outputs);
    } finally {
      for (const id of feeds.values()) binding.deleteTensor(id);
    }
  }

  #fill({ rows, scalars, step, seed }: Given): Map<string, number> {
    const { binding } = nodeBackend();
    const made = new Map<string, number>();
    const feed = (name: string, shape: readonly number[], values: Float32Array) =>
      made.set(`${this.#prefix}/${name}:0`, binding.createTensor(shape, binding.TF_FLOAT, values));
    for (const { name, shape, block } of this.#feeds) {
      if (name === 'x' || name === 'target' || name === 'y') gather(rows.data[name]!, rows, block.values);
      else block.values[0] = scalars[name.slice(names.scalar('').length)];
      feed(feedName(name), shape, block.values);
    }
    for (const { draw, shape, distribution, block } of this.#draws) {
      fillDraw(this.#memory, block, distribution, { seed, step, draw });
      feed(`random${draw}`, shape, block.values);
    }
    return made;
  }

  /** The program's outputs without any change to variables, beside the replay's. */
  check(session: GraphSession, given: Given, all: readonly tf.Variable[]): void {
    try {
      this.#compare(session, given, all);
    } catch {
      this.#compare(session, { ...given, rows: madeUp(given.rows) }, all);
    }
  }

  #compare(session: GraphSession, given: Given, all: readonly tf.Variable[]): void {
    const entries = Object.entries(this.#outputs);
    const values = this.call(
      session,
      given,
      new Map(),
      entries.map(([, output]) => output),
    );
    checkAgainstReplay(this.step.traced, {
      variables: all,
      feeds: Object.fromEntries(this.#feeds.map(({ name, shape, block }) => [name, { data: block.values, shape }])),
      random: (index, shape, distribution) =>
        drawTensor(shape, distribution, { seed: given.seed, step: given.step, draw: index }),
      outputs: Object.fromEntries(entries.map(([name], i) => [name, values[i]])),
    });
  }

  dispose(): void {
    const { binding } = nodeBackend();
    for (const [, id] of this.#constants) binding.deleteTensor(id);
  }
}

/**
 * What reads a variable and may still be reading it when its gradient is there. An update that came before them would
 * have to leave them the old values, and write a copy.
 */
function otherReaders(nodes: readonly GraphNode[], variable: string, gradient: string): GraphNode[] {
  const byName = new Map(nodes.map((one) => [one.name, one]));
  const nameOf = (input: string) => input.replace(/^\^|:\d+$/g, '');
  const before = new Set<string>();
  const visit = (name: string) => {
    if (before.has(name)) return;
    before.add(name);
    for (const input of byName.get(name)?.inputs ?? []) visit(nameOf(input));
  };
  visit(nameOf(gradient));
  return nodes.filter(({ name, inputs }) => inputs.includes(variable) && !before.has(name));
}

/** Names of nodes have no colons. */
function feedName(name: string): string {
  return `feed_${name.replaceAll(':', '_').replaceAll(/[^A-Za-z0-9_.]/g, '-')}`;
}
