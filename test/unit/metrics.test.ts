import { metrics, NdArray } from 'aenb';
import { describe, expect, test } from 'vitest';
import { bestF1Threshold } from '../../src/toolkit/metrics.ts';
import { clusteredSamples, uniform } from './clusteredSamples.ts';

// 200 samples of which 56 are anomalies, scores rounded to 29 levels, so that most are tied
const u = uniform(400, 1);
const v = uniform(400, 2);
const y = Array.from(u.subarray(0, 200), (value) => Number(value < 0.3));
const scores = y.map((label, i) => Math.round((v[i] + 0.4 * label) * 20) / 20);

describe('measures of detection, against scikit-learn 1.9.1', () => {
  test('AUROC counts ties half', () => {
    // roc_auc_score(y, scores)
    expect(metrics.auroc(scores, y)).toBeCloseTo(0.8233506944444444, 14);
    expect(metrics.auroc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBe(0.75);
    expect(metrics.auroc([1, 1, 1, 1], [0, 1, 0, 1])).toBe(0.5);
    expect(metrics.auroc([0, -0], [0, 1])).toBe(0.5);
    expect(metrics.auroc([-Infinity, Infinity], [0, 1])).toBe(1);
  });

  test('average precision takes tied samples together', () => {
    // average_precision_score(y, scores)
    expect(metrics.averagePrecision(scores, y)).toBeCloseTo(0.7246075279021352, 14);
    expect(metrics.averagePrecision([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBeCloseTo(0.8333333333333333, 14);
  });

  test('the threshold of the best F1 lies below the score that scikit-learn names', () => {
    // precision_recall_curve: the greatest F1 is 0.65060 for scores of at least 1.05
    const { threshold, f1 } = bestF1Threshold(scores, y);
    expect(f1).toBeCloseTo(0.6506024096381152, 10);
    expect(threshold).toBeCloseTo(1.025, 10);
    const predicted = scores.map((score) => Number(score > threshold));
    expect(metrics.decisions(predicted, y).f1).toBeCloseTo(f1, 12);
  });

  test('are exact for millions of scores, with nothing but sorting', () => {
    const n = 2_000_000;
    const many = new Float32Array(n);
    const labels = new Uint8Array(n);
    // score i of n, anomalies are the multiples of 100: the share of pairs in order can be counted
    for (let i = 0; i < n; i++) {
      many[i] = (i * 7919) % n;
      labels[i] = Number(many[i] % 100 === 0);
    }
    let pairs = 0;
    const anomalies = n / 100;
    for (let i = 0; i < anomalies; i++) pairs += i * 99;
    expect(metrics.auroc(many, labels)).toBeCloseTo(pairs / (anomalies * (n - anomalies)), 12);
  });

  test.each([
    ['labels of one kind', () => metrics.auroc([1, 2], [0, 0]), /y holds no anomalies/],
    ['labels of the other kind', () => metrics.averagePrecision([1, 2], [1, 1]), /y holds no normal samples/],
    ['labels beside 0 and 1', () => metrics.auroc([1, 2], [0, 2]), /y\[1\] is 2/],
    ['a score that is no number', () => metrics.auroc([1, Number.NaN], [0, 1]), /score 1 is NaN/],
    ['lists of different lengths', () => metrics.auroc([1, 2, 3], [0, 1]), /got 3 and 2/],
    ['nothing', () => metrics.auroc([], []), /got 0 and 0/],
  ])('refuse %s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});

describe('measures of clusterings, against scikit-learn 1.9.1', () => {
  const clusters = Array.from(u.subarray(200), (value) => Math.floor(value * 5));
  const labels = clusters.map((cluster, i) => (v[200 + i] < 0.5 ? cluster % 4 : Math.floor(v[200 + i] * 8) % 6));

  test('accuracy, mutual information and Rand index', () => {
    const { accuracy, nmi, ari } = metrics.clusterScores(clusters, labels);
    // linear_sum_assignment on the table of counts; normalized_mutual_info_score; adjusted_rand_score
    expect(accuracy).toBe(0.535);
    expect(nmi).toBeCloseTo(0.3516652238084761, 12);
    expect(ari).toBeCloseTo(0.2604866255629734, 12);
  });

  test('names of clusters do not matter, and one cluster says nothing', () => {
    expect(metrics.clusterScores([7, 7, -2, -2], [0, 0, 1, 1])).toEqual({ accuracy: 1, nmi: 1, ari: 1 });
    expect(metrics.clusterScores([0, 0, 0, 0], [0, 0, 1, 1])).toEqual({ accuracy: 0.5, nmi: 0, ari: 0 });
    expect(metrics.clusterScores([0, 1, 2, 3], [0, 0, 0, 0])).toEqual({ accuracy: 0.25, nmi: 0, ari: 0 });
  });

  test('silhouette', () => {
    const { x, clusters: own } = clusteredSamples();
    // silhouette_score(x, clusters), and with a sample alone in a cluster
    expect(metrics.silhouette(x, own)).toBeCloseTo(0.3448511114377273, 6);
    expect(metrics.silhouette(x, own.with(0, 99))).toBeCloseTo(0.21699377231187145, 6);
    expect(() => metrics.silhouette(x, own.fill(0))).toThrow(/at least 2 clusters/);
  });
});

test('the peak signal-to-noise ratio is in decibels', () => {
  const a = NdArray.from([[0, 0.5, 1]]);
  expect(metrics.psnr(a, NdArray.from([[0.1, 0.4, 0.9]]))).toBeCloseTo(20, 5);
  expect(metrics.psnr(a, a)).toBe(Infinity);
  expect(() => metrics.psnr(a, NdArray.from([[1, 2]]))).toThrow(/one size/);
});
