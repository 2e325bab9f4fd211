/** How well a threshold on scores tells the positive group from the negative one. Higher scores mean positive. */
import type { HistogramPayload } from '../renderers/histogram/payload.ts';

export interface Detection {
  /** Scores of each group, ascending. */
  readonly positives: Float32Array;
  readonly negatives: Float32Array;
  /** Share of positives found over share of false alarms, from (0, 0) to (1, 1). */
  readonly roc: readonly (readonly [number, number])[];
  /** Precision over recall. */
  readonly precisionRecall: readonly (readonly [number, number])[];
  /** Area under the ROC curve: the chance that a positive scores above a negative (ties count half). */
  readonly auroc: number;
  /** Sum over thresholds of precision times the growth of recall. */
  readonly averagePrecision: number;
}

export interface Confusion {
  readonly tp: number;
  readonly fp: number;
  readonly tn: number;
  readonly fn: number;
}

/** Undefined where there is nothing to tell apart. */
export function detectionOf({ groups }: HistogramPayload): Detection | undefined {
  const sorted = (positive: boolean) =>
    Float32Array.from(
      groups.filter((group) => group.positive === positive).flatMap((group) => [...group.values]),
    ).sort();
  const [positives, negatives] = [sorted(true), sorted(false)];
  if (!positives.length || !negatives.length) return undefined;
  const roc: [number, number][] = [[0, 0]];
  const precisionRecall: [number, number][] = [];
  let [p, n] = [positives.length, negatives.length];
  let auroc = 0;
  let averagePrecision = 0;
  while (p || n) {
    // Equal scores are one step: no threshold comes between them.
    const score = Math.max(positives[p - 1] ?? Number.NEGATIVE_INFINITY, negatives[n - 1] ?? Number.NEGATIVE_INFINITY);
    const before = roc.at(-1)!;
    const found = positives.length - p;
    while (p && positives[p - 1]! >= score) p--;
    while (n && negatives[n - 1]! >= score) n--;
    const [tp, fp] = [positives.length - p, negatives.length - n];
    const point: [number, number] = [fp / negatives.length, tp / positives.length];
    auroc += ((point[0] - before[0]) * (point[1] + before[1])) / 2;
    averagePrecision += ((tp - found) / positives.length) * (tp / (tp + fp));
    roc.push(point);
    precisionRecall.push([point[1], tp / (tp + fp)]);
  }
  return { positives, negatives, roc, precisionRecall, auroc, averagePrecision };
}

/** Counts at a threshold: what lies above it is called positive. */
export function confusionAt({ positives, negatives }: Detection, threshold: number): Confusion {
  const tp = positives.length - countUpTo(positives, threshold);
  const fp = negatives.length - countUpTo(negatives, threshold);
  return { tp, fp, tn: negatives.length - fp, fn: positives.length - tp };
}

export function ratesOf({ tp, fp, tn, fn }: Confusion) {
  const precision = tp + fp ? tp / (tp + fp) : 0;
  const recall = tp + fn ? tp / (tp + fn) : 0;
  return {
    precision,
    recall,
    f1: precision + recall ? (2 * precision * recall) / (precision + recall) : 0,
    accuracy: (tp + tn) / Math.max(1, tp + fp + tn + fn),
    falseAlarms: fp + tn ? fp / (fp + tn) : 0,
  };
}

/** How many of ascending values are at most `limit`. */
function countUpTo(values: Float32Array, limit: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
