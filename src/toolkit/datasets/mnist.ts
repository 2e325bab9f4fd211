import { type Dataset, makeDataset } from '../dataset.ts';
import { NdArray } from '../ndarray.ts';
import { digitLabels, digitShape } from './digits.ts';
import { parseIdx } from './idx.ts';
import { type PublicFile, readPublicFile } from './locate.ts';

const addresses = [
  'https://storage.googleapis.com/cvdf-datasets/mnist/',
  'https://ossci-datasets.s3.amazonaws.com/mnist/',
];

const file = (name: string, sha256: string): PublicFile => ({
  path: `mnist/${name}`,
  addresses: addresses.map((address) => address + name),
  checksum: { sha256 },
});
const files = {
  train: {
    images: file('train-images-idx3-ubyte.gz', 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db'),
    labels: file('train-labels-idx1-ubyte.gz', '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5'),
  },
  test: {
    images: file('t10k-images-idx3-ubyte.gz', '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7'),
    labels: file('t10k-labels-idx1-ubyte.gz', 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2'),
  },
};

/**
 * The full MNIST: 60 000 digits for training, 10 000 for testing.
 *
 * Looks for the four gzipped IDX files in `$AENB_DATA/mnist`, then in the user's cache, then downloads them (11 MB).
 * x: [60 000, 784] and [10 000, 784], pixels in [0, 1], 0 = paper. y: the digit.
 * @throws Error that says of every place why it did not serve
 */
export async function mnist(): Promise<{ train: Dataset; test: Dataset }> {
  const about = { labels: digitLabels, source: 'MNIST (LeCun, Cortes, Burges)', licence: 'CC BY-SA 3.0' };
  return {
    train: await readImages(files.train, { ...about, name: 'MNIST, train' }),
    test: await readImages(files.test, { ...about, name: 'MNIST, test' }),
  };
}

/** Images of 28 x 28 and their labels, as MNIST and its successors publish them. */
export async function readImages(
  { images, labels }: { images: PublicFile; labels: PublicFile },
  about: Pick<Dataset, 'name' | 'labels' | 'source' | 'licence'>,
): Promise<Dataset> {
  const pixels = parseIdx(await readPublicFile(images), images.path);
  const digits = parseIdx(await readPublicFile(labels), labels.path);
  const [n, height, width] = pixels.shape;
  if (pixels.shape.length !== 3 || height !== digitShape[0] || width !== digitShape[1]) {
    throw new Error(`${images.path} must hold images of 28 x 28 pixels, its shape is [${pixels.shape}]`);
  }
  if (digits.length !== n)
    throw new Error(`${labels.path} must hold ${n} labels, one per image, it holds ${digits.length}`);
  const x = new NdArray(pixels.data, [n, height * width]);
  for (let i = 0; i < x.data.length; i++) x.data[i] /= 255;
  return makeDataset({ ...about, x, y: Int32Array.from(digits.data), imageShape: digitShape });
}
