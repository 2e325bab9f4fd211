import { mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * One installation at a time in a cache folder, also between machines that share it. The owner touches the file every
 * few seconds; a file that nobody touches, or whose process is gone, is left over from a crash and is taken over.
 */

const touchEvery = 5_000;
const staleAfter = 60_000;

interface Owner {
  pid: number;
  host: string;
}

/**
 * Waits for its turn.
 * @param onWait told once who has the lock, if it must be waited for
 * @returns gives the lock back
 */
export async function lock(
  path: string,
  onWait: (pid: number) => void,
  signal?: AbortSignal,
): Promise<() => Promise<void>> {
  await mkdir(dirname(path), { recursive: true });
  let told = false;
  for (;;) {
    signal?.throwIfAborted();
    if (await take(path)) break;
    const owner = await readOwner(path);
    if (await isStale(path, owner)) {
      await takeAway(path, owner);
      continue;
    }
    if (!told) onWait(owner?.pid ?? 0);
    told = true;
    await wait(500, undefined, { signal });
  }
  const touching = setInterval(() => utimes(path, new Date(), new Date()).catch(() => {}), touchEvery);
  touching.unref();
  return async () => {
    clearInterval(touching);
    await rm(path, { force: true });
  };
}

async function take(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    const owner: Owner = { pid: process.pid, host: hostname() };
    await file.writeFile(JSON.stringify(owner));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch {
    return undefined; // gone, or not yet written: its age decides
  }
}

async function isStale(path: string, owner: Owner | undefined): Promise<boolean> {
  if (owner && owner.host === hostname() && !isAlive(owner.pid)) return true;
  try {
    return Date.now() - (await stat(path)).mtimeMs > staleAfter;
  } catch {
    return false; // given back in the meantime
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Of several that found the lock stale one can rename it; one that comes late puts back what it took by mistake. */
async function takeAway(path: string, stale: Owner | undefined): Promise<void> {
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
    const taken = await readOwner(aside);
    if (taken && (taken.pid !== stale?.pid || taken.host !== stale.host)) await rename(aside, path);
    else await rm(aside, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
