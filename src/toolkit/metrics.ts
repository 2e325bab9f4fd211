/**
 * Measures of detections, clusterings and pictures. Plain 64-bit arithmetic on plain arrays: exact, ties included, and
 * quick enough for millions of samples. `metrics` of the toolkit is this module.
 */
import * as tf from '@tensorflow/tfjs';
import { bestMatching } from './matching.ts';
import { NdArray, type PlainSamples, toPlain } from './ndarray.ts';
import { show } from './validate.ts';

/**
 * Area under the receiver operating characteristic: the chance that an anomaly scores higher than a normal sample, a tie
 * counting half. Cost: sorting.
 *
 * Source: Mann & Whitney 1947.
 * @param scores [n], higher is more abnormal
 * @param y [n], 1 = anomaly, 0 = normal, both present
 */
export function auroc(scores: ArrayLike<number>, y: ArrayLike<number>): number {
  const { positives, negatives } = divide('auroc', scores, y);
  let below = 0;
  let tied = 0;
  let pairs = 0;
  for (let i = 0; i < positives.length; i++) {
    const score = positives[i];
    if (i === 0 || score !== positives[i - 1]) {
      below += tied;
      while (below < negatives.length && negatives[below] < score) below++;
      tied = 0;
      while (below + tied < negatives.length && negatives[below + tied] === score) tied++;
    }
    pairs += below + tied / 2;
  }
  return pairs / (positives.length * negatives.length);
}

/**
 * Average precision: the precision at every score that finds a further anomaly, weighed by how many it finds.
 * Samples of equal score are found together. No interpolation.
 *
 * @param scores [n], higher is more abnormal
 * @param y [n], 1 = anomaly, 0 = normal, both present
 */
export function averagePrecision(scores: ArrayLike<number>, y: ArrayLike<number>): number {
  const { positives, negatives } = divide('averagePrecision', scores, y);
  let sum = 0;
  let alarms = 0;
  for (let i = positives.length - 1; i >= 0; ) {
    const score = positives[i];
    const before = i;
    while (i >= 0 && positives[i] === score) i--;
    while (alarms < negatives.length && negatives[negatives.length - 1 - alarms] >= score) alarms++;
    const found = positives.length - 1 - i;
    // (R_n - R_n-1) P_n
    sum += ((before - i) / positives.length) * (found / (found + alarms));
  }
  return sum;
}

/**
 * Counts and shares of decisions, anomaly (1) being the positive class. A share of nothing is 0.
 *
 * @param predicted [n], 0 or 1
 * @param y [n], 0 or 1
 */
export function decisions(
  predicted: ArrayLike<number>,
  y: ArrayLike<number>,
): {
  accuracy: number;
  precision: number;
  recall: number;
  f1: number;
  confusion: { tp: number; fp: number; tn: number; fn: number };
} {
  checkSameLength('predicted', predicted, y);
  const confusion = { tp: 0, fp: 0, tn: 0, fn: 0 };
  for (let i = 0; i < y.length; i++) {
    checkBinary('y', y, i);
    checkBinary('predicted', predicted, i);
    if (predicted[i] === 1) confusion[y[i] === 1 ? 'tp' : 'fp']++;
    else confusion[y[i] === 1 ? 'fn' : 'tn']++;
  }
  const { tp, fp, tn, fn } = confusion;
  const share = (part: number, whole: number) => (whole > 0 ? part / whole : 0);
  return {
    accuracy: share(tp + tn, y.length),
    precision: share(tp, tp + fp),
    recall: share(tp, tp + fn),
    f1: share(2 * tp, 2 * tp + fp + fn),
    confusion,
  };
}

/**
 * The least threshold of the greatest F1 when scores above it count as anomalies, half-way between two scores.
 *
 * @param scores [n], higher is more abnormal
 * @param y [n], 1 = anomaly, at least one
 */
export function bestF1Threshold(scores: ArrayLike<number>, y: ArrayLike<number>): { threshold: number; f1: number } {
  const { positives, negatives } = divide('bestF1', scores, y);
  const levels = Float64Array.from(new Set([...positives, ...negatives])).sort();
  let best = { threshold: levels[0], f1: -1 };
  let p = 0;
  let n = 0;
  for (let level = 0; level < levels.length; level++) {
    // scores from this level up are alarms
    while (p < positives.length && positives[p] < levels[level]) p++;
    while (n < negatives.length && negatives[n] < levels[level]) n++;
    const tp = positives.length - p;
    const f1 = (2 * tp) / (tp + negatives.length - n + positives.length);
    // equal counts on: a greater threshold is no worse, and alarms less
    if (f1 >= best.f1) {
      const below = level === 0 ? levels[0] - Math.max(1e-6, Math.abs(levels[0]) * 1e-6) : levels[level - 1];
      best = { threshold: (below + levels[level]) / 2, f1 };
    }
  }
  return best;
}

/**
 * How well clusters agree with labels, whatever their numbers.
 *
 * `accuracy`: share of samples under the best one-to-one matching of clusters and labels (Hungarian). `nmi`: mutual
 * information over the mean of the two entropies. `ari`: pairs that agree, corrected for chance (Hubert & Arabie 1985).
 * @param clusters [n], integers
 * @param y [n], integers
 */
export function clusterScores(
  clusters: ArrayLike<number>,
  y: ArrayLike<number>,
): { accuracy: number; nmi: number; ari: number } {
  checkSameLength('clusters', clusters, y);
  const n = y.length;
  const table = contingency(clusters, y);
  const rows = table.map((row) => row.reduce((sum, count) => sum + count, 0));
  const columns = table[0].map((_, j) => table.reduce((sum, row) => sum + row[j], 0));
  const matched = bestMatching(table).reduce((sum, column, row) => sum + (column >= 0 ? table[row][column] : 0), 0);

  let information = 0;
  let pairs = 0;
  const inPairs = (count: number) => (count * (count - 1)) / 2;
  table.forEach((row, i) => {
    row.forEach((count, j) => {
      // sum of p log(p / (p_i p_j))
      if (count > 0) information += (count / n) * Math.log((count * n) / (rows[i] * columns[j]));
      pairs += inPairs(count);
    });
  });
  const entropy = (counts: number[]) => counts.reduce((sum, count) => sum - (count / n) * Math.log(count / n), 0);
  const meanEntropy = (entropy(rows) + entropy(columns)) / 2;
  const rowPairs = rows.reduce((sum, count) => sum + inPairs(count), 0);
  const columnPairs = columns.reduce((sum, count) => sum + inPairs(count), 0);
  const chance = inPairs(n) > 0 ? (rowPairs * columnPairs) / inPairs(n) : 0;
  const most = (rowPairs + columnPairs) / 2;
  const alike = rows.length === 1 && columns.length === 1;
  return {
    accuracy: matched / n,
    nmi: alike ? 1 : Math.max(0, information) / meanEntropy,
    ari: most === chance ? 1 : (pairs - chance) / (most - chance),
  };
}

/**
 * Mean silhouette: (b - a) / max(a, b), with a the mean distance to the others of a sample's cluster and b that to the
 * nearest other cluster; 0 for a sample alone in its cluster. Euclidean distances. Cost: n^2 d; take a few thousand.
 *
 * Source: Rousseeuw 1987.
 * @param x [n, …]
 * @param clusters [n], integers, at least two different and fewer than samples
 */
export function silhouette(x: PlainSamples, clusters: ArrayLike<number>): number {
  const samples = toPlain('silhouette', x);
  const n = samples.length;
  const d = samples.data.length / n;
  if (clusters.length !== n) throw new RangeError(`clusters must be ${n}, one per sample, got ${clusters.length}`);
  const { codes, count } = numbered(clusters);
  if (count < 2 || count >= n) {
    throw new RangeError(`silhouette needs at least 2 clusters and fewer than the ${n} samples, got ${count}`);
  }
  const sizes = new Uint32Array(count);
  for (const code of codes) sizes[code]++;
  // distances of every sample to every cluster, summed: each pair once
  const sums = new Float64Array(n * count);
  for (let i = 0; i < n; i++) {
    const a = samples.data.subarray(i * d, (i + 1) * d);
    for (let j = 0; j < i; j++) {
      let square = 0;
      const offset = j * d;
      for (let f = 0; f < d; f++) {
        const difference = a[f] - samples.data[offset + f];
        square += difference * difference;
      }
      const distance = Math.sqrt(square);
      sums[i * count + codes[j]] += distance;
      sums[j * count + codes[i]] += distance;
    }
  }
  let total = 0;
  for (let i = 0; i < n; i++) {
    const own = codes[i];
    if (sizes[own] === 1) continue;
    const within = sums[i * count + own] / (sizes[own] - 1);
    let nearest = Infinity;
    for (let c = 0; c < count; c++) if (c !== own) nearest = Math.min(nearest, sums[i * count + c] / sizes[c]);
    const greater = Math.max(within, nearest);
    if (greater > 0) total += (nearest - within) / greater;
  }
  return total / n;
}

/** Peak signal-to-noise ratio in decibels for values in [0, 1]: 10 log10(1 / mse); Infinity for equal arrays. */
export function psnr(a: NdArray, b: NdArray): number {
  if (!(a instanceof NdArray) || !(b instanceof NdArray)) throw new TypeError('psnr compares two NdArrays');
  if (a.data.length !== b.data.length || a.data.length === 0) {
    throw new RangeError(`psnr compares arrays of one size, got shapes [${a.shape}] and [${b.shape}]`);
  }
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i] - b.data[i]) ** 2;
  return 10 * Math.log10(a.data.length / sum);
}

/** Scores of the anomalies and of the normal samples, each sorted upwards. */
function divide(what: string, scores: ArrayLike<number>, y: ArrayLike<number>) {
  checkSameLength('scores', scores, y);
  let count = 0;
  for (let i = 0; i < y.length; i++) {
    checkBinary('y', y, i);
    if (Number.isNaN(scores[i])) throw new RangeError(`scores must be numbers, score ${i} is NaN`);
    count += y[i];
  }
  if (count === 0 || count === y.length) {
    const missing = count === 0 ? 'anomalies (1)' : 'normal samples (0)';
    throw new RangeError(`${what} needs both kinds of samples: y holds no ${missing}`);
  }
  const positives = new Float64Array(count);
  const negatives = new Float64Array(y.length - count);
  let p = 0;
  let n = 0;
  for (let i = 0; i < y.length; i++) {
    // -0 and 0 are one score, but not to a typed array's sort
    if (y[i] === 1) positives[p++] = scores[i] + 0;
    else negatives[n++] = scores[i] + 0;
  }
  return { positives: positives.sort(), negatives: negatives.sort() };
}

function checkSameLength(name: string, values: ArrayLike<number>, y: ArrayLike<number>): void {
  for (const [which, list] of [
    [name, values],
    ['y', y],
  ] as const) {
    if ((list as unknown) instanceof tf.Tensor || typeof list?.length !== 'number') {
      throw new TypeError(`${which} must be an array of numbers, got ${show(list)}`);
    }
  }
  if (values.length !== y.length || y.length === 0) {
    throw new RangeError(`${name} and y must have one value per sample each, got ${values.length} and ${y.length}`);
  }
}

function checkBinary(name: string, values: ArrayLike<number>, i: number): void {
  if (values[i] !== 0 && values[i] !== 1) {
    throw new RangeError(`${name} must hold 0 (normal) and 1 (anomaly) only, ${name}[${i}] is ${show(values[i])}`);
  }
}

/** Labels as 0, 1, … in the order of their appearance. */
function numbered(labels: ArrayLike<number>): { codes: Uint32Array; count: number } {
  const known = new Map<number, number>();
  const codes = Uint32Array.from(labels, (label) => {
    if (!Number.isInteger(label)) throw new RangeError(`clusters and labels must be integers, got ${show(label)}`);
    const code = known.get(label) ?? known.size;
    known.set(label, code);
    return code;
  });
  return { codes, count: known.size };
}

/** How often each cluster (rows) meets each label (columns). */
function contingency(clusters: ArrayLike<number>, y: ArrayLike<number>): number[][] {
  const rows = numbered(clusters);
  const columns = numbered(y);
  const table = Array.from({ length: rows.count }, () => new Array<number>(columns.count).fill(0));
  for (let i = 0; i < y.length; i++) table[rows.codes[i]][columns.codes[i]]++;
  return table;
}
