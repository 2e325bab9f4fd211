import type { Node } from './program.ts';
import { NotCompilable } from './trace.ts';

/** What an engine makes of a kernel of tfjs: written to `target`. */
export type RuleFor<Target> = (target: Target, node: Node) => void;

/** A node's inputs by name, for rules that know which there are. */
export function named(node: Node): Record<string, number> {
  return node.inputs as Record<string, number>;
}

/**
 * Applies the rule for a node's kernel.
 *
 * @param who knows the rules, for the reason why there is none
 * @throws NotCompilable if there is none, or if it can't do what the node asks for
 */
export function applyRule<Target>(
  who: string,
  rules: Record<string, RuleFor<Target>>,
  target: Target,
  node: Node,
): void {
  const rule = rules[node.kernel];
  if (!rule) throw new NotCompilable(`${who} can't do ${node.kernel}`);
  try {
    rule(target, node);
  } catch (error) {
    throw new NotCompilable(`${who} can't do ${node.kernel} here: ${(error as Error).message}`);
  }
}
