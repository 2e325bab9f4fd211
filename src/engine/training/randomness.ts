/** Random numbers of training steps, the same on every engine: draw k of a step follows from (seed, step, k) alone. */
import * as tf from '@tensorflow/tfjs';
import type { Distribution } from '../program/program.ts';
import { streamKeys } from '../randomKeys.ts';
import { type Block, blockBytes, SimdMemory } from '../simd/memory.ts';
import { type StepRandom, volume } from './types.ts';

/** Fills a block with draw `draw` of a step. */
export function fillDraw(
  { routines }: SimdMemory,
  { address, values }: Block,
  distribution: Distribution,
  key: { seed: number; step: number; draw: number },
): void {
  const [key0, key1] = streamKeys(key.seed, `step/${key.draw}`);
  const n = values.length;
  switch (distribution.name) {
    case 'normal':
      routines.fillNormal(address, n, key0, key1, key.step);
      break;
    case 'uniform':
      routines.fillUniform(address, n, key0, key1, key.step);
      break;
    case 'bernoulli':
      routines.fillBernoulli(address, n, distribution.p, key0, key1, key.step);
      break;
  }
}

let scratch: { memory: SimdMemory; block: Block } | undefined;

/** The same numbers as a tensor. */
export function drawTensor(
  shape: readonly number[],
  distribution: Distribution,
  key: { seed: number; step: number; draw: number },
): tf.Tensor {
  const n = volume(shape);
  if (!scratch || scratch.block.values.length < n) {
    const memory = new SimdMemory(blockBytes(n));
    scratch = { memory, block: memory.take(n) };
  }
  const { memory, block } = scratch;
  fillDraw(memory, { address: block.address, values: block.values.subarray(0, n) }, distribution, key);
  return tf.tensor(block.values.slice(0, n), [...shape]);
}

/** A step's randomness as tensors, for code that is not compiled. */
export function stepRandom(seed: number, step: number): StepRandom {
  let draw = 0;
  const next = (shape: number[], distribution: Distribution) =>
    drawTensor(shape, distribution, { seed, step, draw: draw++ });
  return randomOf(next);
}

/** The three kinds of draws by the one function that makes them. */
export function randomOf(draw: (shape: number[], distribution: Distribution) => tf.Tensor): StepRandom {
  return {
    normal: (shape) => draw(shape, { name: 'normal' }),
    uniform: (shape) => draw(shape, { name: 'uniform' }),
    bernoulli: (shape, p) => draw(shape, { name: 'bernoulli', p }),
  };
}
