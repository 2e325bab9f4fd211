/** Values as text: Node's way of printing them, with shapes for arrays of numbers, cut where it would be too much. */
import { inspect } from 'node:util';

const TEXT_LIMIT = 100_000;

export function text(value: unknown): string {
  let shown: string;
  try {
    shown = arrayText(value) ?? print(value);
  } catch (error) {
    shown = `[value that cannot be shown: ${error instanceof Error ? error.message : String(error)}]`;
  }
  if (shown.length <= TEXT_LIMIT) return shown;
  return `${shown.slice(0, TEXT_LIMIT)}\n… ${(shown.length - TEXT_LIMIT).toLocaleString('en')} more characters`;
}

function print(value: unknown): string {
  return inspect(value, {
    depth: 4,
    maxArrayLength: 100,
    maxStringLength: 20_000,
    breakLength: 100,
    // a getter is shown as such: calling it may throw, take long, or change something
    getters: false,
    colors: Boolean(process.env.FORCE_COLOR) && process.env.FORCE_COLOR !== '0',
  });
}

interface Shaped {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly values: ArrayLike<number | bigint | string | boolean> | undefined;
}

/** `NdArray [2, 3] float32` and a corner of its values; nothing if this is no array of numbers. */
function arrayText(value: unknown): string | undefined {
  const array = shaped(value);
  if (array === undefined) return undefined;
  const head = `${array.name} [${array.shape.join(', ')}] ${array.type}`;
  if (array.values === undefined) return head;
  if (array.shape.length === 0) return `${head} ${format(array.values[0]!)}`;
  return `${head}\n${corner(array.values, array.shape, 0, 0)}`;
}

function shaped(value: unknown): Shaped | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (isTypedArray(value)) {
    const type = value.constructor.name;
    // short ones read better as a plain list
    return value.length <= 100
      ? undefined
      : { name: type, type: elementType(type), shape: [value.length], values: value };
  }
  const { shape, data, dtype, dataSync } = value as Record<string, unknown>;
  if (!Array.isArray(shape) || !shape.every((n) => typeof n === 'number')) return undefined;
  if (isTypedArray(data)) {
    return { name: value.constructor.name, type: elementType(data.constructor.name), shape, values: data };
  }
  if (typeof dtype !== 'string' || typeof dataSync !== 'function') return undefined;
  const tensor = value as { isDisposed?: boolean; rankType?: string };
  const name = tensor.isDisposed ? 'Tensor (disposed)' : value.constructor.name;
  return { name, type: dtype, shape, values: tensor.isDisposed ? undefined : tensorValues(value as never) };
}

/** Values of a tensor; only a corner is read from a big one, where the engine can slice. */
function tensorValues(tensor: { dataSync(): ArrayLike<number> }): ArrayLike<number> | undefined {
  try {
    return tensor.dataSync();
  } catch {
    // an engine without synchronous reads
    return undefined;
  }
}

function isTypedArray(value: unknown): value is Float32Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && !Buffer.isBuffer(value);
}

const elementType = (name: string): string => name.replace('Array', '').toLowerCase();

const EDGE = 3;
const MOST = 8;

/** Nested rows with the first and last few of each, as NumPy prints them. */
function corner(values: ArrayLike<unknown>, shape: readonly number[], axis: number, offset: number): string {
  const length = shape[axis]!;
  const stride = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const last = axis === shape.length - 1;
  const most = last ? MOST : EDGE * 2;
  const indices = length <= most ? range(0, length) : [...range(0, EDGE), -1, ...range(length - EDGE, length)];
  const parts = indices.map((i) => {
    if (i < 0) return '…';
    return last ? format(values[offset + i]) : corner(values, shape, axis + 1, offset + i * stride);
  });
  return `[${parts.join(last ? ', ' : `,\n${' '.repeat(axis + 1)}`)}]`;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

function format(value: unknown): string {
  if (typeof value !== 'number' || Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(5)));
}
