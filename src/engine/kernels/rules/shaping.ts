import * as tf from '@tensorflow/tfjs';
import { axesOf, strideInfo } from '../../program/shapes.ts';
import { volume } from '../../training/types.ts';
import { type Lowering, named, type Rule, stridesOf, type Tensor } from '../lowering.ts';

/** A part of x: where it begins, and its shape. */
function sliced(lowering: Lowering, x: Tensor, begin: readonly number[], shape: readonly number[]): Tensor {
  const strides = stridesOf(x.shape);
  const offset = begin.reduce((sum, start, axis) => sum + start * strides[axis], 0);
  const output = lowering.fresh(shape);
  lowering.copy(x.place, output.place, shape, strides, stridesOf(shape), offset);
  return output;
}

/** Writes x into a part of a larger place. */
function placed(lowering: Lowering, x: Tensor, target: Tensor, begin: readonly number[]): void {
  const strides = stridesOf(target.shape);
  const offset = begin.reduce((sum, start, axis) => sum + start * strides[axis], 0);
  lowering.copy(x.place, target.place, x.shape, stridesOf(x.shape), strides, 0, offset);
}

const same =
  (name: string): Rule =>
  (lowering, node) =>
    lowering.set(node.outputs[0], lowering.get(named(node)[name]));

const slice: Rule = (lowering, node) => {
  const x = lowering.get(named(node).x);
  const { begin, size } = node.attributes as { begin: number[]; size: number[] };
  const [start, shape] = tf.slice_util.parseSliceParams(
    { shape: [...x.shape], rank: x.shape.length } as tf.Tensor,
    begin,
    size,
  );
  lowering.set(node.outputs[0], sliced(lowering, x, start, shape));
};

const stridedSlice: Rule = (lowering, node) => {
  const x = lowering.get(named(node).x);
  const info = strideInfo(x.shape, node.attributes);
  const own = stridesOf(x.shape);
  const offset = info.begin.reduce((sum, start, axis) => sum + start * own[axis], 0);
  const output = lowering.fresh(info.finalShapeSparse);
  const from = own.map((stride, axis) => stride * info.strides[axis]);
  lowering.copy(x.place, output.place, output.shape, from, stridesOf(output.shape), offset);
  lowering.set(node.outputs[0], output);
};

const reverse: Rule = (lowering, node) => {
  const x = lowering.get(named(node).x);
  const axes = axesOf(node.attributes.dims, x.shape.length);
  const strides = stridesOf(x.shape);
  const from = strides.map((stride, axis) => (axes.includes(axis) ? -stride : stride));
  const offset = axes.reduce((sum, axis) => sum + strides[axis] * (x.shape[axis] - 1), 0);
  const output = lowering.fresh(x.shape);
  lowering.copy(x.place, output.place, x.shape, from, strides, offset);
  lowering.set(node.outputs[0], output);
};

const split: Rule = (lowering, node) => {
  const x = lowering.get(named(node).x);
  const [axis] = axesOf(node.attributes.axis, x.shape.length);
  let start = 0;
  for (const output of node.outputs) {
    const shape = lowering.shape(output);
    lowering.set(
      output,
      sliced(
        lowering,
        x,
        x.shape.map((_, a) => (a === axis ? start : 0)),
        shape,
      ),
    );
    start += shape[axis];
  }
};

const unpack: Rule = (lowering, node) => {
  const x = lowering.get(named(node).value);
  const [axis] = axesOf(node.attributes.axis, x.shape.length);
  node.outputs.forEach((output, i) => {
    const begin = x.shape.map((_, a) => (a === axis ? i : 0));
    lowering.set(output, sliced(lowering, x, begin, x.shape.with(axis, 1)));
  });
};

const concatenate: Rule = (lowering, node) => {
  const [output] = node.outputs;
  const whole = lowering.fresh(lowering.shape(output));
  const list = (node.inputs.list as number[]).map((id) => lowering.get(id));
  const [axis] = axesOf(node.attributes.axis, whole.shape.length);
  let start = 0;
  for (const part of list) {
    placed(
      lowering,
      part,
      whole,
      whole.shape.map((_, a) => (a === axis ? start : 0)),
    );
    start += part.shape[axis];
  }
  lowering.set(output, whole);
};

const pack: Rule = (lowering, node) => {
  const [output] = node.outputs;
  const whole = lowering.fresh(lowering.shape(output));
  const [axis] = axesOf(node.attributes.axis, whole.shape.length);
  (node.inputs.list as number[]).forEach((id, i) => {
    const part = lowering.reshaped(lowering.get(id), whole.shape.with(axis, 1));
    placed(
      lowering,
      part,
      whole,
      whole.shape.map((_, a) => (a === axis ? i : 0)),
    );
  });
  lowering.set(output, whole);
};

const pad: Rule = (lowering, node) => {
  const [output] = node.outputs;
  const { paddings, constantValue } = node.attributes as { paddings: [number, number][]; constantValue: number };
  const whole = lowering.broadcast(lowering.number(constantValue ?? 0), lowering.shape(output));
  placed(
    lowering,
    lowering.get(named(node).x),
    whole,
    paddings.map(([before]) => before),
  );
  lowering.set(output, whole);
};

const tile: Rule = (lowering, node) => {
  const x = lowering.get(named(node).x);
  const [output] = node.outputs;
  const reps = node.attributes.reps as number[];
  const strides = stridesOf(x.shape);
  const shape = x.shape.flatMap((size, axis) => [reps[axis], size]);
  const whole = lowering.fresh(lowering.shape(output));
  const from = strides.flatMap((stride) => [0, stride]);
  lowering.copy(x.place, whole.place, shape, from, stridesOf(shape));
  lowering.set(output, whole);
};

const range: Rule = (lowering, node) => {
  const [output] = node.outputs;
  const shape = lowering.shape(output);
  const { start, step } = node.attributes as { start: number; step: number };
  lowering.set(
    output,
    lowering.constant(
      Float32Array.from({ length: volume(shape) }, (_, i) => start + i * step),
      shape,
    ),
  );
};

export const shaping: Record<string, Rule> = {
  Reshape: same('x'),
  ExpandDims: same('input'),
  Transpose: (lowering, node) =>
    lowering.set(node.outputs[0], lowering.transpose(lowering.get(named(node).x), node.attributes.perm as number[])),
  BroadcastTo: (lowering, node) =>
    lowering.set(node.outputs[0], lowering.broadcast(lowering.get(named(node).x), lowering.shape(node.outputs[0]))),
  Slice: slice,
  StridedSlice: stridedSlice,
  Reverse: reverse,
  SplitV: split,
  Unpack: unpack,
  Concat: concatenate,
  Pack: pack,
  PadV2: pad,
  Tile: tile,
  Range: range,
};
