import type { Node } from '../../program/program.ts';
import { axesOf } from '../../program/shapes.ts';
import { type Emission, type EmitRule, named } from '../emission.ts';

const reshape: EmitRule = (emission, node) => {
  const input = named(node).x ?? named(node).input;
  const [output] = node.outputs;
  emission.set(output, emission.reshape(emission.get(input), emission.shape(output)));
};

const list = (emission: Emission, node: Node) => (node.inputs.list as number[]).map((id) => emission.get(id));
const axisOf = (emission: Emission, node: Node, id: number) =>
  axesOf(node.attributes.axis, emission.shape(id).length)[0];

/** Half-open ranges along all axes. */
function slice({ graph }: Emission, input: string, begin: readonly number[], end: readonly number[], steps?: number[]) {
  const axes = begin.map((_, axis) => axis);
  const inputs = [begin, end, axes, ...(steps ? [steps] : [])].map((values) => graph.integers(values));
  return graph.add('Slice', [input, ...inputs]);
}

export const shaping: Record<string, EmitRule> = {
  Reshape: reshape,
  ExpandDims: reshape,
  Transpose: (emission, node) => {
    const { x } = named(node);
    emission.set(node.outputs[0], emission.transpose(emission.get(x), node.attributes.perm as number[]));
  },
  Concat: (emission, node) => {
    const [output] = node.outputs;
    const inputs = node.inputs.list as number[];
    const axis = axisOf(emission, node, output);
    const layout = axis === 3 ? emission.layoutFor(output, inputs) : 'native';
    const names = inputs.map((id) => emission.get(id, layout));
    emission.set(output, emission.graph.add('Concat', names, { axis: layout === 'native' ? axis : 1 }), layout);
  },
  Pack: (emission, node) => {
    const axis = axisOf(emission, node, node.outputs[0]);
    const { graph } = emission;
    const parts = list(emission, node).map((name) => graph.add('Unsqueeze', [name, graph.integers([axis])]));
    emission.set(node.outputs[0], graph.add('Concat', parts, { axis }));
  },
  Unpack: (emission, node) => {
    const { value } = named(node);
    const axis = axisOf(emission, node, value);
    const input = emission.get(value);
    node.outputs.forEach((output, i) => {
      emission.set(output, emission.graph.add('Gather', [input, emission.literal(i, 'int64')], { axis }));
    });
  },
  SplitV: (emission, node) => {
    const { x } = named(node);
    const axis = axisOf(emission, node, x);
    const sizes = node.outputs.map((output) => emission.shape(output)[axis]);
    const inputs = [emission.get(x), emission.graph.integers(sizes)];
    const parts = emission.graph.addSeveral('Split', inputs, sizes.length, { axis });
    node.outputs.forEach((output, i) => {
      emission.set(output, parts[i]);
    });
  },
  AddN: (emission, node) => {
    emission.set(node.outputs[0], emission.graph.add('Sum', list(emission, node)));
  },
  Slice: (emission, node) => {
    const { x } = named(node);
    const [output] = node.outputs;
    const begin = [node.attributes.begin].flat() as number[];
    const starts = emission.shape(x).map((_, axis) => begin[axis] ?? 0);
    // a slice to the end says so, whatever the size
    const end = starts.map((start, axis) => {
      const stop = start + emission.shape(output)[axis];
      return stop === emission.shape(x)[axis] ? 2 ** 31 - 1 : stop;
    });
    emission.set(output, slice(emission, emission.get(x), starts, end));
  },
  StridedSlice: (emission, node) => {
    const { x } = named(node);
    const { begin, end, strides, ...masks } = node.attributes as Record<string, number[]>;
    if (Object.values(masks).some((mask) => Number(mask) !== 0)) throw new Error('StridedSlice with masks');
    emission.set(node.outputs[0], slice(emission, emission.get(x), begin, end, strides));
  },
  PadV2: (emission, node) => {
    const { x } = named(node);
    const paddings = node.attributes.paddings as number[][];
    const { graph } = emission;
    const sizes = graph.integers([...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)]);
    const value = emission.literal(Number(node.attributes.constantValue ?? 0), emission.dtype(x));
    emission.set(node.outputs[0], graph.add('Pad', [emission.get(x), sizes, value]));
  },
  MirrorPad: (emission, node) => {
    const { x } = named(node);
    if (node.attributes.mode !== 'reflect') throw new Error('MirrorPad in another mode than reflect');
    const paddings = node.attributes.paddings as number[][];
    const sizes = [...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)];
    const inputs = [emission.get(x), emission.graph.integers(sizes)];
    emission.set(node.outputs[0], emission.graph.add('Pad', inputs, { mode: 'reflect' }));
  },
  Tile: (emission, node) => {
    const { x } = named(node);
    const times = emission.graph.integers(node.attributes.reps as number[]);
    // one element along an axis is repeated without being copied one by one
    const operator = emission
      .shape(x)
      .every((size, axis) => size === 1 || (node.attributes.reps as number[])[axis] === 1);
    const input = emission.get(x);
    const [output] = node.outputs;
    const tiled = operator
      ? emission.expand(input, emission.shape(output))
      : emission.graph.add('Tile', [input, times]);
    emission.set(output, tiled);
  },
  BroadcastTo: (emission, node) => {
    const { x } = named(node);
    const [output] = node.outputs;
    emission.set(output, emission.expand(emission.get(x), emission.shape(output)));
  },
  Reverse: (emission, node) => {
    const { x } = named(node);
    const axes = axesOf(node.attributes.dims, emission.shape(x).length);
    const { graph } = emission;
    const inputs = [axes.map(() => -1), axes.map(() => -(2 ** 31)), axes, axes.map(() => -1)].map((values) =>
      graph.integers(values),
    );
    emission.set(node.outputs[0], graph.add('Slice', [emission.get(x), ...inputs]));
  },
  GatherV2: (emission, node) => {
    const { x, indices } = named(node);
    if (node.attributes.batchDims) throw new Error('GatherV2 with batch dimensions');
    const axis = axisOf(emission, node, x);
    emission.set(node.outputs[0], emission.graph.add('Gather', [emission.get(x), emission.get(indices)], { axis }));
  },
  UnsortedSegmentSum: (emission, node) => {
    // rows that belong together are added: a product with a matrix that has a one where they do
    const { x, segmentIds } = named(node);
    const [output] = node.outputs;
    const [rows] = emission.shape(segmentIds);
    if (emission.shape(segmentIds).length !== 1) throw new Error('UnsortedSegmentSum of more than one axis');
    const segments = Number(node.attributes.numSegments);
    const { graph } = emission;
    const belongs = oneHot(emission, emission.get(segmentIds), segments, 1, 0);
    const flat = emission.reshape(emission.get(x), [rows, -1]);
    const sums = graph.add('Gemm', [belongs, flat], { transA: 1 });
    emission.set(output, emission.reshape(sums, emission.shape(output)));
  },
  OneHot: (emission, node) => {
    const { indices } = named(node);
    const [output] = node.outputs;
    const { depth, onValue, offValue } = node.attributes as Record<string, number>;
    const made = oneHot(emission, emission.get(indices), depth, onValue, offValue);
    emission.set(output, emission.dtype(output) === 'float32' ? made : emission.cast(made, emission.dtype(output)));
  },
  Fill: (emission, node) => {
    const [output] = node.outputs;
    const value = emission.literal(Number(node.attributes.value), emission.dtype(output));
    emission.set(output, emission.graph.add('Expand', [value, emission.graph.integers(emission.shape(output))]));
  },
  ZerosLike: (emission, node) => fillLike(emission, node, 0),
  OnesLike: (emission, node) => fillLike(emission, node, 1),
  Range: (emission, node) => {
    const [output] = node.outputs;
    const { start, step } = node.attributes as Record<string, number>;
    const values = emission.shape(output).flatMap((size) => Array.from({ length: size }, (_, i) => start + i * step));
    const data = emission.dtype(output) === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
    emission.set(output, emission.graph.constant(emission.dtype(output), [values.length], data));
  },
};

function fillLike(emission: Emission, node: Node, value: number): void {
  const [output] = node.outputs;
  const one = emission.literal(value, emission.dtype(output));
  emission.set(output, emission.graph.add('Expand', [one, emission.graph.integers(emission.shape(output))]));
}

function oneHot({ graph }: Emission, indices: string, depth: number, on: number, off: number): string {
  const places = graph.add('Cast', [indices], { to: 7 });
  const size = graph.constant('int64', [], BigInt64Array.of(BigInt(depth)));
  return graph.add('OneHot', [places, size, graph.constant('float32', [2], Float32Array.of(off, on))], { axis: -1 });
}
