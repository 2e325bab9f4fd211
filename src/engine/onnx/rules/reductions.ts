import { volume } from '../../program/program.ts';
import { axesOf } from '../../program/shapes.ts';
import { type Emission, type EmitRule, named } from '../emission.ts';

const operators = { Sum: 'ReduceSum', Mean: 'ReduceMean', Max: 'ReduceMax', Min: 'ReduceMin', Prod: 'ReduceProd' };
/** Where an axis of the native layout lies when channels come first. */
const axisChannelsFirst = [0, 2, 3, 1];

const reduce =
  (operator: string): EmitRule =>
  (emission, node) => {
    const { x } = named(node);
    const [output] = node.outputs;
    const { axis, reductionIndices, keepDims } = node.attributes;
    const rank = emission.shape(x).length;
    let axes = axesOf(reductionIndices ?? axis, rank);
    const rest = rank - axes.length;
    // what is left of an image is the same vector in either layout, if it is one axis at most
    const first = rank === 4 && !keepDims && rest <= 1 && emission.layoutFor(x, [x]) === 'channelsFirst';
    if (first) axes = axes.map((a) => axisChannelsFirst[a]).sort((a, b) => a - b);
    let input = emission.get(x, first ? 'channelsFirst' : 'native');
    if (emission.dtype(x) === 'bool') input = emission.cast(input, 'int32');
    if (axes.length === 0) {
      emission.set(output, emission.graph.add('Identity', [input]));
      return;
    }
    if (operator === 'ReduceSum' && !first && !keepDims && isOverRows(emission, x, axes)) {
      emission.set(output, sumOverRows(emission, input, emission.shape(x), axes.length));
      return;
    }
    const result = emission.graph.add(operator, [input, emission.graph.integers(axes)], { keepdims: keepDims ? 1 : 0 });
    emission.set(output, result);
  };

/** Whether all axes but the last ones go, as in the gradient of a bias, and enough is left to fill vectors. */
function isOverRows(emission: Emission, x: number, axes: readonly number[]): boolean {
  const shape = emission.shape(x);
  const [rows, columns] = [volume(shape.slice(0, axes.length)), volume(shape.slice(axes.length))];
  const leading = axes.every((axis, i) => axis === i) && axes.length < shape.length;
  return leading && !emission.hasFreeBatch && emission.dtype(x) === 'float32' && columns >= 16 && rows <= 4096;
}

/** As a product with ones, which ONNX Runtime computes several times as quickly as the sum. */
function sumOverRows(emission: Emission, x: string, shape: readonly number[], axes: number): string {
  const rows = volume(shape.slice(0, axes));
  const rest = shape.slice(axes);
  const matrix = shape.length === 2 ? x : emission.reshape(x, [rows, volume(rest)]);
  const ones = emission.graph.constant('float32', [rows], new Float32Array(rows).fill(1));
  const sums = emission.graph.add('MatMul', [ones, matrix]);
  return rest.length === 1 ? sums : emission.reshape(sums, rest);
}

const logical =
  (operator: string): EmitRule =>
  (emission, node) => {
    const { x } = named(node);
    const axes = axesOf(node.attributes.axis, emission.shape(x).length);
    const numbers = emission.cast(emission.get(x), 'int32');
    const reduced = emission.graph.add(operator, [numbers, emission.graph.integers(axes)], {
      keepdims: node.attributes.keepDims ? 1 : 0,
    });
    emission.set(node.outputs[0], emission.cast(reduced, 'bool'));
  };

const position =
  (operator: string): EmitRule =>
  (emission, node) => {
    const { x } = named(node);
    const [axis] = axesOf(node.attributes.axis, emission.shape(x).length);
    const found = emission.graph.add(operator, [emission.get(x)], { axis, keepdims: 0 });
    emission.set(node.outputs[0], emission.cast(found, 'int32'));
  };

export const reductions: Record<string, EmitRule> = {
  ...Object.fromEntries(Object.entries(operators).map(([kernel, operator]) => [kernel, reduce(operator)])),
  All: logical('ReduceMin'),
  Any: logical('ReduceMax'),
  ArgMax: position('ArgMax'),
  ArgMin: position('ArgMin'),
  Softmax: (emission, node) => {
    const { logits } = named(node);
    emission.set(node.outputs[0], emission.graph.add('Softmax', [emission.get(logits)], { axis: -1 }));
  },
  LogSoftmax: (emission, node) => {
    const { logits } = named(node);
    emission.set(node.outputs[0], emission.graph.add('LogSoftmax', [emission.get(logits)], { axis: -1 }));
  },
  Cumsum: (emission, node) => {
    const { x } = named(node);
    const { axis, exclusive, reverse } = node.attributes;
    const [along] = axesOf(axis, emission.shape(x).length);
    const inputs = [emission.get(x), emission.literal(along, 'int64')];
    const attributes = { exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0 };
    emission.set(node.outputs[0], emission.graph.add('CumSum', inputs, attributes));
  },
};
