import type { Dataset } from '../dataset.ts';
import type { PublicFile } from './locate.ts';
import { readImages } from './mnist.ts';

const addresses = [
  'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/',
  'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
];

// the sums are those of the publisher's README
const file = (name: string, md5: string): PublicFile => ({
  path: `fashion-mnist/${name}`,
  addresses: addresses.map((address) => address + name),
  checksum: { md5 },
});
const files = {
  train: {
    images: file('train-images-idx3-ubyte.gz', '8d4fb7e6c68d591d4c3dfef9ec88bf0d'),
    labels: file('train-labels-idx1-ubyte.gz', '25c81989df183df01b3e8a0aad5dffbe'),
  },
  test: {
    images: file('t10k-images-idx3-ubyte.gz', 'bef4ecab320f06d8554ea6380940ec79'),
    labels: file('t10k-labels-idx1-ubyte.gz', 'bb300cfdad3c16e7a12a480ee83cd310'),
  },
};

const clothes = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
] as const;

/**
 * Clothes in the format of MNIST: 60 000 images for training, 10 000 for testing.
 *
 * Looks in `$AENB_DATA/fashion-mnist`, then in the user's cache, then downloads four files (30 MB).
 * x: [60 000, 784] and [10 000, 784], pixels in [0, 1], 0 = background. y: the kind of clothing.
 * Source: Xiao, Rasul & Vollgraf 2017.
 * @throws Error that says of every place why it did not serve
 */
export async function fashionMnist(): Promise<{ train: Dataset; test: Dataset }> {
  const about = { labels: clothes, source: 'Fashion-MNIST (Zalando Research)', licence: 'MIT' };
  return {
    train: await readImages(files.train, { ...about, name: 'Fashion-MNIST, train' }),
    test: await readImages(files.test, { ...about, name: 'Fashion-MNIST, test' }),
  };
}
