import { createWriteStream } from 'node:fs';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Seconds without a byte after which a download is given up. */
const idleSeconds = 60;

/**
 * Downloads to a file that exists only when it is complete. Errors name the address.
 *
 * @param options.resume keeps what a broken download had, and goes on from there next time if the server still has the
 *   same file (its ETag or date of change says so)
 */
export async function fetchFile(
  url: string,
  path: string,
  options: { onProgress?(fraction: number | undefined): void; signal?: AbortSignal; resume?: boolean } = {},
): Promise<void> {
  const stillness = new AbortController();
  const giveUp = () => stillness.abort(new Error(`no data for ${idleSeconds} seconds`));
  let timer = setTimeout(giveUp, idleSeconds * 1000);
  const signal = options.signal ? AbortSignal.any([options.signal, stillness.signal]) : stillness.signal;
  const partial = `${path}.part`;
  const note = `${partial}.json`;
  let resumable = false;
  try {
    const kept = options.resume ? await readNote(note, partial, url) : undefined;
    resumable = kept !== undefined;
    const headers: Record<string, string> = kept
      ? { range: `bytes=${kept.bytes}-`, 'if-range': kept.version, 'accept-encoding': 'identity' }
      : {};
    const response = await fetch(url, { signal, headers });
    // what is there is more than the server has
    if (response.status === 416) resumable = false;
    if (!response.ok || !response.body) throw new Error(`the server answers ${response.status} ${response.statusText}`);
    const goesOn = kept !== undefined && response.status === 206;
    const before = goesOn ? kept.bytes : 0;
    if (!goesOn) resumable = false;
    const version = response.headers.get('etag') ?? response.headers.get('last-modified');
    const unpacked = response.headers.has('content-encoding');
    if (options.resume && version && !version.startsWith('W/') && !unpacked) {
      await writeFile(note, JSON.stringify({ url, version }));
      resumable = true;
    }
    const expected = before + Number(response.headers.get('content-length') ?? Number.NaN);
    let received = before;
    const count = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        received += chunk.length;
        clearTimeout(timer);
        timer = setTimeout(giveUp, idleSeconds * 1000);
        options.onProgress?.(Number.isNaN(expected) ? undefined : received / expected);
        next(null, chunk);
      },
    });
    const target = createWriteStream(partial, { flags: goesOn ? 'a' : 'w' });
    await pipeline(Readable.fromWeb(response.body as never), count, target, { signal });
    // a compressed answer is longer unpacked than announced
    if (!unpacked && received < expected) {
      throw new Error(`the connection ended after ${received} of ${expected} bytes`);
    }
    await rename(partial, path);
    await rm(note, { force: true });
  } catch (error) {
    if (!resumable) for (const file of [partial, note]) await rm(file, { force: true });
    options.signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw error;
    const { message, cause } = error as Error;
    const reason = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : message;
    throw new Error(`${url} could not be downloaded: ${reason}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** What an earlier download left of this address. */
async function readNote(
  note: string,
  partial: string,
  url: string,
): Promise<{ version: string; bytes: number } | undefined> {
  try {
    const { url: of, version } = JSON.parse(await readFile(note, 'utf8')) as { url: string; version: string };
    const { size } = await stat(partial);
    return of === url && size > 0 ? { version, bytes: size } : undefined;
  } catch {
    return undefined;
  }
}
