import { axesOf } from '../../program/shapes.ts';
import { volume } from '../../training/types.ts';
import { named, type Rule } from '../lowering.ts';
import type { Reduction } from '../operations.ts';

const reduction =
  (kind: Reduction, isMean = false): Rule =>
  (lowering, node) => {
    const x = lowering.get(named(node).x);
    const { axis, reductionIndices } = node.attributes;
    const axes = axesOf(reductionIndices ?? axis, x.shape.length);
    const [output] = node.outputs;
    const scale = isMean ? 1 / volume(axes.map((a) => x.shape[a])) : 1;
    lowering.set(output, axes.length === 0 ? x : lowering.reduce(kind, x, axes, scale));
  };

const softmax =
  (logarithmic: boolean): Rule =>
  (lowering, node) => {
    const x = lowering.get(named(node).logits);
    const { shape } = x;
    const last = shape.length - 1;
    const perRow = shape.with(last, 1);
    const largest = lowering.reshaped(lowering.reduce('maximum', x, [last]), perRow);
    const centred = lowering.elementwise('subtract', [x, largest], shape);
    const powers = lowering.elementwise('exponential', [centred], shape);
    const sum = lowering.reshaped(lowering.reduce('sum', powers, [last]), perRow);
    const result = logarithmic
      ? lowering.elementwise('subtract', [centred, lowering.elementwise('logarithm', [sum], perRow)], shape)
      : lowering.elementwise('divide', [powers, sum], shape);
    lowering.set(node.outputs[0], result);
  };

export const reductions: Record<string, Rule> = {
  Sum: reduction('sum'),
  Mean: reduction('sum', true),
  Max: reduction('maximum'),
  Min: reduction('minimum'),
  Prod: reduction('product'),
  All: reduction('minimum'),
  Any: reduction('maximum'),
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
};
