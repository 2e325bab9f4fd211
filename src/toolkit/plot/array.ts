import { compact } from '../../drawing/numbers.ts';
import { displaySymbol, withPng } from './display.ts';
import { histogramPicture } from './histogram.ts';

/** Shorter ones are better read as numbers. */
const fewest = 100;
const mostSampled = 200_000;

/**
 * How an array is shown: its statistics over a histogram of its values. Small ones, and those without finite values,
 * are left to be printed.
 */
export async function arrayBundle(
  name: string,
  values: ArrayLike<number>,
  type = 'float32',
): Promise<Record<string, unknown>> {
  if (values.length <= fewest) return {};
  let [count, sum, squares, zeros, odd] = [0, 0, 0, 0, 0];
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    if (!Number.isFinite(value)) {
      odd++;
      continue;
    }
    count++;
    sum += value;
    squares += value * value;
    if (value === 0) zeros++;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!count) return {};
  const mean = sum / count;
  const deviation = Math.sqrt(Math.max(0, squares / count - mean * mean));
  const every = Math.ceil(values.length / mostSampled);
  const sample = Float32Array.from({ length: Math.ceil(values.length / every) }, (_, i) => Number(values[i * every]));
  const facts: [string, string][] = [
    ['min', compact(low)],
    ['max', compact(high)],
    ['mean', compact(mean)],
    ['std', compact(deviation)],
    ['zeros', `${((100 * zeros) / values.length).toFixed(zeros ? 1 : 0)} %`],
    ...(odd ? [['not finite', String(odd)] as [string, string]] : []),
  ];
  const title = `${name} ${type}`;
  const bundle = await withPng(
    histogramPicture({
      title,
      text: `${title}: ${facts.map(([fact, value]) => `${fact} ${value}`).join(', ')}.`,
      groups: [{ name: 'values', values: sample }],
      facts,
    }),
  );
  // The kernel prints a corner of the values there.
  const { 'text/plain': _, ...pictures } = bundle;
  return pictures;
}

/** What an array or a tensor is, as far as it is shown. */
interface Shown {
  readonly shape: readonly number[];
  readonly dtype?: string;
  readonly isDisposed?: boolean;
  readonly data: ArrayLike<number> | (() => Promise<ArrayLike<number>>);
}

/** Makes arrays or tensors show themselves when they are a cell's value. */
export function showArrays(prototype: object, name: string): void {
  Object.defineProperty(prototype, displaySymbol, {
    configurable: true,
    value: async function (this: Shown) {
      if (this.isDisposed || this.dtype === 'string' || this.dtype === 'complex64') return {};
      const values = typeof this.data === 'function' ? await this.data() : this.data;
      return arrayBundle(`${name} [${this.shape.join(', ')}]`, values, this.dtype);
    },
  });
}
