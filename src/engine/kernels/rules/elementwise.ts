import type { Node } from '../../program/program.ts';
import { type Lowering, named, type Rule, type Tensor } from '../lowering.ts';
import type { Elementwise } from '../operations.ts';

/** tfjs kernels of one input by what they do to each element. */
const unary: Record<string, Elementwise> = {
  Abs: 'absolute',
  Acos: 'acos',
  Acosh: 'acosh',
  Asin: 'asin',
  Asinh: 'asinh',
  Atan: 'atan',
  Atanh: 'atanh',
  Ceil: 'ceil',
  Cos: 'cos',
  Cosh: 'cosh',
  Elu: 'elu',
  Erf: 'erf',
  Exp: 'exponential',
  Expm1: 'expm1',
  Floor: 'floor',
  IsFinite: 'isFinite',
  IsInf: 'isInf',
  IsNan: 'isNan',
  Log: 'logarithm',
  Log1p: 'log1p',
  LogicalNot: 'logicalNot',
  Neg: 'negate',
  Reciprocal: 'reciprocal',
  Relu: 'relu',
  Relu6: 'relu6',
  Round: 'round',
  Rsqrt: 'reciprocalRoot',
  Selu: 'selu',
  Sigmoid: 'sigmoid',
  Sign: 'sign',
  Sin: 'sin',
  Sinh: 'sinh',
  Softplus: 'softplus',
  Sqrt: 'squareRoot',
  Square: 'square',
  Tan: 'tan',
  Tanh: 'tanh',
};

/** tfjs kernels of two inputs, a and b. */
const binary: Record<string, Elementwise> = {
  Add: 'add',
  Atan2: 'arcTangent2',
  Equal: 'equal',
  FloorDiv: 'floorDivide',
  Greater: 'greater',
  GreaterEqual: 'greaterEqual',
  Less: 'less',
  LessEqual: 'lessEqual',
  LogicalAnd: 'logicalAnd',
  LogicalOr: 'logicalOr',
  Maximum: 'maximum',
  Minimum: 'minimum',
  Mod: 'modulo',
  Multiply: 'multiply',
  NotEqual: 'notEqual',
  Pow: 'power',
  RealDiv: 'divide',
  SquaredDifference: 'squaredDifference',
  Sub: 'subtract',
};

const onEach =
  (operation: Elementwise, names: readonly string[], parameters: (node: Node) => number[] = () => []): Rule =>
  (lowering, node) => {
    const inputs = names.map((name) => lowering.get(named(node)[name]));
    const [output] = node.outputs;
    lowering.set(output, lowering.elementwise(operation, inputs, lowering.shape(output), parameters(node)));
  };

const select: Rule = (lowering, node) => {
  const { condition, t, e } = named(node);
  const [output] = node.outputs;
  const shape = lowering.shape(output);
  let chosen = lowering.get(condition);
  // a vector chooses whole rows
  if (chosen.shape.length === 1 && shape.length > 1) {
    chosen = lowering.reshaped(
      chosen,
      shape.map((size, axis) => (axis === 0 ? size : 1)),
    );
  }
  const inputs = [chosen, lowering.get(t), lowering.get(e)];
  lowering.set(output, lowering.elementwise('select', inputs, shape));
};

const cast: Rule = (lowering, node) => {
  const { x } = named(node);
  const [output] = node.outputs;
  const [from, to] = [lowering.value(x).dtype, lowering.value(output).dtype];
  const input = lowering.get(x);
  if (to === 'bool' && from !== 'bool') lowering.set(output, lowering.elementwise('truth', [input], input.shape));
  else if (to === 'int32' && from === 'float32') {
    lowering.set(output, lowering.elementwise('truncate', [input], input.shape));
  } else lowering.set(output, input);
};

const addAll: Rule = (lowering, node) => {
  const [first, ...rest] = (node.inputs.list as number[]).map((id) => lowering.get(id));
  const sum = rest.reduce((total, next) => lowering.elementwise('add', [total, next], first.shape), first);
  lowering.set(node.outputs[0], sum);
};

const normalize: Rule = (lowering, node) => {
  const { x, mean, variance, scale, offset } = named(node);
  const input = lowering.get(x);
  const { shape } = input;
  const per = (operation: Elementwise, a: Tensor, b: Tensor) => lowering.elementwise(operation, [a, b], a.shape);
  const epsilon = lowering.number(Number(node.attributes.varianceEpsilon));
  const spread = per('add', lowering.get(variance), epsilon);
  let factor = lowering.elementwise('reciprocalRoot', [spread], spread.shape);
  if (scale !== undefined) factor = per('multiply', factor, lowering.get(scale));
  const centred = lowering.elementwise('subtract', [input, lowering.get(mean)], shape);
  let result = lowering.elementwise('multiply', [centred, factor], shape);
  if (offset !== undefined) result = lowering.elementwise('add', [result, lowering.get(offset)], shape);
  lowering.set(node.outputs[0], result);
};

const activations: Record<string, Elementwise> = {
  relu: 'relu',
  relu6: 'relu6',
  sigmoid: 'sigmoid',
  elu: 'elu',
  tanh: 'tanh',
  leakyrelu: 'leakyRelu',
};

/** What a fused kernel does after its product or convolution. */
export function finish(lowering: Lowering, node: Node, result: Tensor): void {
  const [output] = node.outputs;
  const shape = lowering.shape(output);
  const { bias, preluActivationWeights } = named(node);
  let x = lowering.reshaped(result, shape);
  if (bias !== undefined) x = lowering.elementwise('add', [x, lowering.get(bias)], shape);
  const activation = node.attributes.activation as string | undefined;
  if (activation === 'prelu') {
    x = lowering.elementwise('prelu', [x, lowering.get(preluActivationWeights)], shape);
  } else if (activation && activation !== 'linear') {
    const operation = activations[activation];
    if (!operation) throw new Error(`the activation ${activation}`);
    x = lowering.elementwise(operation, [x], shape, [Number(node.attributes.leakyreluAlpha ?? 0)]);
  }
  lowering.set(output, x);
}

export const elementwise: Record<string, Rule> = {
  ...Object.fromEntries(Object.entries(unary).map(([kernel, operation]) => [kernel, onEach(operation, ['x'])])),
  ...Object.fromEntries(Object.entries(binary).map(([kernel, operation]) => [kernel, onEach(operation, ['a', 'b'])])),
  Step: onEach('step', ['x'], ({ attributes }) => [Number(attributes.alpha ?? 0)]),
  LeakyRelu: onEach('leakyRelu', ['x'], ({ attributes }) => [Number(attributes.alpha ?? 0.2)]),
  ClipByValue: onEach('clip', ['x'], ({ attributes: { clipValueMin, clipValueMax } }) => [
    Number(clipValueMin),
    Number(clipValueMax),
  ]),
  Prelu: onEach('prelu', ['x', 'alpha']),
  EluGrad: onEach('eluGradient', ['dy', 'y']),
  Select: select,
  Cast: cast,
  AddN: addAll,
  FusedBatchNorm: normalize,
};
