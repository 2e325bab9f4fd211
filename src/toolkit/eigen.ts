/**
 * The largest eigenvalues of a symmetric matrix and their vectors, in 64 bits.
 *
 * Householder's reduction to a tridiagonal matrix, bisection for the eigenvalues, inverse iteration for the vectors:
 * 4/3 n^3 operations and little more where few vectors are wanted. Sources: Wilkinson 1965; Golub & Van Loan 2013, 8.
 */
import { Pacer } from './pause.ts';
import { Random } from './random.ts';

export interface Eigenpairs {
  /** Largest first. [k] */
  readonly values: Float64Array;
  /** One unit vector a row. [k, n] */
  readonly vectors: Float64Array;
}

/** @param matrix symmetric, [n, n] by rows; its lower triangle is used, and overwritten */
export async function largestEigenpairs(matrix: Float64Array, n: number, k: number): Promise<Eigenpairs> {
  const pacer = new Pacer();
  const tridiagonal = await reduce(matrix, n, pacer);
  const { diagonal, beside } = tridiagonal;
  const values = new Float64Array(k);
  const vectors = new Float64Array(k * n);
  const bounds = gershgorin(diagonal, beside);
  const random = new Random(0, 'eigenvectors');
  for (let c = 0; c < k; c++) {
    values[c] = bisect(diagonal, beside, bounds, n - 1 - c);
    const y = inverseIteration(diagonal, beside, values[c], bounds, vectors.subarray(0, c * n), random);
    vectors.set(y, c * n);
    if (pacer.due()) await pacer.pause();
  }
  for (let c = 0; c < k; c++) {
    applyReflections(matrix, tridiagonal.scales, vectors.subarray(c * n, (c + 1) * n));
    if (pacer.due()) await pacer.pause();
  }
  return { values, vectors };
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** beside[i] couples i - 1 and i; beside[0] is 0. */
  readonly beside: Float64Array;
  /** Row i of the matrix holds the vector v of reflection I - scales[i] v v^T. */
  readonly scales: Float64Array;
}

async function reduce(a: Float64Array, n: number, pacer: Pacer): Promise<Tridiagonal> {
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n);
  const scales = new Float64Array(n);
  const p = new Float64Array(n);
  for (let i = n - 1; i > 0; i--) {
    const v = a.subarray(i * n, i * n + i);
    diagonal[i] = a[i * n + i];
    let rest = 0;
    for (let j = 0; j < i - 1; j++) rest += v[j] * v[j];
    if (rest === 0) {
      beside[i] = v[i - 1];
      continue; // tridiagonal here already
    }
    // the reflection that leaves only the last entry of the row
    const norm = Math.sqrt(rest + v[i - 1] * v[i - 1]);
    const kept = v[i - 1] > 0 ? -norm : norm;
    v[i - 1] -= kept;
    const scale = 2 / (rest + v[i - 1] * v[i - 1]);
    beside[i] = kept;
    scales[i] = scale;
    multiplyLower(a, n, i, v, p);
    let vp = 0;
    for (let j = 0; j < i; j++) vp += v[j] * (p[j] *= scale);
    const half = (scale * vp) / 2;
    for (let j = 0; j < i; j++) p[j] -= half * v[j];
    // A - v q^T - q v^T with q = p - half v
    for (let r = 0; r < i; r++) {
      const row = a.subarray(r * n, r * n + r + 1);
      const vr = v[r];
      const pr = p[r];
      for (let j = 0; j <= r; j++) row[j] -= vr * p[j] + pr * v[j];
    }
    if (pacer.due()) await pacer.pause();
  }
  diagonal[0] = a[0];
  return { diagonal, beside, scales };
}

/** p = A v for the leading i x i part, of which the lower triangle is stored. */
function multiplyLower(a: Float64Array, n: number, i: number, v: Float64Array, p: Float64Array): void {
  p.fill(0, 0, i);
  for (let r = 0; r < i; r++) {
    const row = a.subarray(r * n, r * n + r + 1);
    const vr = v[r];
    let sum = row[r] * vr;
    for (let j = 0; j < r; j++) {
      sum += row[j] * v[j];
      p[j] += row[j] * vr;
    }
    p[r] += sum;
  }
}

/** From the tridiagonal matrix's eigenvector to the whole matrix's, in place. */
function applyReflections(a: Float64Array, scales: Float64Array, y: Float64Array): void {
  const n = y.length;
  for (let i = 2; i < n; i++) {
    if (scales[i] === 0) continue;
    const v = a.subarray(i * n, i * n + i);
    let dot = 0;
    for (let j = 0; j < i; j++) dot += v[j] * y[j];
    dot *= scales[i];
    for (let j = 0; j < i; j++) y[j] -= dot * v[j];
  }
}

interface Bounds {
  readonly low: number;
  readonly high: number;
  /** The smallest difference that 64 bits can tell at this size. */
  readonly resolution: number;
}

/** All eigenvalues lie within the circles of Gershgorin. */
function gershgorin(diagonal: Float64Array, beside: Float64Array): Bounds {
  let low = Infinity;
  let high = -Infinity;
  diagonal.forEach((value, i) => {
    const radius = Math.abs(beside[i]) + Math.abs(beside[i + 1] ?? 0);
    low = Math.min(low, value - radius);
    high = Math.max(high, value + radius);
  });
  const resolution = Math.max(Math.abs(low), Math.abs(high), Number.MIN_VALUE) * Number.EPSILON;
  return { low: low - resolution, high: high + resolution, resolution };
}

/** The eigenvalue that has `rank` others below it. */
function bisect(diagonal: Float64Array, beside: Float64Array, bounds: Bounds, rank: number): number {
  let { low, high } = bounds;
  while (high - low > bounds.resolution) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (countBelow(diagonal, beside, middle, bounds.resolution) > rank) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
}

/** How many eigenvalues are below x: the negative pivots of T - x I (Sturm). */
function countBelow(diagonal: Float64Array, beside: Float64Array, x: number, tiny: number): number {
  let count = 0;
  let pivot = 1;
  for (let i = 0; i < diagonal.length; i++) {
    pivot = diagonal[i] - x - (beside[i] * beside[i]) / pivot;
    if (pivot === 0) pivot = -tiny;
    if (pivot < 0) count++;
  }
  return count;
}

/** Solves (T - value I) y' = y a few times, each time orthogonal to the vectors found before. */
function inverseIteration(
  diagonal: Float64Array,
  beside: Float64Array,
  value: number,
  { resolution }: Bounds,
  earlier: Float64Array,
  random: Random,
): Float64Array {
  const n = diagonal.length;
  const y = Float64Array.from({ length: n }, () => random.uniform() - 0.5);
  for (let iteration = 0; iteration < 4; iteration++) {
    solveShifted(diagonal, beside, value, resolution, y);
    normalize(y);
    // twice is enough to be orthogonal to rounding
    for (let pass = 0; pass < 2; pass++) {
      for (let start = 0; start < earlier.length; start += n) {
        let dot = 0;
        for (let j = 0; j < n; j++) dot += earlier[start + j] * y[j];
        for (let j = 0; j < n; j++) y[j] -= dot * earlier[start + j];
      }
      normalize(y);
    }
  }
  return y;
}

/** (T - value I)^-1 y, in place, by elimination with row exchanges. */
function solveShifted(
  diagonal: Float64Array,
  beside: Float64Array,
  value: number,
  tiny: number,
  y: Float64Array,
): void {
  const n = y.length;
  // the upper triangle after elimination: the diagonal and two entries right of it
  const d = Float64Array.from(diagonal, (entry) => entry - value);
  const right = new Float64Array(n);
  const farRight = new Float64Array(n);
  for (let i = 0; i + 1 < n; i++) right[i] = beside[i + 1];
  for (let i = 0; i + 1 < n; i++) {
    const below = beside[i + 1];
    if (Math.abs(below) > Math.abs(d[i])) {
      const factor = d[i] / below;
      const nextRight = i + 2 < n ? right[i + 1] : 0;
      const swapped = right[i];
      d[i] = below;
      right[i] = d[i + 1];
      farRight[i] = nextRight;
      d[i + 1] = swapped - factor * right[i];
      if (i + 2 < n) right[i + 1] = -factor * nextRight;
      const upper = y[i];
      y[i] = y[i + 1];
      y[i + 1] = upper - factor * y[i];
    } else {
      if (d[i] === 0) d[i] = tiny;
      const factor = below / d[i];
      d[i + 1] -= factor * right[i];
      y[i + 1] -= factor * y[i];
    }
  }
  if (d[n - 1] === 0) d[n - 1] = tiny;
  for (let i = n - 1; i >= 0; i--) {
    let sum = y[i];
    if (i + 1 < n) sum -= right[i] * y[i + 1];
    if (i + 2 < n) sum -= farRight[i] * y[i + 2];
    y[i] = sum / d[i];
    // a nearly singular matrix blows the vector up; only its direction counts
    if (Math.abs(y[i]) > 1e200) for (let j = 0; j < n; j++) y[j] *= 1e-200;
  }
}

function normalize(y: Float64Array): void {
  let largest = 0;
  for (const value of y) largest = Math.max(largest, Math.abs(value));
  if (largest === 0) return;
  let sum = 0;
  for (let i = 0; i < y.length; i++) sum += (y[i] /= largest) ** 2;
  const norm = Math.sqrt(sum);
  for (let i = 0; i < y.length; i++) y[i] /= norm;
}
