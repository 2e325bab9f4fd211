import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { NdArray, volume } from '../ndarray.ts';

/** Reads one value of a kind of numbers; `little` is the byte order. */
type Read = (view: DataView, offset: number, little: boolean) => number;

/** By NumPy's type code without the byte order. Values become 32-bit floats, whatever they were. */
const readers: Record<string, Read> = {
  b1: (view, offset) => view.getUint8(offset),
  u1: (view, offset) => view.getUint8(offset),
  i1: (view, offset) => view.getInt8(offset),
  u2: (view, offset, little) => view.getUint16(offset, little),
  i2: (view, offset, little) => view.getInt16(offset, little),
  u4: (view, offset, little) => view.getUint32(offset, little),
  i4: (view, offset, little) => view.getInt32(offset, little),
  u8: (view, offset, little) => Number(view.getBigUint64(offset, little)),
  i8: (view, offset, little) => Number(view.getBigInt64(offset, little)),
  f2: (view, offset, little) => halfFloat(view.getUint16(offset, little)),
  f4: (view, offset, little) => view.getFloat32(offset, little),
  f8: (view, offset, little) => view.getFloat64(offset, little),
};

export interface NpyHeader {
  readonly shape: readonly number[];
  readonly fortranOrder: boolean;
  readonly read: Read;
  readonly little: boolean;
  readonly bytesPerValue: number;
  /** Where the values begin in the file. */
  readonly start: number;
}

/**
 * An array in NumPy's format: any type of real numbers, either byte order, C or Fortran order. It is read as a stream, so
 * that memory holds the 32-bit floats and little more. Whole numbers above 2^24 are rounded to the nearest float.
 *
 * Source: NumPy, "A simple file format for NumPy arrays" (NEP 1), versions 1 to 3.
 * @returns as it is in the file; a scalar becomes shape [1]
 * @throws Error if the file is missing, cut short, or holds anything but real numbers
 */
export async function npy(path: string): Promise<NdArray> {
  const { size } = await stat(path);
  return readNpy(createReadStream(path), size, path);
}

/**
 * @param size bytes that the chunks add up to
 * @param name for errors
 */
export async function readNpy(chunks: AsyncIterable<Buffer | string>, size: number, name: string): Promise<NdArray> {
  let header: NpyHeader | undefined;
  let fill: ((bytes: Buffer) => number) | undefined;
  let out = new NdArray(new Float32Array(), [0]);
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer);
    if (!header) {
      header = parseNpyHeader(rest, name);
      if (!header) continue;
      checkSize(header, size, name);
      out = emptyArray(header.shape, name);
      fill = valueFiller(header, out.data);
      rest = rest.subarray(header.start);
    }
    rest = rest.subarray(fill!(rest));
  }
  if (!header) throw new Error(`${name} is cut short: it has ${size} bytes, less than the header of a .npy file`);
  return out;
}

/** @returns undefined if the bytes end before the header does */
export function parseNpyHeader(bytes: Buffer, name: string): NpyHeader | undefined {
  const magic = bytes.subarray(0, 6).toString('latin1');
  if (magic !== '\x93NUMPY'.slice(0, magic.length) || bytes.length === 0) {
    throw new Error(`${name} is no .npy file: it starts with the bytes ${bytes.subarray(0, 6).toString('hex')}`);
  }
  if (bytes.length < 12) return undefined;
  const version = bytes[6];
  if (version < 1 || version > 3)
    throw new Error(`${name} has version ${version} of the .npy format, known are 1 to 3`);
  const start = version === 1 ? 10 + bytes.readUInt16LE(8) : 12 + bytes.readUInt32LE(8);
  if (start > 2 ** 20) throw new Error(`${name} is damaged: its header would have ${start} bytes`);
  if (bytes.length < start) return undefined;
  const text = bytes.subarray(version === 1 ? 10 : 12, start).toString('utf8');
  const descr = /'descr':\s*'([<>|=]?)([a-zA-Z]\d+)'/.exec(text);
  const order = /'fortran_order':\s*(True|False)/.exec(text);
  const sizes = /'shape':\s*\(([\d\s,]*)\)/.exec(text);
  if (!order || !sizes) throw new Error(`${name} is damaged: its header says ${text.trim()}`);
  const read = descr && readers[descr[2]];
  if (!read) {
    const type = /'descr':\s*(.*?),\s*'fortran_order/.exec(text)?.[1] ?? text.trim();
    throw new Error(
      `${name} holds values of the type ${type}; only real numbers can be read (b1, i1 to i8, u1 to u8, f2, f4, f8). ` +
        'Save it from Python as array.astype("float32").',
    );
  }
  const shape = sizes[1]
    .split(',')
    .filter((size) => size.trim() !== '')
    .map(Number);
  return {
    shape: shape.length > 0 ? shape : [1],
    fortranOrder: order[1] === 'True',
    read,
    little: descr[1] !== '>',
    bytesPerValue: Number(descr[2].slice(1)),
    start,
  };
}

/** Before memory is taken: a header may promise anything. */
function checkSize(header: NpyHeader, size: number, name: string): void {
  const expected = header.start + volume(header.shape) * header.bytesPerValue;
  if (size !== expected) {
    throw new Error(
      `${name} must have ${expected} bytes for an array of shape [${header.shape}], it has ${size}` +
        `${size < expected ? ': it is cut short' : ''}`,
    );
  }
}

function emptyArray(shape: readonly number[], name: string): NdArray {
  try {
    return new NdArray(new Float32Array(volume(shape)), shape);
  } catch (error) {
    throw new Error(
      `${name} is too big for memory: its shape [${shape}] needs ${volume(shape) * 4} bytes. ` +
        'Cut it into shards and train from them (datasets.npyShards).',
      { cause: error },
    );
  }
}

/** Fills `out` from one chunk after the other; each call says how many bytes of its chunk were whole values. */
function valueFiller({ shape, fortranOrder, read, little, bytesPerValue }: NpyHeader, out: Float32Array) {
  let next = 0;
  const place = fortranOrder && shape.length > 1 ? fortranPlaces(shape) : () => next;
  return (bytes: Buffer): number => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const values = Math.min(Math.floor(bytes.length / bytesPerValue), out.length - next);
    for (let i = 0; i < values; i++) {
      out[place()] = read(view, i * bytesPerValue, little);
      next++;
    }
    return values * bytesPerValue;
  };
}

/** The places in C order of values that come in Fortran order, where the first axis runs fastest. */
function fortranPlaces(shape: readonly number[]): () => number {
  const strides = shape.map((_, axis) => volume(shape.slice(axis + 1)));
  const index = shape.map(() => 0);
  let place = 0;
  return () => {
    const current = place;
    for (let axis = 0; axis < shape.length; axis++) {
      index[axis]++;
      place += strides[axis];
      if (index[axis] < shape[axis]) break;
      place -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
    return current;
  };
}

/** IEEE 754 binary16. */
function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * The samples of a big array, a piece of about a megabyte of floats at a time.
 *
 * @throws Error as npy does, and for Fortran order, in which no sample is whole before the end
 */
export async function* npyBlocks(path: string): AsyncGenerator<NdArray> {
  const { size } = await stat(path);
  let header: NpyHeader | undefined;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer);
    if (!header) {
      header = parseNpyHeader(rest, path);
      if (!header) continue;
      checkSize(header, size, path);
      if (header.fortranOrder && header.shape.length > 1) {
        throw new Error(`${path} is in Fortran order and can't be read in pieces: save np.ascontiguousarray(array)`);
      }
      rest = rest.subarray(header.start);
    }
    const width = volume(header.shape.slice(1));
    const rows = Math.floor(rest.length / (width * header.bytesPerValue));
    if (rows === 0) continue;
    const block = new NdArray(new Float32Array(rows * width), [rows, ...header.shape.slice(1)]);
    rest = rest.subarray(valueFiller({ ...header, fortranOrder: false }, block.data)(rest));
    yield block;
  }
  if (!header) throw new Error(`${path} is cut short: it has ${size} bytes, less than the header of a .npy file`);
}
