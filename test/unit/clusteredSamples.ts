import { NdArray } from 'aenb';

/** A linear congruential generator, so that the same numbers are easily made in Python. */
export function uniform(n: number, seed: number): Float64Array {
  let state = BigInt(seed);
  return Float64Array.from({ length: n }, () => {
    state = (1_103_515_245n * state + 12_345n) % 2n ** 31n;
    return Number(state) / 2 ** 31;
  });
}

/** 200 samples of 3 values whose first one says the cluster, of five. */
export function clusteredSamples(): { x: NdArray; clusters: Int32Array } {
  const clusters = Int32Array.from(uniform(400, 1).subarray(200), (value) => Math.floor(value * 5));
  const values = uniform(600, 3);
  clusters.forEach((cluster, i) => {
    values[3 * i] += cluster;
  });
  return { x: new NdArray(Float32Array.from(values), [200, 3]), clusters };
}
