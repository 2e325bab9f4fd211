import { type Dataset, isDataset } from './dataset.ts';
import { NdArray, type Samples } from './ndarray.ts';
import { checkPositiveInteger } from './validate.ts';

/**
 * Labels that were given, or those of a data set.
 *
 * @param n how many there must be
 * @param classes they must lie below it
 * @throws TypeError if there are none, RangeError if one is no class or their number is another
 */
export function labelsFor(
  x: Samples | Dataset | undefined,
  labels: ArrayLike<number> | undefined,
  n: number,
  classes: number,
): Int32Array {
  const given = labels ?? (isDataset(x) ? x.y : undefined);
  if (given === undefined || given === null || typeof given === 'string' || typeof given.length !== 'number') {
    throw new TypeError('labels must be given, one per sample, or x must be a data set that has them');
  }
  if (given.length !== n) throw new RangeError(`labels must have one entry per sample, ${n}, got ${given.length}`);
  const out = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const label = given[i];
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new RangeError(
        `labels must be integers from 0 to ${classes - 1} (classes is ${classes}), got ${label} at sample ${i}`,
      );
    }
    out[i] = label;
  }
  return out;
}

/** [n] to [n, classes], 1 at the label's place. */
export function oneHot(labels: ArrayLike<number>, classes: number): NdArray {
  const rows = new NdArray(new Float32Array(labels.length * classes), [labels.length, classes]);
  for (let i = 0; i < labels.length; i++) rows.data[i * classes + labels[i]] = 1;
  return rows;
}

export function checkClasses(classes: unknown): number {
  checkPositiveInteger('classes', classes);
  if (classes === 1) throw new RangeError('classes must be 2 or more, got 1');
  return classes as number;
}
