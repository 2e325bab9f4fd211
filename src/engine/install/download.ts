import { existsSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { addonFile, addonVersion, officialAddonFolder } from '../tensorflow/location.ts';
import { compileAddon, findCompiler } from './compile.ts';
import { fetchFile } from './fetchFile.ts';
import type { InstallRoad, RoadPlan, Work } from './road.ts';
import { unpack } from './unpack.ts';

/**
 * What @tensorflow/tfjs-node's own install script fetches: TensorFlow's C library, and the addon as its makers built it
 * (for x64; elsewhere it is compiled). The addon looks for the library in ../../deps/lib.
 */

const publicHost = 'https://storage.googleapis.com/';

/** A mirror has the same paths below its address. */
function host(): string {
  const mirror = process.env.AENB_NATIVE_MIRROR ?? publicHost;
  return mirror.endsWith('/') ? mirror : `${mirror}/`;
}

function libraryUrl(): string | undefined {
  switch (`${process.platform}-${process.arch}`) {
    case 'linux-x64':
      return `${host()}tensorflow/libtensorflow/libtensorflow-cpu-linux-x86_64-2.9.1.tar.gz`;
    case 'darwin-x64':
      return `${host()}tensorflow/libtensorflow/libtensorflow-cpu-darwin-x86_64-2.9.1.tar.gz`;
    case 'win32-x64':
      return `${host()}tensorflow/libtensorflow/libtensorflow-cpu-windows-x86_64-2.9.1.zip`;
    case 'linux-arm64':
      return `${host()}tf-builds/libtensorflow_r2_7_linux_arm64.tar.gz`;
    case 'darwin-arm64':
      return `${host()}tf-builds/libtensorflow_r2_7_darwin_arm64_cpu.tar.gz`;
    default:
      return undefined;
  }
}

function addonUrl(): string | undefined {
  if (process.arch !== 'x64') return undefined;
  const names: Record<string, string> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };
  const extension = process.platform === 'win32' ? 'zip' : 'tar.gz';
  const file = `CPU-${names[process.platform]}-${addonVersion}.${extension}`;
  return `${host()}tf-builds/pre-built-binary/napi-v8/${addonVersion}/${file}`;
}

const libraryFolder = join('deps', 'lib');

export const downloadRoad: InstallRoad = {
  name: 'download',
  title: "tfjs-node's download",

  async plan(downloads, scratch, signal): Promise<RoadPlan> {
    const url = libraryUrl();
    if (!url) {
      const obstacles = [`TensorFlow's C library is not offered for ${process.platform} ${process.arch}`];
      return { obstacles, downloadBytes: 0, diskBytes: 0, peakBytes: 0 };
    }
    const obstacles: string[] = [];
    if (!addonUrl()) {
      const compiler = await findCompiler(scratch, signal);
      if ('missing' in compiler)
        obstacles.push(`the addon is not offered for ${process.arch}, and ${compiler.missing}`);
    }
    const here = existsSync(join(downloads, basename(url)));
    const size = here || obstacles.length > 0 ? undefined : await announcedSize(url, signal);
    // the library unpacks to about four times its archive
    const archiveBytes = size ?? 100_000_000;
    return {
      obstacles,
      downloadBytes: here ? 0 : archiveBytes,
      diskBytes: 4 * archiveBytes,
      peakBytes: 5 * archiveBytes,
    };
  },

  async build(work): Promise<string> {
    const url = libraryUrl();
    if (!url) throw new Error(`TensorFlow's C library is not offered for ${process.platform} ${process.arch}`);
    await mkdir(join(work.target, libraryFolder), { recursive: true });
    await mkdir(join(work.target, officialAddonFolder), { recursive: true });
    const count = await fetchAndUnpack(url, work.target, work, (name) => {
      // the archive for Windows has had its library at the top and in lib/
      if (/^(lib\/)?[^/]+\.(so|dylib|dll)[.\d]*$/.test(name)) return join(libraryFolder, basename(name));
      return /^LICENSE$|^THIRD_PARTY[^/]*$|^include\/.+\.h$/.test(name) ? name : undefined;
    });
    if (count === 0) throw new Error(`${url} holds no TensorFlow library`);
    const headers = join(work.target, 'include');
    const addon = join(officialAddonFolder, addonFile);
    await getAddon(join(work.target, addon), headers, work);
    await rm(headers, { recursive: true, force: true });
    if (process.platform === 'win32') {
      // Windows looks for libraries beside the addon only
      await cp(join(work.target, libraryFolder), join(work.target, officialAddonFolder), { recursive: true });
      await rm(join(work.target, 'deps'), { recursive: true });
    }
    return addon;
  },
};

/** As built by its makers, where that is offered and reachable, else compiled. */
async function getAddon(addon: string, headers: string, work: Work): Promise<void> {
  const url = addonUrl();
  let trouble: Error | undefined;
  if (url) {
    try {
      const place = (name: string) => (basename(name) === addonFile ? addonFile : undefined);
      const count = await fetchAndUnpack(url, join(addon, '..'), work, place);
      if (count === 1) return;
      trouble = new Error(`${url} holds no ${addonFile}`);
    } catch (error) {
      work.signal?.throwIfAborted();
      trouble = error as Error;
    }
  }
  const compiler = process.platform === 'win32' ? undefined : await findCompiler(work.scratch, work.signal);
  if (!compiler || 'missing' in compiler) throw trouble ?? new Error(compiler?.missing ?? 'no C++ compiler');
  work.onProgress({ step: 'compiling', detail: `the addon with ${compiler.command}` });
  await compileAddon({
    compiler: compiler.command,
    libraries: join(work.target, libraryFolder),
    headers,
    addon,
    libraryPath: '../../deps/lib',
    signal: work.signal,
  });
}

/** An archive that an interrupted attempt already has is not downloaded again. @returns number of files unpacked */
async function fetchAndUnpack(
  url: string,
  folder: string,
  work: Work,
  place: (name: string) => string | undefined,
): Promise<number> {
  const { onProgress, signal } = work;
  const detail = basename(url);
  const archive = join(work.downloads, detail);
  if (!existsSync(archive)) {
    onProgress({ step: 'downloading', fraction: 0, detail });
    await fetchFile(url, archive, {
      onProgress: (fraction) => onProgress({ step: 'downloading', fraction, detail }),
      signal,
    });
  }
  try {
    return await unpack(archive, folder, {
      place,
      onProgress: (fraction) => onProgress({ step: 'unpacking', fraction, detail }),
      signal,
    });
  } catch (error) {
    signal?.throwIfAborted();
    // kept, a file that does not open would fail every further attempt
    await rm(archive, { force: true });
    throw new Error(`${url} cannot be unpacked: ${(error as Error).message}`, { cause: error });
  }
}

/** What the server says; undefined if it does not answer soon, which is found out again when downloading. */
async function announcedSize(url: string, signal?: AbortSignal): Promise<number | undefined> {
  const soon = AbortSignal.timeout(5000);
  try {
    const response = await fetch(url, { method: 'HEAD', signal: signal ? AbortSignal.any([signal, soon]) : soon });
    const length = Number(response.headers.get('content-length'));
    return response.ok && length > 0 ? length : undefined;
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}
