import { type Program, volume } from './program.ts';

/**
 * Threads for a program: all there are for a big one, this one alone for a small one.
 *
 * @param worthSharing multiplications of a run below which waking other threads costs more than they bring
 */
export function threadsFor(program: Program, threads: number, worthSharing = 2e6): number {
  return multiplications(program) < worthSharing ? 1 : threads;
}

/** Of its products and convolutions; the rest is small beside them, or small altogether. */
function multiplications({ nodes, values }: Program): number {
  return nodes.reduce((sum, { kernel, inputs, outputs, attributes }) => {
    const size = (id: number | readonly number[] | undefined) =>
      typeof id === 'number' ? volume(values[id].shape) : 0;
    const result = size(outputs[0]);
    if (kernel === 'BatchMatMul' || kernel === '_FusedMatMul') {
      const a = values[inputs.a as number].shape;
      return sum + result * a.at(attributes.transposeA ? -2 : -1)!;
    }
    if (!kernel.includes('Conv')) return sum + result;
    // every element of the larger picture meets a part of the filter
    const filter = inputs.filter === undefined ? result : size(inputs.filter);
    const picture = Math.max(size(inputs.x), size(inputs.dy), result);
    const channels = values[(inputs.x ?? inputs.dy) as number].shape.at(-1)!;
    return sum + (picture * filter) / channels;
  }, 0);
}
