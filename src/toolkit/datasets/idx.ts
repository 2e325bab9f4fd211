import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { NdArray, volume } from '../ndarray.ts';

interface ValueType {
  bytes: number;
  read(view: DataView, offset: number): number;
}

/** By the third byte of the file; everything is big-endian. */
const valueTypes: Record<number, ValueType> = {
  8: { bytes: 1, read: (view, offset) => view.getUint8(offset) },
  9: { bytes: 1, read: (view, offset) => view.getInt8(offset) },
  11: { bytes: 2, read: (view, offset) => view.getInt16(offset) },
  12: { bytes: 4, read: (view, offset) => view.getInt32(offset) },
  13: { bytes: 4, read: (view, offset) => view.getFloat32(offset) },
  14: { bytes: 8, read: (view, offset) => view.getFloat64(offset) },
};

/**
 * An array in IDX format, the format of MNIST, gzipped or not. Values as they are in the file, as 32-bit floats.
 *
 * Source: http://yann.lecun.com/exdb/mnist, "the IDX file format".
 * @throws Error if the file is missing, cut short or of another format
 */
export async function idx(path: string): Promise<NdArray> {
  return parseIdx(await readMaybeGzipped(path), path);
}

/** The file's bytes, unpacked if they are gzip. */
export async function readMaybeGzipped(path: string): Promise<Buffer> {
  const bytes = await readFile(path);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  return promisify(gunzip)(bytes).catch((error: Error) => {
    throw new Error(`${path} is no whole gzip file: ${error.message}`, { cause: error });
  });
}

/** @param name for errors */
export function parseIdx(bytes: Buffer, name: string): NdArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = bytes.length >= 4 ? valueTypes[bytes[2]] : undefined;
  if (!type || bytes[0] !== 0 || bytes[1] !== 0 || bytes[3] === 0) {
    throw new Error(
      `${name} is no IDX file: it starts with the bytes ${bytes.subarray(0, 4).toString('hex') || '(none)'}`,
    );
  }
  const axes = bytes[3];
  const start = 4 + 4 * axes;
  if (bytes.length < start)
    throw new Error(`${name} is cut short: its header needs ${start} bytes, it has ${bytes.length}`);
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const expected = start + volume(shape) * type.bytes;
  if (bytes.length !== expected) {
    throw new Error(`${name} must have ${expected} bytes for an array of shape [${shape}], it has ${bytes.length}`);
  }
  if (type === valueTypes[0x08]) return new NdArray(new Float32Array(bytes.subarray(start)), shape);
  const data = new Float32Array(volume(shape));
  for (let i = 0; i < data.length; i++) data[i] = type.read(view, start + i * type.bytes);
  return new NdArray(data, shape);
}
