/**
 * Gradients of activations. tfjs computes them in several operations, tfjs-node in up to five, each of which reads and
 * writes all elements; TensorFlow has an operation for each.
 */
import * as tf from '@tensorflow/tfjs';
import { type Node, type Program, sameShape, withoutDeadCode } from '../program/program.ts';
import { nodeBackend } from './binding.ts';

/** TensorFlow's operations by name, and their inputs in order. They are kernels of tfjs here, of this backend alone. */
const kernels = {
  /** dy where the ReLU's output is positive, else 0. */
  ReluGrad: ['gradients', 'features'],
  /** dy y (1 - y) */
  SigmoidGrad: ['y', 'dy'],
  /** dy (1 - y^2) */
  TanhGrad: ['y', 'dy'],
} as const;

let registered = false;

function register(): void {
  if (registered) return;
  registered = true;
  for (const [kernelName, names] of Object.entries(kernels)) {
    tf.registerKernel({
      kernelName,
      backendName: 'tensorflow',
      kernelFunc: ({ inputs }) => {
        const backend = nodeBackend();
        const { TF_ATTR_TYPE, TF_FLOAT } = backend.binding;
        const type = { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT };
        return backend.executeSingleOutput(
          kernelName,
          [type],
          names.map((name) => inputs[name]!),
        );
      },
    });
  }
}

/** The same program with one operation for the gradient of each ReLU, sigmoid and tanh. */
export function withGradientKernels(program: Program): Program {
  register();
  const makers = new Map<number, Node>();
  const nodes = program.nodes.map((node) => {
    const gradient = gradientOf(node, program, makers) ?? node;
    for (const output of gradient.outputs) makers.set(output, gradient);
    return gradient;
  });
  return withoutDeadCode({ ...program, nodes });
}

/** The operation that a product is, if it is the gradient of an activation. */
function gradientOf(product: Node, { values }: Program, makers: ReadonlyMap<number, Node>): Node | undefined {
  if (product.kernel !== 'Multiply') return undefined;
  const { a, b } = product.inputs as { a: number; b: number };
  const isOne = (id: number) => {
    const value = values[id];
    return value.kind === 'fill' && value.value === 1;
  };
  for (const [dy, slope] of [
    [a, b],
    [b, a],
  ]) {
    const maker = makers.get(slope);
    if (!maker || !sameShape(values[dy].shape, values[slope].shape)) continue;
    const inputs = maker.inputs as Record<string, number>;
    const made = (kernel: keyof typeof kernels, named: Node['inputs']): Node => ({
      kernel,
      inputs: named,
      attributes: {},
      outputs: product.outputs,
    });
    if (maker.kernel === 'Step' && !maker.attributes.alpha) {
      return made('ReluGrad', { gradients: dy, features: inputs.x });
    }
    if (maker.kernel === 'Multiply') {
      const rest = makers.get(inputs.b);
      const isSigmoid = rest?.kernel === 'Sub' && isOne(rest.inputs.a as number) && rest.inputs.b === inputs.a;
      if (isSigmoid) return made('SigmoidGrad', { y: inputs.a, dy });
    }
    if (maker.kernel === 'Sub' && isOne(inputs.a)) {
      const square = makers.get(inputs.b);
      if (square?.kernel === 'Square') return made('TanhGrad', { y: square.inputs.x, dy });
    }
  }
  return undefined;
}
