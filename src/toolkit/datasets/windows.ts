import { NdArray, type PlainSamples, type Samples, toPlain } from '../ndarray.ts';
import { checkPositiveInteger } from '../validate.ts';

/**
 * Sliding windows over a time series, each a sample.
 *
 * @param series [steps] or a flat list for one channel, [steps, channels] for several
 * @param options.length steps in a window
 * @param options.stride steps from one window to the next; default 1
 * @returns [windows, length * channels], the channels of a step side by side; a rest too short for a window is left out
 */
export function windows(series: Samples, options: { length: number; stride?: number }): NdArray {
  const flat = Array.isArray(series) ? typeof series[0] === 'number' : series instanceof Float32Array;
  const array = toPlain('windows', series as PlainSamples);
  const steps = flat ? array.data.length : array.length;
  const channels = array.data.length / steps;
  const length = checkPositiveInteger('length', options?.length);
  const stride = checkPositiveInteger('stride', options.stride ?? 1);
  if (length > steps) throw new RangeError(`length must be at most the ${steps} steps of the series, got ${length}`);
  const count = Math.floor((steps - length) / stride) + 1;
  const width = length * channels;
  const out = new Float32Array(count * width);
  for (let i = 0; i < count; i++) {
    const start = i * stride * channels;
    out.set(array.data.subarray(start, start + width), i * width);
  }
  return new NdArray(out, [count, width]);
}
