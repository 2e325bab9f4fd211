/** A Program as an ONNX graph. */
import { applyRule, type Program } from '../program/index.ts';
import { Emission } from './emission.ts';
import type { OnnxGraph } from './graph.ts';
import { convolutions } from './rules/convolutions.ts';
import { elementwise } from './rules/elementwise.ts';
import { images } from './rules/images.ts';
import { products } from './rules/products.ts';
import { reductions } from './rules/reductions.ts';
import { shaping } from './rules/shaping.ts';

const rules = { ...elementwise, ...reductions, ...shaping, ...products, ...convolutions, ...images };

/** Names of the graph's inputs. */
export const inputName = {
  variable: (index: number) => `variable${index}`,
  random: (index: number) => `random${index}`,
  feed: (name: string) => `feed_${name}`,
};

export interface EmitOptions {
  /** A size of the first axis that stands for any number of samples. */
  readonly freeBatch?: number;
  /** Names of the graph's inputs for the program's feeds. */
  readonly feedName?: (name: string) => string;
}

/**
 * Inputs: variables, feeds and random numbers by `inputName`. Outputs as the program names them.
 *
 * @throws NotCompilable if there is no rule for what a node does
 */
export function emit(program: Program, { freeBatch, feedName = inputName.feed }: EmitOptions = {}): OnnxGraph {
  const emission = new Emission(program, freeBatch);
  const { graph } = emission;
  program.values.forEach((value, id) => {
    const { shape, dtype } = value;
    if (value.kind === 'variable') emission.set(id, graph.input(inputName.variable(value.index), dtype, shape));
    if (value.kind === 'feed') emission.set(id, graph.input(feedName(value.name), dtype, emission.port(shape)));
    if (value.kind === 'random') emission.set(id, graph.input(inputName.random(value.index), dtype, shape));
  });
  for (const node of program.nodes) if (!emission.isDone(node)) applyRule("the engine 'onnx'", rules, emission, node);
  for (const [name, id] of Object.entries(program.outputs)) {
    const { shape, dtype } = program.values[id];
    graph.output(name, emission.get(id), dtype, emission.port(shape));
  }
  return graph;
}
