/**
 * Sets up the native engine in the user's cache folder. Nothing here loads TensorFlow into the calling process.
 *
 * An installation is put together in native/unfinished/, loaded and made to compute in another process, and only then
 * given its final name: at any moment there is a complete one or none. A finished download survives an interruption.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addonVersion,
  findInstallation,
  installationFolder,
  type Manifest,
  manifestPath,
  nativeFolder,
  type Road,
} from '../tensorflow/location.ts';
import { diskUse } from './diskUse.ts';
import { downloadRoad } from './download.ts';
import { lock } from './lock.ts';
import { prove } from './prove.ts';
import type { InstallProgress, InstallRoad, RoadPlan, Work } from './road.ts';
import { wheelRoad } from './wheel.ts';

export type { InstallProgress } from './road.ts';
export { type EngineReport, status } from './status.ts';

export interface InstallPlan {
  road: Road | 'none';
  /** True if a complete installation is there: nothing is downloaded, `diskBytes` is what it occupies. */
  installed: boolean;
  downloadBytes: number;
  diskBytes: number;
  folder: string;
  /** Why a better road cannot be taken; for 'none' why none can. */
  reasons: string[];
}

const allRoads: readonly InstallRoad[] = [wheelRoad, downloadRoad];

/** What trains without TensorFlow; ends every message that says that it is not there. */
const withoutIt =
  'Models train without it: on the engine onnx, at native speed too, or more slowly on wasm where ONNX Runtime does not load (Intel Macs, musl).';

/** What `install` would do here. Looks for pip and a compiler; downloads nothing. */
export async function plan(options: { signal?: AbortSignal } = {}): Promise<InstallPlan> {
  const there = findInstallation();
  if (there) {
    const { road = 'wheel', bytes = await diskUse(there.folder) } = there.manifest ?? {};
    return { road, installed: true, downloadBytes: 0, diskBytes: bytes, folder: there.folder, reasons: [] };
  }
  const reasons: string[] = [];
  for (const road of allRoads) {
    const found = await planRoad(road, options.signal);
    if (found.obstacles.length === 0) {
      const { downloadBytes, diskBytes } = found;
      return {
        road: road.name,
        installed: false,
        downloadBytes,
        diskBytes,
        folder: installationFolder(road.name),
        reasons,
      };
    }
    reasons.push(...found.obstacles.map((obstacle) => `${road.title}: ${obstacle}`));
  }
  return { road: 'none', installed: false, downloadBytes: 0, diskBytes: 0, folder: nativeFolder(), reasons };
}

async function planRoad(road: InstallRoad, signal?: AbortSignal): Promise<RoadPlan> {
  const scratch = await mkdtemp(join(tmpdir(), 'aenb-'));
  try {
    return await road.plan(workFolders().downloads, scratch, signal);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * Installs unless a working installation is there. Safe to interrupt and to repeat; a second caller waits for the first.
 * Throws an Error whose message says for each road what failed, or the signal's reason.
 */
export async function install(options: {
  onProgress(progress: InstallProgress): void;
  signal?: AbortSignal;
}): Promise<{ road: Road; folder: string; seconds: number }> {
  const { onProgress, signal } = options;
  const start = Date.now();
  const own = process.env.AENB_NATIVE;
  if (own) {
    if (!findInstallation())
      throw new Error(`AENB_NATIVE names ${own}, where there is no native engine; unset it to install one`);
    onProgress({ step: 'testing', detail: own });
    await prove(own, signal);
    return { road: 'wheel', folder: own, seconds: (Date.now() - start) / 1000 };
  }
  const unlock = await lock(
    join(nativeFolder(), 'install.lock'),
    (pid) => onProgress({ step: 'waiting', detail: `another installation is running (process ${pid})` }),
    signal,
  );
  try {
    const there = await findWorking(options);
    if (there) return { ...there, seconds: (Date.now() - start) / 1000 };
    const failures: string[] = [];
    for (const road of allRoads) {
      try {
        const folder = await takeRoad(road, options);
        return { road: road.name, folder, seconds: (Date.now() - start) / 1000 };
      } catch (error) {
        signal?.throwIfAborted();
        failures.push(`- ${road.title}: ${(error as Error).message}`);
      }
    }
    throw new Error(`The native engine could not be installed.\n${failures.join('\n')}\n${withoutIt}`);
  } finally {
    await unlock();
  }
}

/** The installation that is there, if it still computes: a system update may have broken it. */
async function findWorking(options: {
  onProgress(progress: InstallProgress): void;
  signal?: AbortSignal;
}): Promise<{ road: Road; folder: string } | undefined> {
  const there = findInstallation();
  if (!there?.manifest) return undefined;
  options.onProgress({ step: 'testing', detail: there.folder });
  try {
    await prove(there.folder, options.signal);
    return { road: there.manifest.road, folder: there.folder };
  } catch {
    options.signal?.throwIfAborted();
    return undefined;
  }
}

/** What lies in native/unfinished/: see Work. */
function workFolders() {
  const root = join(nativeFolder(), 'unfinished');
  return { root, target: join(root, 'engine'), downloads: join(root, 'downloads'), scratch: join(root, 'scratch') };
}

async function takeRoad(
  road: InstallRoad,
  { onProgress, signal }: { onProgress(progress: InstallProgress): void; signal?: AbortSignal },
): Promise<string> {
  const { root, target, downloads, scratch } = workFolders();
  try {
    await emptyFolder(target);
    await emptyFolder(scratch);
    await mkdir(downloads, { recursive: true });
    const { obstacles, peakBytes } = await road.plan(downloads, scratch, signal);
    if (obstacles.length > 0) throw new Error(obstacles.join('; '));
    await needSpace(root, peakBytes);
    const work: Work = { target, downloads, scratch, onProgress, signal };
    const addonFile = await road.build(work);
    onProgress({ step: 'testing', detail: 'a matrix product in a process of its own' });
    const { version } = await prove(target, signal);
    const folder = installationFolder(road.name);
    const manifest: Manifest = {
      road: road.name,
      version,
      addonFile,
      addonVersion,
      platform: process.platform,
      arch: process.arch,
      bytes: await diskUse(target),
      installed: new Date().toISOString(),
    };
    await writeFile(manifestPath(target), `${JSON.stringify(manifest, null, 2)}\n`);
    // one that is there was found broken
    await rm(folder, { recursive: true, force: true });
    await rename(target, folder);
    await rm(root, { recursive: true, force: true });
    return folder;
  } catch (error) {
    if (signal?.aborted) {
      // only complete downloads are worth their space
      await rm(target, { recursive: true, force: true });
      await rm(scratch, { recursive: true, force: true });
    } else {
      await rm(root, { recursive: true, force: true });
    }
    throw (error as NodeJS.ErrnoException).code === 'ENOSPC'
      ? new Error(`the disk of ${root} is full`, { cause: error })
      : error;
  }
}

async function emptyFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
}

async function needSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new Error(`needs ${megabytes(bytes)} on the disk of ${folder}, where ${megabytes(free)} are free`);
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}

/** Takes away every installation in the cache, of older versions too, and what an interrupted attempt kept. */
export async function remove(options: { signal?: AbortSignal } = {}): Promise<{ freedBytes: number }> {
  const folder = nativeFolder();
  if (!existsSync(folder)) return { freedBytes: 0 };
  const unlock = await lock(join(folder, 'install.lock'), () => {}, options.signal);
  try {
    const freedBytes = await diskUse(folder);
    for (const name of await readdir(folder)) {
      if (name === 'install.lock') continue;
      // renamed first, so that an interruption leaves no folder that looks complete
      const away = join(folder, `removing-${name}`);
      if (!name.startsWith('removing-')) await rename(join(folder, name), away);
      await rm(name.startsWith('removing-') ? join(folder, name) : away, { recursive: true, force: true });
    }
    return { freedBytes };
  } finally {
    await unlock();
  }
}
