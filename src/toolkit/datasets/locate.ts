/** Finds the files of public data sets: in $AENB_DATA, in the user's cache, or at their public address. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
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
  /** SHA-256 of the unpacked bytes as published. */
  readonly sha256: string;
}

/**
 * The file's bytes, unpacked. A file of the user's own, in $AENB_DATA, may differ from the published one.
 *
 * @throws Error that says of every place why it did not serve
 */
export async function readPublicFile(file: PublicFile): Promise<Buffer> {
  const failures: string[] = [];
  const own = process.env.AENB_DATA;
  if (own) {
    const path = join(own, file.path);
    if (existsSync(path)) {
      const bytes = await attempt(() => readMaybeGzipped(path), failures, '$AENB_DATA');
      if (bytes) return bytes;
    } else {
      failures.push(`$AENB_DATA: ${path} is not there`);
    }
  } else {
    failures.push('$AENB_DATA: not set');
  }

  const cached = join(cacheFolder(), 'data', file.path);
  if (existsSync(cached)) {
    const bytes = await attempt(() => readChecked(cached, file.sha256), failures, 'cache');
    if (bytes) return bytes;
    await rm(cached, { force: true });
  } else {
    failures.push(`cache: ${cached} is not there`);
  }

  for (const address of file.addresses) {
    const bytes = await attempt(
      async () => {
        await mkdir(dirname(cached), { recursive: true });
        await download(address, cached);
        return readChecked(cached, file.sha256);
      },
      failures,
      'download',
    );
    if (bytes) return bytes;
    await rm(cached, { force: true });
  }
  throw new Error(
    `${file.path} was not found:\n${failures.map((failure) => `  ${failure}`).join('\n')}\n` +
      `Without a network, get the file elsewhere and set AENB_DATA to the folder that holds ${file.path}.`,
  );
}

async function attempt<T>(read: () => Promise<T>, failures: string[], place: string): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    host()?.signal?.throwIfAborted();
    failures.push(`${place}: ${(error as Error).message}`);
    return undefined;
  }
}

async function readChecked(path: string, sha256: string): Promise<Buffer> {
  const bytes = await readMaybeGzipped(path);
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw new Error(`${path} is not what was published (SHA-256 ${found}, expected ${sha256})`);
  return bytes;
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
    onProgress(fraction) {
      if (fraction === undefined || (fraction < told + 0.05 && fraction < 1)) return;
      told = fraction;
      if (shown) shown.update({ 'text/plain': text(fraction) });
      else process.stderr.write(`${text(fraction)}\n`);
    },
  });
}
