import { type Emission, type EmitRule, named } from '../emission.ts';
import { real } from '../graph.ts';

/** tfjs kernel of one input to ONNX operator. */
const unary = {
  Abs: 'Abs',
  Acos: 'Acos',
  Acosh: 'Acosh',
  Asin: 'Asin',
  Asinh: 'Asinh',
  Atan: 'Atan',
  Atanh: 'Atanh',
  Ceil: 'Ceil',
  Cos: 'Cos',
  Cosh: 'Cosh',
  Elu: 'Elu',
  Erf: 'Erf',
  Exp: 'Exp',
  Floor: 'Floor',
  IsNan: 'IsNaN',
  IsInf: 'IsInf',
  Log: 'Log',
  LogicalNot: 'Not',
  Neg: 'Neg',
  Reciprocal: 'Reciprocal',
  Relu: 'Relu',
  Round: 'Round',
  Sigmoid: 'Sigmoid',
  Sign: 'Sign',
  Sin: 'Sin',
  Sinh: 'Sinh',
  Softplus: 'Softplus',
  Sqrt: 'Sqrt',
  Tan: 'Tan',
  Tanh: 'Tanh',
};

/** tfjs kernel of two inputs to ONNX operator. */
const binary = {
  Add: 'Add',
  Sub: 'Sub',
  Multiply: 'Mul',
  RealDiv: 'Div',
  Maximum: 'Max',
  Minimum: 'Min',
  Pow: 'Pow',
  Greater: 'Greater',
  GreaterEqual: 'GreaterOrEqual',
  Less: 'Less',
  LessEqual: 'LessOrEqual',
  Equal: 'Equal',
  LogicalAnd: 'And',
  LogicalOr: 'Or',
};

/** A rule for operations on each element of x alone. */
function onEach(
  write: (emission: Emission, x: string, attributes: Readonly<Record<string, unknown>>) => string,
): EmitRule {
  return (emission, node) => {
    const { x } = named(node);
    const [output] = node.outputs;
    const layout = emission.layoutFor(output, [x]);
    emission.set(output, write(emission, emission.operand(x, layout), node.attributes), layout);
  };
}

/** A rule for operations on elements of inputs that are broadcast against each other. */
function onPairs(
  names: readonly string[],
  write: (emission: Emission, operands: string[], inputs: number[]) => string,
): EmitRule {
  return (emission, node) => {
    const inputs = names.map((name) => named(node)[name]);
    const [output] = node.outputs;
    const layout = emission.layoutFor(output, inputs);
    emission.set(output, write(emission, emission.operands(output, inputs, layout), inputs), layout);
  };
}

/** 1 where x > 0, else 0: a line too steep to have values between. */
function positive({ graph }: Emission, x: string): string {
  return graph.add('HardSigmoid', [x], { alpha: real(3e38), beta: real(0) });
}

export const elementwise: Record<string, EmitRule> = {
  ...Object.fromEntries(
    Object.entries(unary).map(([kernel, operator]) => [kernel, onEach(({ graph }, x) => graph.add(operator, [x]))]),
  ),
  ...Object.fromEntries(
    Object.entries(binary).map(([kernel, operator]) => [
      kernel,
      onPairs(['a', 'b'], ({ graph }, operands) => graph.add(operator, operands)),
    ]),
  ),
  NotEqual: onPairs(['a', 'b'], ({ graph }, operands) => graph.add('Not', [graph.add('Equal', operands)])),
  SquaredDifference: onPairs(['a', 'b'], ({ graph }, operands) => {
    const difference = graph.add('Sub', operands);
    return graph.add('Mul', [difference, difference]);
  }),
  FloorDiv: onPairs(['a', 'b'], (emission, operands, [a]) => {
    if (emission.dtype(a) !== 'float32') throw new Error('FloorDiv of integers');
    return emission.graph.add('Floor', [emission.graph.add('Div', operands)]);
  }),
  Mod: onPairs(['a', 'b'], ({ graph }, [a, b]) =>
    // the sign is the divisor's
    graph.add('Sub', [a, graph.add('Mul', [b, graph.add('Floor', [graph.add('Div', [a, b])])])]),
  ),
  Prelu: onPairs(['x', 'alpha'], ({ graph }, operands) => graph.add('PRelu', operands)),
  Select: (emission, node) => {
    const { condition, t, e } = named(node);
    const [output] = node.outputs;
    const layout = emission.layoutFor(output, [condition, t, e]);
    if (emission.shape(condition).length === 1 && emission.shape(output).length > 1) {
      // a vector chooses whole rows
      const rows = emission.shape(output).map((size, axis) => (axis === 0 ? size : 1));
      const chosen = emission.reshape(emission.get(condition), rows);
      emission.set(output, emission.graph.add('Where', [chosen, emission.get(t), emission.get(e)]));
      return;
    }
    const operands = [condition, t, e].map((id) => emission.operand(id, layout));
    emission.set(output, emission.graph.add('Where', operands), layout);
  },
  EluGrad: onPairs(['dy', 'y'], ({ graph }, [dy, y]) =>
    graph.add('Mul', [dy, graph.add('Add', [graph.add('Min', [y, graph.scalar(0)]), graph.scalar(1)])]),
  ),
  Square: onEach(({ graph }, x) => graph.add('Mul', [x, x])),
  Rsqrt: onEach(({ graph }, x) => graph.add('Reciprocal', [graph.add('Sqrt', [x])])),
  Log1p: onEach(({ graph }, x) => graph.add('Log', [graph.add('Add', [x, graph.scalar(1)])])),
  Expm1: onEach(({ graph }, x) => graph.add('Sub', [graph.add('Exp', [x]), graph.scalar(1)])),
  Relu6: onEach(({ graph }, x) => graph.add('Clip', [x, graph.scalar(0), graph.scalar(6)])),
  Selu: onEach(({ graph }, x) =>
    graph.add('Selu', [x], { alpha: real(1.6732632423543772), gamma: real(1.0507009873554805) }),
  ),
  LeakyRelu: onEach(({ graph }, x, { alpha }) => graph.add('LeakyRelu', [x], { alpha: real(Number(alpha ?? 0.2)) })),
  ClipByValue: onEach(({ graph }, x, { clipValueMin, clipValueMax }) =>
    graph.add('Clip', [x, graph.scalar(Number(clipValueMin)), graph.scalar(Number(clipValueMax))]),
  ),
  IsFinite: onEach(({ graph }, x) =>
    graph.add('Not', [graph.add('Or', [graph.add('IsNaN', [x]), graph.add('IsInf', [x])])]),
  ),
  Step: onEach((emission, x, { alpha }) => {
    const step = positive(emission, x);
    const below = Number(alpha ?? 0);
    if (below === 0) return step;
    const { graph } = emission;
    return graph.add('Add', [graph.add('Mul', [step, graph.scalar(1 - below)]), graph.scalar(below)]);
  }),
  Cast: (emission, node) => {
    const { x } = named(node);
    const [output] = node.outputs;
    const layout = emission.layoutFor(output, [x]);
    emission.set(output, emission.cast(emission.operand(x, layout), emission.dtype(output)), layout);
  },
};
