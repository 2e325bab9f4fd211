import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Seconds without a byte after which a download is given up. */
const idleSeconds = 60;

/** Downloads to a file that exists only when it is complete. Errors name the address. */
export async function fetchFile(
  url: string,
  path: string,
  options: { onProgress?(fraction: number | undefined): void; signal?: AbortSignal } = {},
): Promise<void> {
  const stillness = new AbortController();
  const giveUp = () => stillness.abort(new Error(`no data for ${idleSeconds} seconds`));
  let timer = setTimeout(giveUp, idleSeconds * 1000);
  const signal = options.signal ? AbortSignal.any([options.signal, stillness.signal]) : stillness.signal;
  const partial = `${path}.part`;
  try {
    const response = await fetch(url, { signal });
    if (!response.ok || !response.body) throw new Error(`the server answers ${response.status} ${response.statusText}`);
    const expected = Number(response.headers.get('content-length') ?? Number.NaN);
    let received = 0;
    const count = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        received += chunk.length;
        clearTimeout(timer);
        timer = setTimeout(giveUp, idleSeconds * 1000);
        options.onProgress?.(Number.isNaN(expected) ? undefined : received / expected);
        next(null, chunk);
      },
    });
    await pipeline(Readable.fromWeb(response.body as never), count, createWriteStream(partial), { signal });
    // a compressed answer is longer unpacked than announced
    if (!response.headers.has('content-encoding') && received < expected) {
      throw new Error(`the connection ended after ${received} of ${expected} bytes`);
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    options.signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw error;
    const { message, cause } = error as Error;
    const reason = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : message;
    throw new Error(`${url} could not be downloaded: ${reason}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
