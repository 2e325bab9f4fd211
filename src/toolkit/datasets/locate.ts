/** Finds the files of public data sets: in $AENB_DATA, in the user's cache, or at their public address. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../../engine/index.ts';
import { fetchFile } from '../../engine/install/fetchFile.ts';
import { host } from '../host.ts';
import { readMaybeGzipped } from './idx.ts';

export interface PublicFile {
  /** Within a data folder, e.g. `mnist/train-images-idx3-ubyte.gz`. */
  readonly path: string;
  /** Where it is published; tried in this order. */
  readonly addresses: readonly string[];
  /**
   * What was published: SHA-256 of the unpacked bytes, or MD5 of the file. None where the publisher states none; such
   * files have checksums of their own inside.
   */
  readonly checksum?: { readonly sha256: string } | { readonly md5: string };
}

/** The file's bytes, unpacked. */
export function readPublicFile(file: PublicFile): Promise<Buffer> {
  return withPublicFile(file, readMaybeGzipped);
}

/**
 * Reads the file from the first place that has it whole. A file of the user's own, in $AENB_DATA, may differ from the
 * published one.
 *
 * @param read throws if the file is not as it should be; the next place is tried then
 * @throws Error that says of every place why it did not serve
 */
export async function withPublicFile<T>(file: PublicFile, read: (path: string) => Promise<T>): Promise<T> {
  const failures: string[] = [];
  const own = process.env.AENB_DATA;
  if (own) {
    const path = join(own, file.path);
    if (existsSync(path)) {
      const found = await attempt(() => read(path), failures, '$AENB_DATA');
      if (found) return found.value;
    } else {
      failures.push(`$AENB_DATA: ${path} is not there`);
    }
  } else {
    failures.push('$AENB_DATA: not set');
  }

  const cached = join(cacheFolder(), 'data', file.path);
  const readChecked = async () => {
    await verify(cached, file.checksum);
    return read(cached);
  };
  if (existsSync(cached)) {
    const found = await attempt(readChecked, failures, 'cache');
    if (found) return found.value;
    await rm(cached, { force: true });
  } else {
    failures.push(`cache: ${cached} is not there`);
  }

  for (const address of file.addresses) {
    const found = await attempt(
      async () => {
        await mkdir(dirname(cached), { recursive: true });
        await download(address, cached);
        return readChecked();
      },
      failures,
      'download',
    );
    if (found) return found.value;
    await rm(cached, { force: true });
  }
  throw new Error(
    `${file.path} was not found:\n${failures.map((failure) => `  ${failure}`).join('\n')}\n` +
      `Without a network, get the file elsewhere and set AENB_DATA to the folder that holds ${file.path}.`,
  );
}

async function attempt<T>(
  read: () => Promise<T>,
  failures: string[],
  place: string,
): Promise<{ value: T } | undefined> {
  try {
    return { value: await read() };
  } catch (error) {
    host()?.signal?.throwIfAborted();
    failures.push(`${place}: ${(error as Error).message}`);
    return undefined;
  }
}

async function verify(path: string, checksum: PublicFile['checksum']): Promise<void> {
  if (!checksum) return;
  const [algorithm, expected] = Object.entries(checksum)[0] as [string, string];
  const bytes = algorithm === 'sha256' ? await readMaybeGzipped(path) : await readFile(path);
  const found = createHash(algorithm).update(bytes).digest('hex');
  if (found !== expected) {
    throw new Error(`${path} is not what was published (${algorithm.toUpperCase()} ${found}, expected ${expected})`);
  }
}

/** With progress in the running cell, or on standard error. */
async function download(address: string, path: string): Promise<void> {
  const text = (fraction: number | undefined) =>
    `Downloading ${address}${fraction === undefined ? '' : `: ${Math.floor(100 * fraction)} %`}`;
  const place = host();
  const shown = place?.display({ 'text/plain': text(0) });
  if (!shown) process.stderr.write(`${text(undefined)}\n`);
  let told = 0;
  await fetchFile(address, path, {
    signal: place?.signal,
    resume: true,
    onProgress(fraction) {
      if (fraction === undefined || (fraction < told + 0.05 && fraction < 1)) return;
      told = fraction;
      if (shown) shown.update({ 'text/plain': text(fraction) });
      else process.stderr.write(`${text(fraction)}\n`);
    },
  });
}
