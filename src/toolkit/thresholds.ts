import type { Samples } from './ndarray.ts';
import { checkNumber, show } from './validate.ts';

/** How a detector finds its threshold, from scores of normal data that it was not trained on. */
export type ThresholdRule =
  | { readonly kind: 'quantile'; readonly q: number }
  | { readonly kind: 'meanPlusStd'; readonly k: number }
  | { readonly kind: 'contamination'; readonly fraction: number }
  | { readonly kind: 'bestF1'; readonly x: Samples; readonly y: ArrayLike<number> };

/** Above it lies the share 1 - q of normal data: 0.95 raises a false alarm in 20 normal samples. */
export function quantile(q: number): ThresholdRule {
  return { kind: 'quantile', q: checkNumber('q', q, { from: 0, to: 1 }) };
}

/** Mean of the scores plus k standard deviations (divisor n). */
export function meanPlusStd(k: number): ThresholdRule {
  return { kind: 'meanPlusStd', k: checkNumber('k', k) };
}

/** For data of which this share is thought to be abnormal: that share scores above the threshold. */
export function contamination(fraction: number): ThresholdRule {
  return { kind: 'contamination', fraction: checkNumber('fraction', fraction, { above: 0, below: 1 }) };
}

/** The best F1 on labelled data, 1 = anomaly, both kinds in it. */
export function bestF1(x: Samples, y: ArrayLike<number>): ThresholdRule {
  if (!y || typeof y.length !== 'number') throw new TypeError(`y must be labels 0 and 1, got ${show(y)}`);
  const anomalies = Array.from(y).filter((label) => label === 1).length;
  if (anomalies === 0 || anomalies === y.length) {
    throw new RangeError(
      `bestF1 needs normal samples (0) and anomalies (1) in y, got ${anomalies} anomalies of ${y.length}`,
    );
  }
  return { kind: 'bestF1', x, y };
}

/** @param scores of normal data */
export function thresholdOf(rule: Exclude<ThresholdRule, { kind: 'bestF1' }>, scores: Float32Array): number {
  switch (rule.kind) {
    case 'quantile':
      return quantileOf(scores, rule.q);
    case 'contamination':
      return quantileOf(scores, 1 - rule.fraction);
    case 'meanPlusStd': {
      const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
      const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length;
      return mean + rule.k * Math.sqrt(variance);
    }
  }
}

/** Between the two nearest scores where it falls between them, as NumPy does. */
export function quantileOf(scores: Float32Array, q: number): number {
  const sorted = scores.slice().sort();
  const place = q * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}
