import { NdArray, type PlainSamples } from './ndarray.ts';
import { checkFinite } from './validate.ts';

/** Brings features to a common scale. Fit on training data alone, then transform all data alike. */
export interface Scaler {
  fit(x: PlainSamples): this;
  transform(x: PlainSamples): NdArray;
  inverseTransform(x: PlainSamples): NdArray;
}

/** A scaler as a file keeps it. */
export interface ScalerState {
  readonly kind: string;
  readonly shift: readonly number[];
  readonly scale: readonly number[];
}

/** Feature by feature: scaled = (x - shift) / scale, in 64 bits. */
abstract class FeatureScaler implements Scaler {
  #shift: Float64Array | undefined;
  #scale: Float64Array | undefined;

  /** What was measured, for files. @internal */
  get state(): ScalerState | undefined {
    if (!this.#shift || !this.#scale) return undefined;
    return { kind: this.constructor.name, shift: Array.from(this.#shift), scale: Array.from(this.#scale) };
  }

  /** @internal */
  restore({ shift, scale }: ScalerState): this {
    this.#shift = Float64Array.from(shift);
    this.#scale = Float64Array.from(scale);
    return this;
  }

  /** Shift and scale of one feature. */
  protected abstract measure(values: { mean: number; std: number; min: number; max: number }): [number, number];

  /** @param x [n, …] */
  fit(x: PlainSamples): this {
    const samples = NdArray.from(x);
    checkFinite('x', samples);
    const width = samples.data.length / samples.length;
    const shift = new Float64Array(width);
    const scale = new Float64Array(width);
    for (let feature = 0; feature < width; feature++) {
      const measured = this.measure(statistics(samples.data, feature, width));
      shift[feature] = measured[0];
      // a constant feature has nothing to scale: it becomes 0
      scale[feature] = measured[1] > 0 ? measured[1] : 1;
    }
    this.#shift = shift;
    this.#scale = scale;
    return this;
  }

  /** @returns as x */
  transform(x: PlainSamples): NdArray {
    return this.#map(x, (value, shift, scale) => (value - shift) / scale);
  }

  /** Back to the data's own unit. @returns as x */
  inverseTransform(x: PlainSamples): NdArray {
    return this.#map(x, (value, shift, scale) => value * scale + shift);
  }

  #map(x: PlainSamples, map: (value: number, shift: number, scale: number) => number): NdArray {
    const shift = this.#shift;
    const scale = this.#scale;
    if (!shift || !scale) throw new Error(`this ${this.constructor.name} has measured nothing yet: call fit first`);
    const samples = NdArray.from(x);
    const width = samples.length > 0 ? samples.data.length / samples.length : shift.length;
    if (width !== shift.length) {
      throw new RangeError(`x must have ${shift.length} values per sample, as the fitted data had, got ${width}`);
    }
    return new NdArray(
      samples.data.map((value, i) => map(value, shift[i % width], scale[i % width])),
      samples.shape,
    );
  }
}

/** Each feature to [0, 1], by its least and greatest value in the fitted data. */
export class MinMaxScaler extends FeatureScaler {
  protected measure({ min, max }: { min: number; max: number }): [number, number] {
    return [min, max - min];
  }
}

/** Each feature to mean 0 and standard deviation 1 (divisor n) over the fitted data. */
export class StandardScaler extends FeatureScaler {
  protected measure({ mean, std }: { mean: number; std: number }): [number, number] {
    return [mean, std];
  }
}

/** A scaler of this module that has measured; others can't be kept in a file. */
export function scalerState(scaler: Scaler): ScalerState | undefined {
  return scaler instanceof FeatureScaler ? scaler.state : undefined;
}

export function scalerFrom(state: ScalerState): Scaler {
  const scaler = state.kind === 'MinMaxScaler' ? new MinMaxScaler() : new StandardScaler();
  return scaler.restore(state);
}

function statistics(data: Float32Array, feature: number, width: number) {
  let sum = 0;
  let min = Infinity;
  let max = -Infinity;
  for (let i = feature; i < data.length; i += width) {
    sum += data[i];
    min = Math.min(min, data[i]);
    max = Math.max(max, data[i]);
  }
  const n = data.length / width;
  const mean = sum / n;
  let squares = 0;
  for (let i = feature; i < data.length; i += width) squares += (data[i] - mean) ** 2;
  // rounding alone must not make a constant feature vary
  const std = min === max ? 0 : Math.sqrt(squares / n);
  return { mean, std, min, max };
}
