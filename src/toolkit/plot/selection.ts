import { NdArray } from '../ndarray.ts';
import { type Rows, width } from './inputs.ts';

/** Samples that a reader has encircled on a latent map. */
export interface Selection {
  /** Their positions in the data that the map was made of. */
  readonly indices: Int32Array;
  readonly length: number;
  /** [length, k] */
  readonly codes: NdArray;
  /** [length, d], where the map was made of samples. */
  readonly x?: NdArray;
  readonly y?: Int32Array;
}

let current: Selection | undefined;

/** What was selected last on a latent map of this notebook, for the next cell; undefined if nothing is. */
export function selection(): Selection | undefined {
  return current;
}

/** @param indices from a renderer, so not to be trusted */
export function select(
  indices: readonly unknown[],
  from: { codes: Rows; x?: Rows; y?: ArrayLike<number> },
): { selected: number } {
  const samples = from.codes.shape[0]!;
  const known = indices.filter(
    (i): i is number => Number.isInteger(i) && (i as number) >= 0 && (i as number) < samples,
  );
  const chosen = Int32Array.from(known);
  current = chosen.length
    ? {
        indices: chosen,
        length: chosen.length,
        codes: gather(from.codes, chosen),
        ...(from.x && { x: gather(from.x, chosen) }),
        ...(from.y && { y: chosen.map((i) => from.y![i]!) }),
      }
    : undefined;
  return { selected: chosen.length };
}

/** The samples at these positions, one after the other. */
export function gather(rows: Rows, indices: ArrayLike<number>): NdArray {
  const d = width(rows);
  const data = new Float32Array(indices.length * d);
  for (let i = 0; i < indices.length; i++) {
    data.set(rows.data.subarray(indices[i]! * d, (indices[i]! + 1) * d), i * d);
  }
  return new NdArray(data, [indices.length, ...rows.shape.slice(1)]);
}
