/**
 * A training step or a function of a model as plain data: what to compute, not how or where. The only form in which the
 * models' code reaches an engine. It can be printed, compared and saved; nothing of an engine is in it.
 *
 * Operations are the kernels of tfjs-core, by its names and with its attributes.
 */
export type DataType = 'float32' | 'int32' | 'bool';
export type Values = Float32Array | Int32Array | Uint8Array;

/** Where the elements of a value come from. */
export type Origin =
  /** One of the program's variables, by its place among them. */
  | { readonly kind: 'variable'; readonly index: number }
  /** Given at every run: a batch, a scalar that changes from step to step. */
  | { readonly kind: 'feed'; readonly name: string }
  /** Fresh at every run: the `index`-th draw of a step's randomness. */
  | { readonly kind: 'random'; readonly index: number; readonly distribution: Distribution }
  | { readonly kind: 'constant'; readonly values: Values }
  /** A constant whose elements are all alike. */
  | { readonly kind: 'fill'; readonly value: number }
  | { readonly kind: 'result' };

export type Distribution =
  | { readonly name: 'normal' }
  | { readonly name: 'uniform' }
  /** 1 with probability p, else 0. */
  | { readonly name: 'bernoulli'; readonly p: number };

export type Value = Origin & { readonly shape: readonly number[]; readonly dtype: DataType };

/** One call of a kernel. Values are meant by their place in `Program.values`. */
export interface Node {
  readonly kernel: string;
  /** By the names of the kernel's parameters; kernels that take a list of tensors have it under `list`. */
  readonly inputs: Readonly<Record<string, number | readonly number[]>>;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly outputs: readonly number[];
}

export interface Program {
  readonly values: readonly Value[];
  /** In an order in which they can run. */
  readonly nodes: readonly Node[];
  readonly outputs: Readonly<Record<string, number>>;
  readonly variables: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

/** All values that a node reads. */
export function inputsOf(node: Node): number[] {
  return Object.values(node.inputs).flat() as number[];
}

export function volume(shape: readonly number[]): number {
  return shape.reduce((size, side) => size * side, 1);
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Values of one kind in the order of their first appearance. */
export function valuesOf<K extends Origin['kind']>(
  program: Program,
  kind: K,
): { id: number; value: Extract<Value, { kind: K }> }[] {
  return program.values.flatMap((value, id) =>
    value.kind === kind ? [{ id, value: value as Extract<Value, { kind: K }> }] : [],
  );
}

/** Only what the outputs need, with values numbered anew. */
export function withoutDeadCode(program: Program): Program {
  const live = new Set(Object.values(program.outputs));
  const nodes: Node[] = [];
  for (const node of program.nodes.toReversed()) {
    if (!node.outputs.some((output) => live.has(output))) continue;
    nodes.push(node);
    for (const input of [...inputsOf(node), ...node.outputs]) live.add(input);
  }
  const values: Value[] = [];
  const places = new Map<number, number>();
  program.values.forEach((value, id) => {
    if (live.has(id)) places.set(id, values.push(value) - 1);
  });
  const placed = (ids: number | readonly number[]) =>
    typeof ids === 'number' ? places.get(ids)! : ids.map((id) => places.get(id)!);
  const renamed = <T extends number | readonly number[]>(named: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(named).map(([name, ids]) => [name, placed(ids)]));
  return {
    values,
    nodes: nodes
      .reverse()
      .map((node) => ({ ...node, inputs: renamed(node.inputs), outputs: placed(node.outputs) as number[] })),
    outputs: renamed(program.outputs) as Record<string, number>,
    variables: program.variables,
  };
}

/** One line a value, for people: `%7 float32[128,32] = Relu x=%6`. */
export function print(program: Program): string {
  const type = (id: number) => `${program.values[id].dtype}[${program.values[id].shape}]`;
  const lines = program.values.flatMap((value, id) => {
    if (value.kind === 'result') return [];
    const detail = {
      variable: () => program.variables[(value as { index: number }).index].name,
      feed: () => (value as { name: string }).name,
      random: () => JSON.stringify((value as { distribution: Distribution }).distribution),
      constant: () => `${(value as { values: Values }).values.slice(0, 6).join(' ')}`,
      fill: () => String((value as { value: number }).value),
    }[value.kind]();
    return [`%${id} ${type(id)} = ${value.kind} ${detail}`];
  });
  const list = (ids: number | readonly number[]) => [ids].flat().map((id) => `%${id}`);
  for (const { kernel, inputs, attributes, outputs } of program.nodes) {
    const given = Object.entries(inputs).map(([name, ids]) => `${name}=${list(ids)}`);
    const set = Object.entries(attributes)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => `${name}:${JSON.stringify(value)}`);
    lines.push(`${outputs.map((id) => `%${id} ${type(id)}`).join(', ')} = ${[kernel, ...given, ...set].join(' ')}`);
  }
  for (const [name, id] of Object.entries(program.outputs)) lines.push(`${name} -> %${id}`);
  return `${lines.join('\n')}\n`;
}

/**
 * What in two traces of the same code differs: nothing, if the code is a pure function of its tensors.
 *
 * @returns a description of the first difference
 */
export function difference(a: Program, b: Program): string | undefined {
  if (a.nodes.length !== b.nodes.length || a.values.length !== b.values.length) {
    return `${a.nodes.length} operations at first, then ${b.nodes.length}`;
  }
  for (const [i, node] of a.nodes.entries()) {
    const other = b.nodes[i];
    if (node.kernel !== other.kernel) return `${node.kernel} at first, then ${other.kernel}`;
    if (JSON.stringify(node) !== JSON.stringify(other)) return `${node.kernel} with other attributes`;
  }
  for (const [id, value] of a.values.entries()) {
    const other = b.values[id];
    const alike =
      value.kind === other.kind &&
      sameShape(value.shape, other.shape) &&
      (value.kind !== 'fill' || Object.is(value.value, (other as { value: number }).value)) &&
      (value.kind !== 'constant' || sameValues(value.values, (other as { values: Values }).values));
    if (alike) continue;
    const user = a.nodes.find((node) => inputsOf(node).includes(id));
    return `a constant of shape [${value.shape}]${user ? ` that goes into ${user.kernel}` : ''} has other values`;
  }
  return undefined;
}

function sameValues(a: Values, b: Values): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}
