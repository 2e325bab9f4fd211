/** A program as the operations of our kernels. */
import { applyRule, type Program } from '../program/index.ts';
import type { Bindings } from '../training/index.ts';
import { Lowering, type Memory, type Rule } from './lowering.ts';
import type { Operation } from './operations.ts';
import { elementwise } from './rules/elementwise.ts';
import { images } from './rules/images.ts';
import { products } from './rules/products.ts';
import { reductions } from './rules/reductions.ts';
import { shaping } from './rules/shaping.ts';

/** How the kernels of tfjs are lowered to ours. */
const rules: Record<string, Rule> = { ...elementwise, ...products, ...reductions, ...shaping, ...images };

/**
 * A program's operations, in their order.
 *
 * @throws NotCompilable if one of its nodes is not among what our kernels do
 */
export function lower(program: Program, memory: Memory): Operation[] {
  const lowering = new Lowering(program, memory);
  for (const node of program.nodes) applyRule('our own kernels', rules, lowering, node);
  return lowering.finish();
}

/** What a program is bound to, as the kernels know it: floats. */
export function memoryOf({
  variables,
  feeds,
  randoms,
  outputs,
}: Bindings): Pick<Memory, 'variables' | 'feeds' | 'randoms' | 'outputs'> {
  const floats = Object.entries(feeds).map(([name, { values }]) => {
    return [name, values instanceof Float32Array ? values : Float32Array.from(values)] as const;
  });
  return {
    variables,
    feeds: Object.fromEntries(floats),
    randoms,
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, { values }]) => [name, values])),
  };
}
