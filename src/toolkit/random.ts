/**
 * All randomness of the toolkit. A counter-based generator: the n-th number of a stream follows from (seed, stream, n)
 * alone, so any engine, on any machine, in any order, gets the same ones.
 *
 * Threefry-2x32 with 20 rounds. Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
 */
import { streamKeys } from '../engine/index.ts';

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const parity = 0x1bd11bda;

/** One block: two 32-bit words out of a two-word key and a two-word counter, written to `out`. */
export function threefry2x32(key0: number, key1: number, counter0: number, counter1: number, out: Uint32Array): void {
  const key2 = parity ^ key0 ^ key1;
  let a = (counter0 + key0) | 0;
  let b = (counter1 + key1) | 0;
  for (let group = 0; group < 5; group++) {
    const first = (group & 1) * 4;
    for (let round = first; round < first + 4; round++) {
      a = (a + b) | 0;
      const r = rotations[round];
      b = ((b << r) | (b >>> (32 - r))) ^ a;
    }
    // the key words take turns; the group's number goes in too, against symmetry
    const turn = (group + 1) % 3;
    a = (a + (turn === 0 ? key0 : turn === 1 ? key1 : key2)) | 0;
    b = (b + (turn === 0 ? key1 : turn === 1 ? key2 : key0) + group + 1) | 0;
  }
  out[0] = a;
  out[1] = b;
}

/** One stream of random numbers. */
export class Random {
  readonly #key0: number;
  readonly #key1: number;
  readonly #index: number;
  #block = 0;
  #taken = 2;
  readonly #words = new Uint32Array(2);

  /**
   * @param seed an integer from 0 up
   * @param stream what the numbers are for, so that shuffles and weights of one seed share nothing
   * @param index which of the stream's sequences, such as the step or the epoch; below 2^32
   */
  constructor(seed: number, stream: string, index = 0) {
    [this.#key0, this.#key1] = streamKeys(seed, stream);
    this.#index = index;
  }

  /** 32 random bits. */
  word(): number {
    if (this.#taken === 2) {
      threefry2x32(this.#key0, this.#key1, this.#block++, this.#index, this.#words);
      this.#taken = 0;
    }
    return this.#words[this.#taken++];
  }

  /** Uniform in [0, 1), 24 bits, exact in 32-bit floats. */
  uniform(): number {
    return (this.word() >>> 8) * 2 ** -24;
  }

  /** Uniform integer in [0, limit). */
  integer(limit: number): number {
    // 53 bits, so that no limit below 2^32 is noticeably uneven
    return Math.floor(((this.word() * 2 ** 21 + (this.word() >>> 11)) / 2 ** 53) * limit);
  }

  /** Standard normal by Box and Muller's transform. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  fillUniform(out: Float32Array): Float32Array {
    for (let i = 0; i < out.length; i++) out[i] = this.uniform();
    return out;
  }

  fillNormal(out: Float32Array): Float32Array {
    for (let i = 0; i < out.length; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
      const angle = 2 * Math.PI * this.uniform();
      out[i] = radius * Math.cos(angle);
      if (i + 1 < out.length) out[i + 1] = radius * Math.sin(angle);
    }
    return out;
  }

  /** 1 with probability p, else 0. */
  fillBernoulli(out: Float32Array, p: number): Float32Array {
    for (let i = 0; i < out.length; i++) out[i] = this.uniform() < p ? 1 : 0;
    return out;
  }

  /** 0 … n - 1 in random order (Fisher and Yates). */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    return order;
  }
}

/** A seed for who gave none; the Run records it, so that the run can be repeated. */
export function freshSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}
