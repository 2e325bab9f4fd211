import { stat } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { Transform } from 'node:stream';
import { crc32 } from 'node:zlib';
import * as yauzl from 'yauzl';
import type { NdArray } from '../ndarray.ts';
import { readNpy } from './npy.ts';

/** Archives may unpack to this many bytes without a question; beyond, a sober ratio is expected. */
const harmless = 2 ** 30;
const mostExpansion = 200;

/**
 * All arrays of a NumPy archive, compressed or not, by their names. Values become 32-bit floats as with `npy`. Arrays are
 * unpacked as streams, one after the other, so that memory holds the floats and little more.
 *
 * @throws Error if the archive is missing, damaged, cut short, or unpacks to more than memory can hold
 */
export async function npz(path: string): Promise<Record<string, NdArray>> {
  const entries = await openArchive(path);
  const arrays: Record<string, NdArray> = {};
  try {
    await checkExpansion(entries.all, path);
    for (const entry of entries.all) {
      if (!entry.fileName.endsWith('.npy')) continue;
      const name = entry.fileName.slice(0, -'.npy'.length);
      try {
        arrays[name] = await readNpy(await entries.open(entry), entry.uncompressedSize, `${path}, array '${name}'`);
      } catch (error) {
        const { message } = error as Error;
        throw message.startsWith(path)
          ? error
          : new Error(`${path} is damaged at '${name}': ${message}`, { cause: error });
      }
    }
  } finally {
    entries.close();
  }
  if (Object.keys(arrays).length === 0) throw new Error(`${path} holds no arrays: no file in it ends in .npy`);
  return arrays;
}

export interface Archive {
  readonly all: yauzl.Entry[];
  /** The file's bytes; an error in place of the end if they are not those that were packed. */
  open(entry: yauzl.Entry): Promise<AsyncIterable<Buffer>>;
  close(): void;
}

/** A zip file's table of contents. */
export async function openArchive(path: string): Promise<Archive> {
  // first of all, so that a missing file is called missing
  await stat(path);
  try {
    const zip = await yauzl.openPromise(path, { autoClose: false });
    const all: yauzl.Entry[] = [];
    for await (const entry of zip.eachEntry()) all.push(entry);
    return {
      all,
      close: () => zip.close(),
      async open(entry) {
        const stream = await zip.openReadStreamPromise(entry);
        const checked = new Transform({
          transform(chunk: Buffer, _encoding, next) {
            checksum = crc32(chunk, checksum);
            next(null, chunk);
          },
          flush(next) {
            next(checksum === entry.crc32 ? null : new Error('the checksum is wrong'));
          },
        });
        let checksum = 0;
        stream.on('error', (error) => checked.destroy(error));
        return stream.pipe(checked);
      },
    };
  } catch (error) {
    throw new Error(`${path} is no whole zip archive: ${(error as Error).message}. Was the copy cut short?`, {
      cause: error,
    });
  }
}

/** Refuses archives that were made to fill memory, before anything is unpacked. */
async function checkExpansion(entries: readonly yauzl.Entry[], path: string): Promise<void> {
  const { size } = await stat(path);
  const sum = (count: (entry: yauzl.Entry) => number) => entries.reduce((total, entry) => total + count(entry), 0);
  const packed = sum((entry) => entry.compressedSize);
  const unpacked = sum((entry) => entry.uncompressedSize);
  if (packed > size) {
    throw new Error(
      `${path} is refused: its parts overlap (${packed} bytes packed in a file of ${size}), as in a zip bomb`,
    );
  }
  if (unpacked > harmless && unpacked > mostExpansion * size) {
    throw new Error(
      `${path} is refused: ${size} bytes would unpack to ${unpacked}, as a zip bomb does. ` +
        'If the arrays are real, save them with np.savez, uncompressed.',
    );
  }
  if (unpacked > totalmem()) {
    throw new Error(
      `${path} would unpack to ${unpacked} bytes, this machine has ${totalmem()} in all: ` +
        'cut it into shards and train from them (datasets.npyShards)',
    );
  }
}
