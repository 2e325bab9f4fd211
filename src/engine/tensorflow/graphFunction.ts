import * as tf from '@tensorflow/tfjs';
import { type Distribution, replay, updatePrefix, valuesOf } from '../program/index.ts';
import { type Block, blockBytes, SimdMemory } from '../simd/memory.ts';
import { checkAgainstReplay, madeUp } from '../training/check.ts';
import { names, type StepProgram } from '../training/programs.ts';
import { drawTensor, fillDraw } from '../training/randomness.ts';
import { gather, type Rows, volume } from '../training/types.ts';
import { nodeBackend } from './binding.ts';
import { withQuickFilterGradients } from './filterGradients.ts';
import { withGradientKernels } from './gradients.ts';
import type { GraphOptimizer } from './graphOptimizer.ts';
import { after, float, node } from './nodes.ts';
import { record } from './record.ts';
import type { GraphNode } from './savedModel.ts';
import type { GraphSession } from './session.ts';

/** What a call of a function is given. */
export interface Given {
  readonly rows: Rows;
  readonly scalars: Readonly<Record<string, number>>;
  readonly step: number;
  readonly seed: number;
}

/** One program as a part of the graph. */
export class GraphFunction {
  readonly step: StepProgram;
  readonly nodes: readonly GraphNode[];
  /** Output whose computation includes everything that the step changes; its value is the terms. */
  readonly done: string;
  /** Half the sums of squares of the gradients. */
  readonly squares: string;
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
    const byName = new Map(recorded.nodes.map((one) => [one.name, one]));
    if (step.training) {
      trained.forEach((_, i) => {
        const gradient = this.#outputs[names.gradient(i)];
        end.push(optimizer.apply(prefix, i, gradient, otherReaders(byName, `read${i}:0`, gradient)));
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
function otherReaders(byName: ReadonlyMap<string, GraphNode>, variable: string, gradient: string): GraphNode[] {
  const nameOf = (input: string) => input.replace(/^\^|:\d+$/g, '');
  const before = new Set<string>();
  const visit = (name: string) => {
    if (before.has(name)) return;
    before.add(name);
    for (const input of byName.get(name)?.inputs ?? []) visit(nameOf(input));
  };
  visit(nameOf(gradient));
  return [...byName.values()].filter(({ name, inputs }) => inputs.includes(variable) && !before.has(name));
}

/** Names of nodes have no colons. */
function feedName(name: string): string {
  return `feed_${name.replaceAll(':', '_').replaceAll(/[^A-Za-z0-9_.]/g, '-')}`;
}
