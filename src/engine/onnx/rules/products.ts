import type { Node } from '../../program/program.ts';
import { type Emission, type EmitRule, named } from '../emission.ts';
import { real } from '../graph.ts';

const activations: Record<string, string> = { relu: 'Relu', sigmoid: 'Sigmoid', elu: 'Elu', tanh: 'Tanh' };

/** The activation that a fused kernel ends with. */
export function activate(
  { graph }: Emission,
  name: string,
  { activation, leakyreluAlpha }: Node['attributes'],
): string {
  if (!activation || activation === 'linear') return name;
  if (activation === 'leakyrelu') return graph.add('LeakyRelu', [name], { alpha: real(Number(leakyreluAlpha)) });
  if (activation === 'relu6') return graph.add('Clip', [name, graph.scalar(0), graph.scalar(6)]);
  const operator = activations[String(activation)];
  if (!operator) throw new Error(`the activation ${activation} of a fused kernel`);
  return graph.add(operator, [name]);
}

/** A bias of the kernel's own, or one that the next operation adds. */
export function biasOf(emission: Emission, node: Node): { bias?: string; output: number } {
  const [output] = node.outputs;
  const { bias } = named(node);
  if (bias !== undefined) return { bias: emission.get(bias), output };
  if (node.attributes.activation && node.attributes.activation !== 'linear') return { output };
  return emission.takeBias(output) ?? { output };
}

const product: EmitRule = (emission, node) => {
  const { a, b } = named(node);
  const transA = node.attributes.transposeA ? 1 : 0;
  const transB = node.attributes.transposeB ? 1 : 0;
  const operands = [emission.get(a), emission.get(b)];
  const flat = emission.shape(a).length === 2 && emission.shape(b).length === 2;
  const { bias, output } = biasOf(emission, node);
  const { graph } = emission;
  let result: string;
  if (flat && (bias || transA || transB)) {
    result = graph.add('Gemm', [...operands, ...(bias ? [bias] : [])], { transA, transB });
  } else {
    result =
      transA || transB
        ? graph.add('FusedMatMul', operands, { transA, transB }, 'com.microsoft')
        : graph.add('MatMul', operands);
    if (bias) result = graph.add('Add', [result, bias]);
  }
  emission.set(output, activate(emission, result, node.attributes));
};

export const products: Record<string, EmitRule> = { BatchMatMul: product, _FusedMatMul: product };
