/** From everything that counts as samples to plain rows of numbers. */
import { type Samples, toNdArray } from '../ndarray.ts';

/** Row-major values with a shape: an NdArray, as far as plots look at it. */
export interface Rows {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Anything that holds samples: an NdArray, a tensor, nested or flat arrays, a data set. */
export type SamplesLike = Samples | Rows | DrawnDataset;

/** The parts of a data set that plots use. */
export interface DrawnDataset {
  readonly x: Rows;
  readonly y?: ArrayLike<number>;
  readonly labels?: readonly string[];
  readonly imageShape?: readonly [number, number, number];
}

export function isDataset(value: unknown): value is DrawnDataset {
  return typeof value === 'object' && value !== null && isRows((value as DrawnDataset).x);
}

export function isRows(value: unknown): value is Rows {
  const rows = value as Rows | undefined;
  return rows?.data instanceof Float32Array && Array.isArray(rows.shape);
}

/**
 * Samples as rows.
 *
 * @throws TypeError if it holds no samples or rows differ in length
 */
export async function toRows(samples: SamplesLike, name: string): Promise<Rows> {
  if (isDataset(samples)) return samples.x;
  if (isRows(samples)) return samples;
  try {
    return await toNdArray(samples as Samples);
  } catch (error) {
    throw new TypeError(`${name} cannot be drawn: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/** Values per sample. */
export function width(rows: Rows): number {
  return rows.shape.slice(1).reduce((product, size) => product * size, 1);
}

export function count(rows: Rows): number {
  return rows.shape.length ? rows.shape[0]! : 0;
}

/** The first n samples, as an NdArray where they came as one. */
export function firstRows(rows: Rows, n: number): Rows {
  const sliceable = rows as Rows & { slice?: (start: number, end: number) => Rows };
  if (typeof sliceable.slice === 'function') return sliceable.slice(0, n);
  return { data: rows.data.slice(0, n * width(rows)), shape: [n, ...rows.shape.slice(1)] };
}

/** Least and greatest finite value; undefined if there is none. */
export function finiteRange(...arrays: ArrayLike<number>[]): [number, number] | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const values of arrays) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? [low, high] : undefined;
}

/** Labels of some samples, for a model whose networks are given them beside the samples; undefined for all others. */
export function labelsFor(model: object, y: ArrayLike<number> | undefined, samples: Iterable<number>): never {
  return ('styleGrid' in model && y ? Int32Array.from(samples, (i) => y[i]!) : undefined) as never;
}
