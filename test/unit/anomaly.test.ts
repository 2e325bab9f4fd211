import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AnomalyDetector,
  Autoencoder,
  bestF1,
  ClusterDetector,
  contamination,
  datasets,
  meanPlusStd,
  metrics,
  NdArray,
  PCA,
  quantile,
  tf,
} from 'aenb';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { faultBoxes } from '../../src/toolkit/faultBoxes.ts';
import { Random } from '../../src/toolkit/random.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aenb-anomaly-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => {
  vi.restoreAllMocks();
});

/** Six features on a plane of two, with a little noise; anomalies leave the plane. */
function planes(n: number, seed: number, off = 0): NdArray {
  const random = new Random(seed, 'test');
  return NdArray.from(
    Array.from({ length: n }, () => {
      const [a, b] = [random.normal(), random.normal()];
      const clean = [a, b, a + b, a - b, 2 * a, 3 * b];
      return clean.map((value, j) => 10 + value + 0.1 * random.normal() + (j === 2 ? off : 0));
    }),
  );
}
const normal = planes(400, 1);
const held = NdArray.from([...planes(100, 2).toArray(), ...planes(100, 3, 2).toArray()] as number[][]);
const y = Array.from({ length: 200 }, (_, i) => Number(i >= 100));

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

describe('a detector without options', () => {
  test('scores images by what they show, whatever their background, and says nothing of nets that nobody chose', async () => {
    // a bright bar at one of sixteen heights, or across
    const bar = (i: number, across: boolean) =>
      Array.from({ length: 256 }, (_, pixel) => {
        const place = across ? pixel % 16 : Math.floor(pixel / 16);
        return place === i % 16 ? 0.9 + 0.1 * Math.sin(i + pixel) : 0;
      });
    const inverted = (x: NdArray) =>
      new NdArray(
        x.data.map((value) => 1 - value),
        x.shape,
      );
    const bars = NdArray.from(Array.from({ length: 300 }, (_, i) => bar(i, false)));
    const mixed = NdArray.from(Array.from({ length: 40 }, (_, i) => bar(i, i >= 20)));
    const labels = Array.from({ length: 40 }, (_, i) => Number(i >= 20));
    const blank = NdArray.from([new Array(256).fill(0)]);
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    for (const turn of [(x: NdArray) => x, inverted]) {
      const detector = new AnomalyDetector({ seed: 1 });
      await detector.fit(turn(bars), { epochs: 30 });
      expect((await detector.evaluate(turn(mixed), labels)).auroc).toBeGreaterThan(0.95);
      const [nothing] = await detector.scores(turn(blank));
      expect(nothing).toBeGreaterThan(0);
      expect(nothing).toBeLessThan(Infinity);
      const saved = join(folder, 'images');
      await detector.save(saved);
      const loaded = await AnomalyDetector.load(saved);
      expect(await loaded.scores(turn(mixed))).toEqual(await detector.scores(turn(mixed)));
      detector.dispose();
      loaded.dispose();
      await rm(saved, { recursive: true });
    }
    expect(warn.mock.calls).toEqual([]);
    warn.mockRestore();
  });

  test('finds what is not like its data, says where, and is the same after a save', { timeout: 180_000 }, async () => {
    const detector = new AnomalyDetector({ seed: 1 });
    const run = await detector.fit(normal, { epochs: 40 });
    expect(run.epochs).toBe(40);
    const found = await detector.evaluate(held, y);
    expect(found.auroc).toBeGreaterThan(0.98);
    expect(found.recall).toBeGreaterThan(0.9);
    const { features, boxes } = (await detector.explain(held.slice(150, 151), { top: 2 }))[0];
    expect(features.length).toBe(2);
    expect(features[0].share).toBeGreaterThan(features[1].share);
    expect(boxes).toBeUndefined();

    const saved = join(folder, 'detector');
    await detector.save(saved);
    const before = tf.memory().numTensors;
    const loaded = await AnomalyDetector.load(saved);
    expect(loaded.threshold).toBe(detector.threshold);
    expect(await loaded.scores(held)).toEqual(await detector.scores(held));
    expect(await loaded.predict(held)).toEqual(await detector.predict(held));
    expect((await loaded.errorMap(held)).shape).toEqual([200, 6]);
    loaded.dispose();
    expect(tf.memory().numTensors).toBe(before);
    await writeFile(join(saved, 'mine.txt'), 'keep');
    await expect(detector.save(saved)).rejects.toThrow("holds 'mine.txt' already");
    expect(await readdir(folder)).toEqual(['detector']);
  });

  test('bears few rows, constant features and one feature', { timeout: 180_000 }, async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const few = new AnomalyDetector({ seed: 1 });
    await few.fit(
      Array.from({ length: 8 }, (_, i) => [i, 5]),
      { epochs: 2 },
    );
    expect(warn.mock.calls.flat().join('\n')).toMatch(
      /Feature 1 never changes[\s\S]*|threshold is taken from the 8 samples/,
    );
    const scores = await few.scores([
      [3, 5],
      [3, 9],
      [100, 5],
    ]);
    expect(scores.every(Number.isFinite)).toBe(true);
    expect(scores[2]).toBeGreaterThan(scores[0]);
    expect(scores[1]).toBeGreaterThan(scores[0]);
    const one = new AnomalyDetector({ seed: 1 });
    await one.fit(
      Array.from({ length: 50 }, (_, i) => [i % 7]),
      { epochs: 2 },
    );
    expect((await one.predict([[3], [1000]]))[1]).toBe(1);
  });
});

describe('thresholds come from normal data that is kept apart', () => {
  test.each([
    ['quantile', quantile(0.9)],
    ['contamination', contamination(0.1)],
  ])('%s: a tenth of other normal data lies above', async (_, threshold) => {
    const detector = new AnomalyDetector({ model: new PCA({ latentDim: 2 }), threshold, seed: 1 });
    await detector.fit(planes(2000, 5));
    expect(mean(await detector.predict(planes(2000, 6)))).toBeCloseTo(0.1, 1);
  });

  test('mean plus deviations, of given data', async () => {
    const pca = await new PCA({ latentDim: 2 }).fit(normal);
    const detector = new AnomalyDetector({ model: pca, threshold: meanPlusStd(2), score: 'mae' });
    await detector.calibrate(normal);
    const errors = await pca.reconstructionError(normal, 'mae');
    const std = Math.sqrt(mean(errors.map((error) => (error - mean(errors)) ** 2)));
    expect(detector.threshold).toBeCloseTo(mean(errors) + 2 * std, 6);
  });

  test('best F1 on labelled data, or a number', async () => {
    const model = await new PCA({ latentDim: 2 }).fit(normal);
    const detector = new AnomalyDetector({ model, threshold: bestF1(held, y) });
    await detector.calibrate(normal);
    expect((await detector.evaluate(held, y)).f1).toBeGreaterThan(0.97);
    const fixed = new AnomalyDetector({ model, threshold: 0.25 });
    await fixed.calibrate(normal);
    expect(fixed.threshold).toBe(0.25);
    fixed.threshold = 1e9;
    expect(mean(await fixed.predict(held))).toBe(0);
    expect((await fixed.evaluate(held, y)).precision).toBe(0);
    expect(() => bestF1(held, new Array(200).fill(0))).toThrow(/needs normal samples \(0\) and anomalies \(1\)/);
  });
});

test('PCA as the model: scores are its errors, Mahalanobis ones follow the covariance, and a save keeps all', async () => {
  const scores: number[] = [];
  for (const score of ['mse', 'mae', 'mahalanobis'] as const) {
    const detector = new AnomalyDetector({ model: new PCA({ latentDim: 2 }), score, seed: 1 });
    expect((await detector.fit(normal)).model).toBe('PCA');
    const { auroc } = await detector.evaluate(held, y);
    scores.push(auroc);
    await detector.save(join(folder, score));
    const loaded = await AnomalyDetector.load(join(folder, score));
    expect((await loaded.evaluate(held, y)).auroc).toBe(auroc);
  }
  for (const auroc of scores) expect(auroc).toBeGreaterThan(0.97);
});

test("a model of one's own is trained on scaled data and keeps its class", { timeout: 120_000 }, async () => {
  const model = new Autoencoder({ hidden: [], latentDim: 2, output: 'linear', seed: 1 });
  const detector = new AnomalyDetector({ model, seed: 1 });
  await detector.fit(normal, { epochs: 60, learningRate: 0.01, batchSize: 32 });
  expect(detector.model).toBe(model);
  expect((await detector.evaluate(held, y)).auroc).toBeGreaterThan(0.95);
});

test('the fault in a digit is boxed, and pixels are measured against masks', { timeout: 180_000 }, async () => {
  const { train, test: digits } = await datasets.digits();
  const detector = new AnomalyDetector({ seed: 1 });
  await detector.fit(train.slice(0, 2000), { epochs: 8 });
  const some = digits.slice(0, 40);
  const faulty = some.x.gather(Array.from({ length: 40 }, (_, i) => i));
  const masks = new NdArray(new Float32Array(faulty.data.length), faulty.shape);
  for (let i = 0; i < 40; i++) {
    for (let row = 2; row < 8; row++) {
      for (let column = 2; column < 8; column++) {
        faulty.row(i)[row * 28 + column] = 1;
        masks.row(i)[row * 28 + column] = 1;
      }
    }
  }
  const both = NdArray.from([...some.x.toArray(), ...faulty.toArray()] as number[][]);
  const labels = Array.from({ length: 80 }, (_, i) => Number(i >= 40));
  const clean = new Float32Array(both.data.length);
  clean.set(masks.data, some.x.data.length);
  const found = await detector.evaluate(both, labels, { masks: new NdArray(clean, both.shape) });
  expect(found.auroc).toBeGreaterThan(0.9);
  expect(found.pixelAuroc).toBeGreaterThan(0.9);
  const boxes = (await detector.explain(faulty, { top: 1 })).map((explanation) => explanation.boxes![0]);
  const hits = boxes.filter(
    ([row, column, height, width]) => row < 8 && row + height > 2 && column < 8 && column + width > 2,
  );
  expect(hits.length).toBeGreaterThanOrEqual(34);
  await detector.save(join(folder, 'digits'));
  const loaded = await AnomalyDetector.load(join(folder, 'digits'));
  expect((await loaded.errorMap(faulty)).data).toEqual((await detector.errorMap(faulty)).data);
});

test('regions of an error map become boxes, the worst first', () => {
  const map = new Float32Array(100);
  for (const [row, column] of [
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
  ])
    map[row * 10 + column] = 4;
  map[77] = 8;
  const boxes = faultBoxes(map, [10, 10, 1], 5);
  expect(boxes.length).toBe(2);
  expect(boxes[0].map((value, i) => (i < 2 ? value <= 1 : value >= 2))).toEqual([true, true, true, true]);
  expect(boxes[1][0]).toBeGreaterThanOrEqual(6);
  expect(faultBoxes(new Float32Array(100), [10, 10, 1], 5)).toEqual([]);
});

describe('a detector refuses or warns of', () => {
  const labelled = (labels: readonly string[] | undefined) => ({
    ...datasets.heightWeight({ n: 20 }),
    y: Int32Array.from({ length: 20 }, (_, i) => Number(i === 3)),
    ...(labels && { labels }),
  });

  test('anomalies among normal data, where labels tell', async () => {
    const pca = () => new AnomalyDetector({ model: new PCA({ latentDim: 1 }) });
    await expect(pca().fit(labelled(['normal', 'anomaly']))).rejects.toThrow(
      /1 of the 20 in 'heights and weights' have other labels: leave them out/,
    );
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    await pca().fit(labelled(undefined));
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('If 1 marks anomalies'));
  });

  test.each([
    ['NaN', async () => new AnomalyDetector().fit([[1, Number.NaN]]), /sample 0, feature 1 is NaN/],
    ['use before fit', async () => new AnomalyDetector().scores(normal), /call fit, or calibrate/],
    ['calibrate without a model', async () => new AnomalyDetector().calibrate(normal), /needs a model that is trained/],
    ['an unknown score', async () => new AnomalyDetector({ score: 'mean' as never }), /score must be one of/],
    [
      'a threshold that is none',
      async () => new AnomalyDetector({ threshold: Number.NaN }),
      /threshold must be a number, or made by/,
    ],
    ['a quantile beyond 1', async () => quantile(95), /q must be a finite number from 0 and up to 1, got 95/],
    ['an unknown option', async () => new AnomalyDetector({ modle: 1 } as never), /no option 'modle'/],
    ['a folder without a detector', async () => AnomalyDetector.load(folder), /holds no saved detector/],
  ])('%s', async (_, call, message) => {
    await expect(call()).rejects.toThrow(message);
  });

  test('data of another width, and labels that are missing', async () => {
    const detector = new AnomalyDetector({ model: new PCA({ latentDim: 2 }), seed: 1 });
    await detector.fit(normal);
    await expect(detector.scores([[1, 2]])).rejects.toThrow('x must have 6 values per sample');
    await expect(detector.evaluate(held)).rejects.toThrow('evaluate needs labels');
    await expect(detector.evaluate(held, new Array(200).fill(0))).rejects.toThrow('holds no anomalies');
    await expect(detector.explain(held, { imageShape: [2, 2, 1] })).rejects.toThrow('must multiply to the 6 values');
  });
});

test('clusters marked by labels find more of the same anomalies', { timeout: 120_000 }, async () => {
  const detector = new ClusterDetector({ seed: 1 });
  const far = NdArray.from([...planes(100, 2).toArray(), ...planes(100, 3, 8).toArray()] as number[][]);
  const train = NdArray.from([...normal.toArray(), ...planes(40, 4, 8).toArray()] as number[][]);
  const labels = Array.from({ length: 440 }, (_, i) => Number(i >= 400));
  await detector.fit(train, { labels, epochs: 30 });
  expect(metrics.auroc(await detector.scores(far), y)).toBeGreaterThan(0.85);
  expect(mean((await detector.predict(far)).subarray(100))).toBeGreaterThan(
    mean((await detector.predict(far)).subarray(0, 100)),
  );
  await expect(new ClusterDetector().fit(train, { labels: new Array(440).fill(0) })).rejects.toThrow(
    'got 0 anomalies of 440',
  );
  await expect(new ClusterDetector().fit(train)).rejects.toThrow('fit needs labels');
  await expect(new ClusterDetector().scores(train)).rejects.toThrow('call fit first');
});
