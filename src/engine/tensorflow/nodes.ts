/** Nodes of TensorFlow's graphs. */
import type { Attribute, GraphNode } from './savedModel.ts';

export const float: Attribute = { type: 1 };

export const node = (
  name: string,
  operator: string,
  inputs: readonly string[] = [],
  attributes: Record<string, Attribute> = {},
): GraphNode => ({ name, operator, inputs, attributes });
/** Inputs that have to run before. */
export const after = (nodes: readonly GraphNode[]) => nodes.map(({ name }) => `^${name}`);
/** The number 1, once the inputs have run. */
export const one = (name: string, inputs: readonly string[]) =>
  node(name, 'Const', inputs, { dtype: float, value: { tensor: { type: 1, shape: [], data: Float32Array.of(1) } } });

/** A variable with its reader, and with a placeholder from which it is set. */
export function storage(
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

export function variableNodes(variables: readonly { readonly shape: readonly number[] }[]): GraphNode[] {
  const stores = variables.map(({ shape }, i) =>
    storage({ handle: `variable${i}`, read: `read${i}`, value: `value${i}`, assign: `assign${i}` }, shape),
  );
  return [...stores.flat(), one('assigned', after(stores.map((store) => store[3])))];
}
