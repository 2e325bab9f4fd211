import type { NdArray } from './ndarray.ts';
import type { TrainingData } from './train.ts';

/** Cuts a fraction off the end for validation, before anything is shuffled, as Keras does. */
export function splitOff(data: TrainingData, fraction: number): { train: TrainingData; validation?: TrainingData } {
  if (fraction === 0) return { train: data };
  const n = data.x.length;
  const cut = Math.floor(n * (1 - fraction));
  if (cut === 0 || cut === n) {
    throw new RangeError(
      `validation must leave at least one of the ${n} samples on either side, ${fraction} leaves ${cut} and ${n - cut}`,
    );
  }
  const part = (start: number, end: number): TrainingData => {
    const x = data.x.slice(start, end);
    return {
      x,
      target: data.target === data.x ? x : data.target.slice(start, end),
      ...(data.y && { y: data.y.slice(start, end) }),
    };
  };
  return { train: part(0, cut), validation: part(cut, n) };
}

/** Says once per fit that an output within [0, 1] can't reach the data. */
export function warnOfRange(target: NdArray, crossEntropy: boolean): void {
  let low = Infinity;
  let high = -Infinity;
  const { data } = target;
  for (let i = 0; i < data.length; i++) {
    if (data[i] < low) low = data[i];
    if (data[i] > high) high = data[i];
  }
  if (low >= 0 && high <= 1) return;
  const range = `the data goes from ${Number(low.toPrecision(4))} to ${Number(high.toPrecision(4))}`;
  console.warn(
    crossEntropy
      ? `${range}, but cross-entropy ('bce', 'nats') needs values in [0, 1]: use MinMaxScaler, or the loss 'mse'.`
      : `${range}, but a sigmoid output reaches [0, 1] only: use MinMaxScaler, or set output: 'linear'.`,
  );
}
