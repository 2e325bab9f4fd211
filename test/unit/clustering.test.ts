import {
  compare,
  datasets,
  displaySymbol,
  GaussianMixture,
  KMeans,
  medianFilter,
  metrics,
  NdArray,
  NearestNeighbors,
  PCA,
  saltPepperNoise,
  tf,
} from 'aenb';
import { describe, expect, test } from 'vitest';
import { clusteredSamples } from './clusteredSamples.ts';

const { x, clusters } = clusteredSamples();

describe('k-means', () => {
  test('finds the clusters of least inertia that scikit-learn finds', async () => {
    const model = await new KMeans({ k: 5, seed: 1, restarts: 50 }).fit(x);
    // KMeans(5, n_init=50, tol=0).fit(x).inertia_
    expect(model.inertia / 50.32704795217812).toBeCloseTo(1, 3);
    const found = await model.predict(x);
    expect(metrics.clusterScores(found, clusters).accuracy).toBeGreaterThan(0.85);
    const distances = await model.distances(x);
    expect(distances.shape).toEqual([200, 5]);
    const squares = Array.from(found, (cluster, i) => distances.row(i)[cluster] ** 2);
    expect(squares.reduce((sum, value) => sum + value, 0)).toBeCloseTo(model.inertia, 2);
  });

  test('the same seed gives the same clusters, and no tensor stays behind', async () => {
    const first = await new KMeans({ k: 4, seed: 3, restarts: 2 }).fit(x);
    const before = tf.memory().numTensors;
    const second = await new KMeans({ k: 4, seed: 3, restarts: 2 }).fit(x);
    await second.predict(x);
    expect(tf.memory().numTensors).toBe(before);
    expect(second.centroids.toArray()).toEqual(first.centroids.toArray());
  });

  test('a far offset costs no digits', async () => {
    const far = new NdArray(
      x.data.map((value) => value + 1000),
      x.shape,
    );
    const model = await new KMeans({ k: 5, seed: 1 }).fit(far);
    const near = await new KMeans({ k: 5, seed: 1 }).fit(x);
    expect(model.inertia).toBeCloseTo(near.inertia, 1);
    expect(model.centroids.data[0]).toBeGreaterThan(999);
  });

  test('as many clusters as samples, and samples that are all the same', async () => {
    const three = [
      [0, 0],
      [1, 1],
      [2, 2],
    ];
    expect((await new KMeans({ k: 3, seed: 1 }).fit(three)).inertia).toBeCloseTo(0, 6);
    const same = await new KMeans({ k: 2, seed: 1 }).fit([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    expect(same.inertia).toBe(0);
    await expect(new KMeans({ k: 4 }).fit(three)).rejects.toThrow('k must be at most the number of samples, 3, got 4');
    await expect(new KMeans({ k: 2 }).predict(three)).rejects.toThrow('call fit first');
  });
});

describe('a Gaussian mixture', () => {
  const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

  test('with one component has the likelihood of the normal distribution', async () => {
    const model = await new GaussianMixture({ k: 1, seed: 1 }).fit(x);
    // GaussianMixture(1).fit(x).score(x)
    expect(mean(await model.logProbability(x))).toBeCloseTo(-2.2185492787169365, 3);
  });

  test('reaches the likelihood that scikit-learn reaches', async () => {
    const model = await new GaussianMixture({ k: 3, seed: 1 }).fit(x);
    // GaussianMixture(3, n_init=5, tol=1e-6).fit(x).score(x)
    expect(mean(await model.logProbability(x))).toBeGreaterThan(-1.978 - 0.05);
    expect(mean(model.weights) * 3).toBeCloseTo(1, 5);
  });

  test('draws samples that have the moments of the data', async () => {
    const model = await new GaussianMixture({ k: 5, seed: 1 }).fit(x);
    const drawn = await model.sample(20_000, { seed: 2 });
    for (let j = 0; j < 3; j++) {
      const column = (a: NdArray) => Array.from({ length: a.length }, (_, i) => a.row(i)[j]);
      const moments = (values: number[]) => {
        const centre = mean(values);
        return { centre, variance: mean(values.map((value) => (value - centre) ** 2)) };
      };
      const [ours, theirs] = [moments(column(drawn)), moments(column(x))];
      expect(ours.centre).toBeCloseTo(theirs.centre, 1);
      expect(ours.variance / theirs.variance).toBeCloseTo(1, 1);
    }
    expect((await model.sample(3, { seed: 2 })).toArray()).toEqual(drawn.slice(0, 3).toArray());
  });

  test('bears constant and repeated features', async () => {
    const flat = NdArray.from(Array.from({ length: 60 }, (_, i) => [i % 3, i % 3, 7]));
    const model = await new GaussianMixture({ k: 3, seed: 1 }).fit(flat);
    expect(
      metrics.clusterScores(
        await model.predict(flat),
        Array.from({ length: 60 }, (_, i) => i % 3),
      ).accuracy,
    ).toBe(1);
  });
});

test('distances to nearest neighbours are those of scikit-learn', async () => {
  const model = await new NearestNeighbors({ k: 5 }).fit(x.slice(0, 150));
  const scores = await model.scores(x.slice(150, 153));
  // NearestNeighbors(n_neighbors=5).fit(x[:150]).kneighbors(x[150:153])[0].mean(1)
  [0.43791355, 0.35170326, 0.44226741].forEach((value, i) => {
    expect(scores[i]).toBeCloseTo(value, 4);
  });
});

test('a median filter takes salt and pepper away, and keeps an edge', async () => {
  const image = NdArray.from([Array.from({ length: 64 }, (_, i) => Number(i % 8 >= 4))]);
  expect(medianFilter(image).toArray()).toEqual(image.toArray());
  const { test: held } = await datasets.digits();
  const clean = held.x.slice(0, 50);
  const noisy = saltPepperNoise(0.1).apply(clean, 1);
  const error = (a: NdArray) => a.data.reduce((sum, value, i) => sum + (value - clean.data[i]) ** 2, 0);
  expect(error(medianFilter(noisy, { imageShape: [28, 28, 1] }))).toBeLessThan(0.5 * error(noisy));
  expect(() => medianFilter(clean, { size: 4 })).toThrow('size must be odd');
  expect(() => medianFilter(clean, { imageShape: [28, 28, 3] })).toThrow(/imageShape/);
});

test('compare puts models of every kind in one table', async () => {
  const y = Int32Array.from(clusters, (cluster) => Number(cluster === 4));
  const pca = await new PCA({ latentDim: 1 }).fit(x);
  const neighbors = await new NearestNeighbors().fit(x.slice(0, 100));
  const { rows, [displaySymbol]: show } = await compare({ 'PCA-1': pca, neighbors, same: (a: NdArray) => a }, x, { y });
  expect(rows.map(({ model }) => model)).toEqual(['PCA-1', 'neighbors', 'same']);
  expect(rows[0]).toMatchObject({ code: 1 });
  expect(rows[0].mse).toBeGreaterThan(0);
  expect(rows[0].auroc).toBeCloseTo(metrics.auroc(await pca.reconstructionError(x), y), 12);
  expect(rows[1].mse).toBeUndefined();
  expect(rows[2].mse).toBe(0);
  expect((await show())['text/plain']).toContain('PCA-1');
  const kinds = await compare({ means: await new KMeans({ k: 5, seed: 1 }).fit(x) }, x, { y: clusters });
  expect(kinds.rows[0].accuracy).toBeGreaterThan(0.85);
  await expect(compare({ nothing: {} }, x)).rejects.toThrow('models.nothing must have');
});
