import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import * as tar from 'tar';
import * as yauzl from 'yauzl';

/** Takes chosen files out of an archive as a stream, so that 800 MB of library never lie in memory. */

interface UnpackOptions {
  /** Where a file of the archive goes, relative to `folder`; undefined leaves it out. */
  place(name: string): string | undefined;
  onProgress?(fraction: number): void;
  signal?: AbortSignal;
}

/** @returns number of files written */
export async function unpack(archive: string, folder: string, options: UnpackOptions): Promise<number> {
  return (await isZip(archive)) ? unzip(archive, folder, options) : untar(archive, folder, options);
}

/** By its first bytes: tfjs-node's addon for Windows is a gzipped tar that is called .zip. */
async function isZip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer.toString('latin1') === 'PK';
  } finally {
    await file.close();
  }
}

async function unzip(archive: string, folder: string, { place, onProgress, signal }: UnpackOptions): Promise<number> {
  const zip = await yauzl.openPromise(archive, { autoClose: false });
  try {
    const wanted: { entry: yauzl.Entry; path: string }[] = [];
    for await (const entry of zip.eachEntry()) {
      const path = entry.fileName.endsWith('/') ? undefined : place(entry.fileName);
      if (path !== undefined) wanted.push({ entry, path });
    }
    const total = wanted.reduce((sum, { entry }) => sum + entry.uncompressedSize, 0);
    let done = 0;
    for (const { entry, path } of wanted) {
      let checksum = 0;
      const check = new Transform({
        transform(chunk: Buffer, _encoding, next) {
          checksum = crc32(chunk, checksum);
          done += chunk.length;
          onProgress?.(done / total);
          next(null, chunk);
        },
      });
      const target = join(folder, path);
      await mkdir(dirname(target), { recursive: true });
      await pipeline(await zip.openReadStreamPromise(entry), check, createWriteStream(target), { signal });
      if (checksum !== entry.crc32)
        throw new Error(`${archive} is damaged: the checksum of ${entry.fileName} is wrong`);
    }
    return wanted.length;
  } finally {
    zip.close();
  }
}

async function untar(archive: string, folder: string, { place, onProgress, signal }: UnpackOptions): Promise<number> {
  let count = 0;
  const { size } = await stat(archive);
  let done = 0;
  const source = createReadStream(archive);
  source.on('data', (chunk) => {
    done += chunk.length;
    onProgress?.(done / size);
  });
  const target = tar.x({
    cwd: folder,
    strict: true,
    filter(name, entry) {
      const path = place(name.replace(/^\.\//, ''));
      const isFile = 'type' in entry && entry.type !== 'Directory';
      if (path === undefined || !isFile) return false;
      entry.path = path;
      count++;
      return true;
    },
  });
  await pipeline(source, target as unknown as NodeJS.WritableStream, { signal });
  return count;
}
