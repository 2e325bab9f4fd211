/** From everything that counts as samples to plain rows of numbers. */

/** Row-major values with a shape: an NdArray, as far as plots look at it. */
export interface Rows {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Anything that holds samples: an NdArray, a tensor, nested or flat arrays, a data set. */
export type SamplesLike = object;

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

interface TensorLike {
  readonly shape: number[];
  data(): Promise<ArrayLike<number>>;
}
function isTensor(value: unknown): value is TensorLike {
  return (
    typeof value === 'object' && value !== null && typeof (value as TensorLike).data === 'function' && 'shape' in value
  );
}

/**
 * Samples as rows.
 *
 * @throws TypeError if it holds no samples or rows differ in length
 */
export async function toRows(samples: SamplesLike, name: string): Promise<Rows> {
  if (isDataset(samples)) return samples.x;
  if (isRows(samples)) return samples;
  if (isTensor(samples)) return { data: Float32Array.from(await samples.data()), shape: samples.shape };
  if (ArrayBuffer.isView(samples) || Array.isArray(samples)) {
    const list = Array.from(samples as ArrayLike<number | ArrayLike<number>>);
    if (list.every((entry) => typeof entry === 'number')) {
      return { data: Float32Array.from(list as number[]), shape: [1, list.length] };
    }
    const first = (list[0] as ArrayLike<number>)?.length;
    const ragged = list.findIndex((row) => typeof row === 'number' || row?.length !== first);
    if (ragged >= 0) throw new TypeError(`${name} must have rows of equal length: row ${ragged} differs from row 0`);
    const data = new Float32Array(list.length * first!);
    list.forEach((row, i) => {
      data.set(row as ArrayLike<number>, i * first!);
    });
    return { data, shape: [list.length, first!] };
  }
  throw new TypeError(`${name} must be an NdArray, a tensor, a data set or arrays of numbers, got ${typeof samples}`);
}

/** Values per sample. */
export function width(rows: Rows): number {
  return rows.shape.slice(1).reduce((product, size) => product * size, 1);
}

export function count(rows: Rows): number {
  return rows.shape.length ? rows.shape[0]! : 0;
}

/** The samples from start to end, in the form in which they came where that form can be cut. */
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
