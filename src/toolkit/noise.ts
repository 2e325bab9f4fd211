import * as tf from '@tensorflow/tfjs';
import { type StepRandom, stepRandom } from '../engine/index.ts';
import { NdArray, type PlainSamples } from './ndarray.ts';
import { Random } from './random.ts';
import { checkNumber, show } from './validate.ts';

/** A corruption of inputs: pass it to any model's `noise`, which then learns to undo it, or apply it to data. */
export interface Noise {
  readonly kind: string;
  /** Its strength, as given; saved with the model. */
  readonly amount: number;
  /** What corrupted values are cut to, if anything. */
  readonly clip?: readonly [low: number, high: number];
  /** A corrupted copy; the same seed corrupts alike. Shape as x. */
  apply(x: PlainSamples, seed?: number): NdArray;
  /** A corrupted copy as a tensor, which the caller disposes. Shape as x. */
  corrupt(x: tf.Tensor, seed: number): tf.Tensor;
}

/** How a kind of noise corrupts: tensors inside a training step, and plain memory. */
interface Corruption {
  tensors(x: tf.Tensor, random: StepRandom, amount: number): tf.Tensor;
  values(x: Float32Array, random: Random, amount: number): Float32Array;
}

const corruptions = {
  gaussian: {
    tensors: (x, random, std) => x.add(random.normal(x.shape).mul(std)),
    values: (x, random, std) => random.fillNormal(new Float32Array(x.length)).map((noise, i) => x[i] + std * noise),
  },
  masking: {
    tensors: (x, random, probability) => x.mul(random.bernoulli(x.shape, 1 - probability)),
    values: (x, random, probability) => x.map((value) => (random.uniform() < 1 - probability ? value : 0)),
  },
  saltPepper: {
    tensors(x, random, probability) {
      // one uniform number decides: below p/2 black, below p white, else the value itself
      const chance = random.uniform(x.shape);
      const saltOrClean = tf.where(chance.less(probability), tf.onesLike(x), x);
      return tf.where(chance.less(probability / 2), tf.zerosLike(x), saltOrClean);
    },
    values: (x, random, probability) =>
      x.map((value) => {
        const chance = random.uniform();
        return chance < probability / 2 ? 0 : chance < probability ? 1 : value;
      }),
  },
} satisfies Record<string, Corruption>;
export type NoiseKind = keyof typeof corruptions;

/**
 * Adds normal noise of this standard deviation to every value, in the data's unit.
 *
 * @param clip what the result is cut to, such as [0, 1] for pixels; default: nothing is cut
 */
export function gaussianNoise(std: number, { clip }: { clip?: readonly [number, number] } = {}): Noise {
  checkNumber('std', std, { from: 0 });
  if (clip !== undefined) {
    if (!Array.isArray(clip) || clip.length !== 2) throw new TypeError(`clip must be [low, high], got ${show(clip)}`);
    checkNumber('clip[1]', clip[1], { above: checkNumber('clip[0]', clip[0]) });
  }
  return makeNoise('gaussian', std, clip);
}

/** Sets every value to 0 with this probability. Source: Vincent et al. 2008. */
export function maskingNoise(probability: number): Noise {
  return makeNoise('masking', checkNumber('probability', probability, { from: 0, to: 1 }));
}

/** Sets every value, with this probability, to 0 or to 1, whichever a coin says. For data in [0, 1]. */
export function saltPepperNoise(probability: number): Noise {
  return makeNoise('saltPepper', checkNumber('probability', probability, { from: 0, to: 1 }));
}

/** @internal */
export function makeNoise(kind: NoiseKind, amount: number, clip?: readonly [number, number]): Noise {
  return {
    kind,
    amount,
    ...(clip && { clip }),
    apply(x, seed = 0) {
      const clean = NdArray.from(x);
      const values = corruptions[kind].values(clean.data, new Random(seed, 'noise'), amount);
      const cut = clip ? values.map((value) => Math.min(clip[1], Math.max(clip[0], value))) : values;
      return new NdArray(cut, clean.shape);
    },
    corrupt: (x, seed) => tf.tidy(() => corruptTensor(kind, x, stepRandom(seed, 0), amount, clip)),
  };
}

function corruptTensor(
  kind: NoiseKind,
  x: tf.Tensor,
  random: StepRandom,
  amount: number,
  clip: readonly [number, number] | undefined,
): tf.Tensor {
  const corrupted = corruptions[kind].tensors(x, random, amount);
  return clip ? corrupted.clipByValue(...clip) : corrupted;
}

export function isNoiseKind(kind: unknown): kind is NoiseKind {
  return typeof kind === 'string' && Object.hasOwn(corruptions, kind);
}

/** The corruption inside a training step, whose randomness is the step's. */
export function corruptInStep(noise: Noise, x: tf.Tensor, random: StepRandom, step: number): tf.Tensor {
  if (!isNoiseKind(noise.kind)) return noise.corrupt(x, step);
  return corruptTensor(noise.kind, x, random, noise.amount, noise.clip);
}
