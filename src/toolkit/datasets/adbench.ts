import { type Dataset, makeDataset } from '../dataset.ts';
import { show } from '../validate.ts';
import { withPublicFile } from './locate.ts';
import { npz } from './npz.ts';

/** A fixed state of the collection, so that its files never change. */
const folder =
  'https://raw.githubusercontent.com/Minqi824/ADBench/f7fed68dea6901fe9a81ed51b251b1d2456790cd/adbench/datasets/Classical/';

/**
 * A set of the ADBench collection by its name there, such as '6_cardio' or '38_thyroid'.
 *
 * Looks for `$AENB_DATA/adbench/<name>.npz`, then in the user's cache, then downloads it.
 * x: [n, d], as published, not scaled. y: 1 = anomaly.
 * Source: Han et al. 2022, "ADBench: anomaly detection benchmark".
 * @throws Error that says of every place why it did not serve
 */
export async function adbench(name: string): Promise<Dataset> {
  if (typeof name !== 'string' || !/^[\w.-]+$/.test(name)) {
    throw new RangeError(`name must be that of an ADBench set, such as '6_cardio', got ${show(name)}`);
  }
  const file = { path: `adbench/${name}.npz`, addresses: [`${folder}${encodeURIComponent(name)}.npz`] };
  return withPublicFile(file, async (path) => {
    const { X: x, y } = await npz(path);
    if (!x || !y) throw new Error(`${path} must hold the arrays X and y`);
    if (x.length !== y.data.length) {
      throw new Error(`${path} must hold a label per sample, it has ${x.length} samples and ${y.data.length} labels`);
    }
    const strange = y.data.find((label) => label !== 0 && label !== 1);
    if (strange !== undefined) throw new Error(`${path} must have labels 0 and 1 (anomaly), it has ${strange}`);
    return makeDataset({
      name: `ADBench, ${name}`,
      x: x.reshape(x.length, -1),
      y: Int32Array.from(y.data),
      labels: ['normal', 'anomaly'],
      source: 'ADBench (Han et al. 2022)',
      licence: 'BSD-2-Clause (collection)',
    });
  });
}
