import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { datasets, gaussianNoise, MinMaxScaler, maskingNoise, NdArray, StandardScaler, saltPepperNoise } from 'aenb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random, threefry2x32 } from '../../src/toolkit/random.ts';

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

describe('NdArray', () => {
  const array = NdArray.from([
    [1, 2, 3],
    [4, 5, 6],
  ]);

  test('comes from nested arrays of any depth, and a flat array is one sample', () => {
    expect(array.shape).toEqual([2, 3]);
    expect(Array.from(array.data)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(NdArray.from([7, 8]).shape).toEqual([1, 2]);
    expect(NdArray.from(new Float32Array([7, 8])).shape).toEqual([1, 2]);
    expect(NdArray.from([new Float32Array([1, 2]), new Float32Array([3, 4])]).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(
      NdArray.from([
        [[1], [2]],
        [[3], [4]],
      ] as never).shape,
    ).toEqual([2, 2, 1]);
    expect(NdArray.from(array)).toBe(array);
  });

  test('slices share memory, gathered samples do not', () => {
    const copy = new NdArray(array.data.slice(), array.shape);
    copy.slice(1).data[0] = 40;
    copy.gather([0]).data[0] = 10;
    expect(copy.toArray()).toEqual([
      [1, 2, 3],
      [40, 5, 6],
    ]);
  });

  test('counts from the end as Array.slice does', () => {
    expect(array.slice(-1).toArray()).toEqual([[4, 5, 6]]);
    expect(array.slice(5).shape).toEqual([0, 3]);
    expect(array.slice(0, -1).length).toBe(1);
    expect(Array.from(array.row(-1))).toEqual([4, 5, 6]);
  });

  test('takes another shape, one axis computed', () => {
    expect(array.reshape(-1, 2).shape).toEqual([3, 2]);
    expect(() => array.reshape(4, -1)).toThrow('[2,3] has 6 values');
    expect(() => array.reshape(5)).toThrow(RangeError);
  });

  test.each([
    ['rows of different lengths', () => NdArray.from([[1, 2], [3]]), /every array must have the same length/],
    [
      'a value that is no number',
      () => NdArray.from([[1, 'a' as never]]),
      /samples\[0\]\[1\] must be a number, got 'a'/,
    ],
    ['something that is no array', () => NdArray.from('abc' as never), /samples must be an array/],
    ['too few values for the shape', () => new NdArray(new Float32Array(5), [2, 3]), /needs 6 values, got 5/],
    ['plain numbers in place of floats', () => new NdArray([1] as never, [1]), /must be a Float32Array, got Array/],
    ['a sample beyond the end', () => array.row(2), /from 0 to 1, got 2/],
    ['an index that is no integer', () => array.gather([0.5]), /from 0 to 1, got 0.5/],
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(message);
  });
});

describe('random numbers', () => {
  test('are those of the published test vectors', () => {
    const out = new Uint32Array(2);
    // Random123's kat_vectors, threefry2x32 with 20 rounds
    threefry2x32(0, 0, 0, 0, out);
    expect([...out]).toEqual([0x6b200159, 0x99ba4efe]);
    threefry2x32(-1, -1, -1, -1, out);
    expect([...out]).toEqual([0x1cb996fc, 0xbb002be7]);
    threefry2x32(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3, out);
    expect([...out]).toEqual([0xc4923a9c, 0x483df7a0]);
  });

  test('have the moments of their distributions', () => {
    const normal = new Random(1, 'test').fillNormal(new Float32Array(100_000));
    expect(Math.abs(mean(normal))).toBeLessThan(0.015);
    expect(mean(normal.map((value) => value ** 2))).toBeCloseTo(1, 1);
    expect(mean(normal.map((value) => value ** 4))).toBeCloseTo(3, 0);
    const uniform = new Random(1, 'test').fillUniform(new Float32Array(100_000));
    expect(mean(uniform)).toBeCloseTo(0.5, 2);
    expect(Math.max(...uniform.subarray(0, 10_000))).toBeLessThan(1);
    expect(mean(new Random(1, 'test').fillBernoulli(new Float32Array(100_000), 0.3))).toBeCloseTo(0.3, 2);
  });

  test('permute every index exactly once, and differ by seed, stream and index', () => {
    const order = new Random(5, 'shuffle').permutation(1000);
    expect([...order].sort((a, b) => a - b)).toEqual([...Array(1000).keys()]);
    const others = [
      new Random(6, 'shuffle'),
      new Random(5, 'noise'),
      new Random(5, 'shuffle', 1),
      new Random(5 + 2 ** 32, 'shuffle'),
    ];
    for (const other of others) expect([...other.permutation(1000)]).not.toEqual([...order]);
    expect([...new Random(5, 'shuffle').permutation(1000)]).toEqual([...order]);
  });
});

describe('datasets', () => {
  test('digits are ten thousand real ones, every digit among them, pixels in [0, 1]', async () => {
    const { train, test: held } = await datasets.digits();
    expect([train.x.shape, held.x.shape]).toEqual([
      [8000, 784],
      [2000, 784],
    ]);
    expect(train.imageShape).toEqual([28, 28, 1]);
    expect(new Set(train.y)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    const { data } = train.x;
    let [low, high, sum] = [Infinity, -Infinity, 0];
    for (const value of data) {
      low = Math.min(low, value);
      high = Math.max(high, value);
      sum += value;
    }
    expect([low, high]).toEqual([0, 1]);
    // the mean pixel of MNIST is 0.1307
    expect(sum / data.length).toBeCloseTo(0.13, 2);
  });

  test('digits are split by seed, without a picture in both parts', async () => {
    const [a, b, other] = await Promise.all([
      datasets.digits(),
      datasets.digits({ seed: 0 }),
      datasets.digits({ seed: 1 }),
    ]);
    expect(b.train.y).toEqual(a.train.y);
    expect(other.train.y).not.toEqual(a.train.y);
    const key = (row: Float32Array) => Buffer.from(row.slice().buffer).toString('base64');
    const seen = new Set(Array.from({ length: 8000 }, (_, i) => key(a.train.x.row(i))));
    const both = Array.from({ length: 2000 }, (_, i) => key(a.test.x.row(i))).filter((image) => seen.has(image));
    expect(both.length).toBeLessThanOrEqual(2); // MNIST itself holds a few pictures twice
  });

  test('a filter and a slice keep labels beside their samples', async () => {
    const { test: held } = await datasets.digits();
    const sevens = held.filter((label) => label === 7);
    expect(new Set(sevens.y)).toEqual(new Set([7]));
    expect(sevens.x.length).toBe(sevens.y?.length);
    const first = held.y!.indexOf(7);
    expect(sevens.x.row(0)).toEqual(held.x.row(first));
    expect(held.slice(first, first + 1).y).toEqual(Int32Array.of(7));
  });

  test('heights and weights are plausible, correlated and seeded', () => {
    const { x } = datasets.heightWeight({ n: 5000, seed: 3 });
    const [heights, weights] = [0, 1].map((feature) => x.data.filter((_, i) => i % 2 === feature));
    expect(mean(heights)).toBeCloseTo(172, 0);
    expect(Math.abs(mean(weights) - 74)).toBeLessThan(0.6);
    const std = (values: Float32Array) => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));
    const covariance = mean(heights.map((height, i) => (height - mean(heights)) * (weights[i] - mean(weights))));
    expect(covariance / (std(heights) * std(weights))).toBeCloseTo(0.75, 1);
    expect(datasets.heightWeight({ n: 5000, seed: 3 }).x.data).toEqual(x.data);
    expect(() => datasets.heightWeight({ n: 0 })).toThrow('n must be a positive integer, got 0');
    expect(() => datasets.heightWeight({ seed: -1 })).toThrow('seed must be an integer from 0 up, got -1');
  });

  test('a stratified split keeps the shares of the labels', async () => {
    const { test: digits } = await datasets.digits();
    const { train, test: held } = datasets.split(digits, { test: 0.25, stratify: true, seed: 1 });
    expect([train.x.length, held.x.length]).toEqual([1500, 500].map((n) => expect.closeTo(n, -1)));
    for (let digit = 0; digit < 10; digit++) {
      const count = (y: Int32Array) => y.filter((label) => label === digit).length;
      expect(count(held.y!)).toBe(Math.round(count(digits.y!) * 0.25));
    }
    expect(() => datasets.split(digits, { test: 1 })).toThrow(
      'test must be a finite number above 0 and below 1, got 1',
    );
    expect(() => datasets.split(datasets.heightWeight({ n: 4 }), { test: 0.5, stratify: true })).toThrow(
      'needs labels',
    );
  });
});

describe('files of data', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aenb-data-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Header: two zeros, type, number of axes, sizes as big-endian integers. */
  const idxBytes = (type: number, shape: number[], values: Buffer) => {
    const header = Buffer.alloc(4 + 4 * shape.length);
    header.set([0, 0, type, shape.length]);
    for (const [i, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * i);
    return Buffer.concat([header, values]);
  };

  test('IDX arrays of bytes and of floats are read, gzipped or not', async () => {
    await writeFile(join(folder, 'bytes'), idxBytes(8, [2, 2], Buffer.from([0, 1, 254, 255])));
    const floats = Buffer.alloc(8);
    floats.writeFloatBE(-1.5, 0);
    floats.writeFloatBE(2.25, 4);
    await writeFile(join(folder, 'floats.gz'), gzipSync(idxBytes(0x0d, [2], floats)));
    expect((await datasets.idx(join(folder, 'bytes'))).toArray()).toEqual([
      [0, 1],
      [254, 255],
    ]);
    expect(Array.from((await datasets.idx(join(folder, 'floats.gz'))).data)).toEqual([-1.5, 2.25]);
  });

  test('a file that is cut short or of another kind is refused with the reason', async () => {
    await writeFile(join(folder, 'short'), idxBytes(8, [2, 2], Buffer.from([1, 2, 3])));
    await writeFile(join(folder, 'text'), 'hello');
    await expect(datasets.idx(join(folder, 'short'))).rejects.toThrow(
      'must have 16 bytes for an array of shape [2,2], it has 15',
    );
    await expect(datasets.idx(join(folder, 'text'))).rejects.toThrow(
      'is no IDX file: it starts with the bytes 68656c6c',
    );
    await expect(datasets.idx(join(folder, 'none'))).rejects.toThrow('ENOENT');
  });

  test('mnist comes from $AENB_DATA', async () => {
    await mkdir(join(folder, 'mnist'));
    const images = idxBytes(8, [2, 28, 28], Buffer.alloc(2 * 784, 51));
    const labels = idxBytes(8, [2], Buffer.from([3, 9]));
    for (const part of ['train', 't10k']) {
      await writeFile(join(folder, 'mnist', `${part}-images-idx3-ubyte.gz`), gzipSync(images));
      await writeFile(join(folder, 'mnist', `${part}-labels-idx1-ubyte.gz`), gzipSync(labels));
    }
    const before = process.env.AENB_DATA;
    process.env.AENB_DATA = folder;
    try {
      const { train, test: held } = await datasets.mnist();
      expect(train.x.shape).toEqual([2, 784]);
      expect(train.x.data[0]).toBeCloseTo(0.2, 6);
      expect([...held.y!]).toEqual([3, 9]);
      await rm(join(folder, 'mnist', 't10k-labels-idx1-ubyte.gz'));
      await writeFile(join(folder, 'mnist', 't10k-labels-idx1-ubyte.gz'), gzipSync(idxBytes(8, [1], Buffer.from([3]))));
      await expect(datasets.mnist()).rejects.toThrow('must hold 2 labels, one per image, it holds 1');
    } finally {
      if (before === undefined) delete process.env.AENB_DATA;
      else process.env.AENB_DATA = before;
    }
  });

  test('when mnist is nowhere, the error says so of every place', async () => {
    // a process of its own, so that no cache and no network is there
    const script = `const { datasets } = require(process.argv[1]);
      globalThis.fetch = () => Promise.reject(new Error('no network'));
      datasets.mnist().catch((error) => console.log(error.message));`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['-e', script, join(import.meta.dirname, '../../dist/index.js')],
      {
        env: {
          ...process.env,
          AENB_DATA: join(folder, 'nothing'),
          HOME: folder,
          XDG_CACHE_HOME: join(folder, 'cache'),
        },
      },
    );
    expect(stdout).toContain(
      `$AENB_DATA: ${join(folder, 'nothing', 'mnist', 'train-images-idx3-ubyte.gz')} is not there`,
    );
    expect(stdout).toContain(`cache: ${join(folder, 'cache')}`);
    expect(stdout).toMatch(/download: https:.*could not be downloaded: no network/);
    expect(stdout).toContain('set AENB_DATA to the folder that holds mnist/train-images-idx3-ubyte.gz');
  });
});

describe('scalers', () => {
  const x = NdArray.from([
    [0, 5, -1],
    [10, 5, 3],
    [20, 5, 1],
  ]);

  test('bring features to [0, 1] or to mean 0 and deviation 1, and back', () => {
    const minMax = new MinMaxScaler().fit(x);
    expect(minMax.transform(x).toArray()).toEqual([
      [0, 0, 0],
      [0.5, 0, 1],
      [1, 0, 0.5],
    ]);
    const standard = new StandardScaler().fit(x);
    const scaled = standard.transform(x);
    // scikit-learn's StandardScaler gives the same: deviations by the divisor n
    expect(scaled.data[0]).toBeCloseTo(-Math.sqrt(1.5), 6);
    expect(scaled.data[1]).toBe(0);
    for (const scaler of [minMax, standard]) {
      const back = scaler.inverseTransform(scaler.transform(x));
      back.data.forEach((value, i) => {
        expect(value).toBeCloseTo(x.data[i], 5);
      });
    }
  });

  test('refuse data of another width, and to work before fit', () => {
    expect(() => new MinMaxScaler().transform(x)).toThrow('call fit first');
    expect(() => new MinMaxScaler().fit(x).transform([[1, 2]])).toThrow('must have 3 values per sample');
    expect(() => new StandardScaler().fit([[1, Number.NaN]])).toThrow('sample 0, feature 1 is NaN');
  });
});

describe('noise on data', () => {
  const x = new NdArray(new Float32Array(10_000).fill(0.5), [100, 100]);

  test('is seeded, leaves its input alone, and is as strong as asked', () => {
    const gaussian = gaussianNoise(0.2).apply(x, 1);
    expect(mean(gaussian.data)).toBeCloseTo(0.5, 1);
    expect(Math.sqrt(mean(gaussian.data.map((value) => (value - 0.5) ** 2)))).toBeCloseTo(0.2, 2);
    expect(gaussianNoise(0.2).apply(x, 1).data).toEqual(gaussian.data);
    expect(gaussianNoise(0.2).apply(x, 2).data).not.toEqual(gaussian.data);
    const share = (values: Float32Array, wanted: number) => mean(values.map((value) => (value === wanted ? 1 : 0)));
    expect(share(maskingNoise(0.3).apply(x).data, 0)).toBeCloseTo(0.3, 1);
    const salted = saltPepperNoise(0.4).apply(x).data;
    expect(share(salted, 0)).toBeCloseTo(0.2, 1);
    expect(share(salted, 1)).toBeCloseTo(0.2, 1);
    expect(share(salted, 0.5)).toBeCloseTo(0.6, 1);
    expect(new Set(x.data)).toEqual(new Set([0.5]));
  });

  test('refuses strengths that make no sense', () => {
    expect(() => gaussianNoise(-1)).toThrow('std must be a finite number from 0, got -1');
    expect(() => maskingNoise(1.5)).toThrow('probability must be a finite number from 0 and up to 1, got 1.5');
  });
});
