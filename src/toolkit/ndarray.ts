import * as tf from '@tensorflow/tfjs';
import { loadEngine } from './engine.ts';

/** What every method takes as data; axis 0 counts samples. A flat array is one sample. */
export type Samples =
  | NdArray
  | tf.Tensor
  | readonly (readonly number[])[]
  | readonly Float32Array[]
  | Float32Array
  | readonly number[];
/** Samples whose values are at hand, without waiting for an engine. */
export type PlainSamples = Exclude<Samples, tf.Tensor>;

/** Row-major 32-bit floats with a shape; axis 0 counts samples. Plain memory: nothing to dispose. */
export class NdArray {
  readonly data: Float32Array;
  readonly shape: readonly number[];

  /**
   * @param data as many values as the shape holds; kept, not copied
   * @param shape at least one axis
   */
  constructor(data: Float32Array, shape: readonly number[]) {
    if (!(data instanceof Float32Array)) {
      throw new TypeError(`data must be a Float32Array, got ${nameOf(data)}; NdArray.from takes nested arrays`);
    }
    if (shape.length === 0 || shape.some((size) => !Number.isInteger(size) || size < 0)) {
      throw new RangeError(`shape must hold one or more integers from 0 up, got [${shape}]`);
    }
    if (volume(shape) !== data.length) {
      throw new RangeError(`shape [${shape}] needs ${volume(shape)} values, got ${data.length}`);
    }
    this.data = data;
    this.shape = Object.freeze([...shape]);
  }

  /** Nested arrays of any depth, all branches alike; a flat array becomes one sample, [1, d]. An NdArray is returned as it is. */
  static from(values: PlainSamples): NdArray {
    if (values instanceof NdArray) return values;
    if ((values as unknown) instanceof tf.Tensor) {
      throw new TypeError('NdArray.from takes plain values; use `await NdArray.fromTensor(tensor)` for a tensor');
    }
    if (values instanceof Float32Array) return new NdArray(values.slice(), [1, values.length]);
    if (!isList(values)) throw new TypeError(`samples must be an array of numbers or of arrays, got ${nameOf(values)}`);
    const shape = shapeOf(values);
    const data = new Float32Array(volume(shape));
    let next = 0;
    const copy = (list: ArrayLike<unknown>, axis: number, place: string): void => {
      if (list.length !== shape[axis]) {
        throw new RangeError(
          `every array must have the same length: ${place} has ${list.length}, the first one ${shape[axis]}`,
        );
      }
      for (let i = 0; i < list.length; i++) {
        const value = list[i];
        if (axis + 1 < shape.length) {
          if (!isList(value))
            throw new TypeError(`${place}[${i}] must be an array as its neighbours are, got ${nameOf(value)}`);
          copy(value, axis + 1, `${place}[${i}]`);
        } else {
          if (typeof value !== 'number') throw new TypeError(`${place}[${i}] must be a number, got ${nameOf(value)}`);
          data[next++] = value;
        }
      }
    };
    copy(values, 0, 'samples');
    return new NdArray(data, shape.length === 1 ? [1, shape[0]] : shape);
  }

  /** A copy of a tensor's values; the tensor stays. A scalar becomes shape [1]. */
  static async fromTensor(tensor: tf.Tensor): Promise<NdArray> {
    const values = await tensor.data();
    // the cpu backend hands out its own memory
    return new NdArray(Float32Array.from(values as ArrayLike<number>), tensor.rank === 0 ? [1] : tensor.shape);
  }

  /** Number of samples, shape[0]. */
  get length(): number {
    return this.shape[0];
  }

  /** Values per sample. */
  get #width(): number {
    return volume(this.shape.slice(1));
  }

  /** Samples from `start` up to but without `end`, as Array.slice counts. Shares the memory. */
  slice(start = 0, end: number = this.length): NdArray {
    const from = clampIndex(start, this.length);
    const to = Math.max(from, clampIndex(end, this.length));
    const width = this.#width;
    return new NdArray(this.data.subarray(from * width, to * width), [to - from, ...this.shape.slice(1)]);
  }

  /** Copies of the samples at `indices`, in that order. */
  gather(indices: ArrayLike<number>): NdArray {
    const width = this.#width;
    const data = new Float32Array(indices.length * width);
    for (let i = 0; i < indices.length; i++) {
      const index = this.#checkIndex(indices[i]);
      data.set(this.data.subarray(index * width, (index + 1) * width), i * width);
    }
    return new NdArray(data, [indices.length, ...this.shape.slice(1)]);
  }

  /** Another shape over the same memory; one axis may be -1, which is then computed. */
  reshape(...shape: number[]): NdArray {
    const known = shape.filter((size) => size !== -1);
    if (shape.length - known.length > 1) throw new RangeError(`reshape allows one -1, got [${shape}]`);
    const rest = volume(known);
    const full = shape.map((size) => (size === -1 ? (rest === 0 ? 0 : this.data.length / rest) : size));
    if (volume(full) !== this.data.length || full.some((size) => !Number.isInteger(size))) {
      throw new RangeError(
        `an array of shape [${this.shape}] has ${this.data.length} values and can't become [${shape}]`,
      );
    }
    return new NdArray(this.data, full);
  }

  /** Values of sample i, a view; a negative i counts from the end. */
  row(i: number): Float32Array {
    const width = this.#width;
    const index = this.#checkIndex(i < 0 ? i + this.length : i);
    return this.data.subarray(index * width, (index + 1) * width);
  }

  /** Nested arrays of numbers. */
  toArray(): unknown[] {
    const nest = (axis: number, offset: number): unknown[] => {
      const size = this.shape[axis];
      if (axis === this.shape.length - 1) return Array.from(this.data.subarray(offset, offset + size));
      const step = volume(this.shape.slice(axis + 1));
      return Array.from({ length: size }, (_, i) => nest(axis + 1, offset + i * step));
    };
    return nest(0, 0);
  }

  /** A tensor with a copy of the values; the caller disposes it. Loads the engine if need be. */
  async toTensor(): Promise<tf.Tensor> {
    await loadEngine();
    return tf.tensor(this.data.slice(), [...this.shape]);
  }

  #checkIndex(index: number): number {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new RangeError(`sample index must be an integer from 0 to ${this.length - 1}, got ${index}`);
    }
    return index;
  }
}

/** Any samples as an NdArray; tensors are read and stay alive. */
export async function toNdArray(x: Samples): Promise<NdArray> {
  return x instanceof tf.Tensor ? NdArray.fromTensor(x) : NdArray.from(x);
}

export function volume(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function clampIndex(index: number, length: number): number {
  return index < 0 ? Math.max(0, length + index) : Math.min(index, length);
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/** Shape as the first branch has it. */
function shapeOf(values: ArrayLike<unknown>): number[] {
  const first = values[0];
  return isList(first) ? [values.length, ...shapeOf(first)] : [values.length];
}

function nameOf(value: unknown): string {
  if (value === null || typeof value !== 'object') return typeof value === 'string' ? `'${value}'` : String(value);
  return value.constructor?.name ?? 'object';
}

/** As NdArray.from, with a message that names who can't wait for a tensor. */
export function toPlain(what: string, x: PlainSamples): NdArray {
  if ((x as unknown) instanceof tf.Tensor) {
    throw new TypeError(`${what} takes plain values; use \`await NdArray.fromTensor(tensor)\` for a tensor`);
  }
  return NdArray.from(x);
}
