import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { addonFile, libraryVersion } from '../tensorflow/location.ts';
import { CommandError, run } from './command.ts';
import { compileAddon, findCompiler } from './compile.ts';
import type { InstallRoad, RoadPlan, Work } from './road.ts';
import { unpack } from './unpack.ts';

/** TensorFlow's Python wheel, of which pip is asked for the libraries and headers only; the addon is compiled here. */

/** What the wheels weigh, read from them. */
interface Wheel {
  distribution: string;
  /** pip's name of the machine. */
  platform: string;
  downloadBytes: number;
  libraryBytes: number;
}

const wheels: Record<string, Wheel> = {
  'linux-x64': {
    distribution: 'tensorflow-cpu',
    platform: 'manylinux_2_27_x86_64',
    downloadBytes: 273_829_956,
    libraryBytes: 853_308_936,
  },
  'linux-arm64': {
    distribution: 'tensorflow',
    platform: 'manylinux_2_27_aarch64',
    downloadBytes: 281_828_020,
    libraryBytes: 883_062_208,
  },
  'darwin-arm64': {
    distribution: 'tensorflow',
    platform: 'macosx_12_0_arm64',
    downloadBytes: 223_405_849,
    libraryBytes: 740_805_624,
  },
  'darwin-x64': {
    distribution: 'tensorflow',
    platform: 'macosx_10_15_x86_64',
    downloadBytes: 259_588_062,
    libraryBytes: 735_388_648,
  },
};

export const wheelRoad: InstallRoad = {
  name: 'wheel',
  title: "TensorFlow's wheel",

  async plan(downloads, scratch, signal): Promise<RoadPlan> {
    const wheel = wheels[`${process.platform}-${process.arch}`];
    if (!wheel) {
      const obstacles = [`there is no wheel with TensorFlow's C library for ${process.platform} ${process.arch}`];
      return { obstacles, downloadBytes: 0, diskBytes: 0, peakBytes: 0 };
    }
    const obstacles: string[] = [];
    const libc = glibcVersion();
    if (process.platform === 'linux' && !isAtLeast(libc, [2, 27])) {
      obstacles.push(`TensorFlow needs glibc 2.27 or newer, this system has ${libc ?? 'another C library'}`);
    }
    const downloadBytes = (await findWheel(downloads)) ? 0 : wheel.downloadBytes;
    if (downloadBytes > 0 && !(await findPip(signal))) obstacles.push(noPip);
    const compiler = await findCompiler(scratch, signal);
    if ('missing' in compiler) obstacles.push(compiler.missing);
    return {
      obstacles,
      downloadBytes,
      diskBytes: wheel.libraryBytes,
      peakBytes: Math.max(2 * downloadBytes, downloadBytes + wheel.libraryBytes),
    };
  },

  async build(work): Promise<string> {
    const compiler = await findCompiler(work.scratch, work.signal);
    if ('missing' in compiler) throw new Error(compiler.missing);
    const archive = (await findWheel(work.downloads)) ?? (await downloadWheel(work));
    await unpackWheel(archive, work);
    work.onProgress({ step: 'compiling', detail: `the addon with ${compiler.command}` });
    const headers = join(work.target, 'include');
    await compileAddon({
      compiler: compiler.command,
      libraries: work.target,
      headers,
      addon: join(work.target, addonFile),
      libraryPath: '.',
      signal: work.signal,
    });
    await rm(headers, { recursive: true });
    return addonFile;
  },
};

/** A wheel that an interrupted attempt downloaded to its end. */
async function findWheel(downloads: string): Promise<string | undefined> {
  const version = libraryVersion('wheel');
  const names = await readdir(downloads).catch(() => []);
  const name = names.find((n) => n.startsWith('tensorflow') && n.includes(`-${version}-`) && n.endsWith('.whl'));
  return name && join(downloads, name);
}

const pips = [['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip3'], ['pip']];

const noPip = `no Python with pip${process.platform === 'linux' ? '; on Debian and Ubuntu `apt install python3-pip` brings it' : ''}`;

async function findPip(signal?: AbortSignal): Promise<string[] | undefined> {
  for (const [command, ...args] of pips) {
    try {
      await run(command as string, [...args, '--version'], { idleSeconds: 30, signal });
      return [command as string, ...args];
    } catch {
      signal?.throwIfAborted();
    }
  }
  return undefined;
}

/** pip checks the wheel against the hash of the index. Its name is moved into `downloads` only when that is done. */
async function downloadWheel(work: Work): Promise<string> {
  const wheel = wheels[`${process.platform}-${process.arch}`] as Wheel;
  const pip = await findPip(work.signal);
  if (!pip) throw new Error(noPip);
  const [command, ...args] = pip as [string, ...string[]];
  const temporary = join(work.scratch, 'pip');
  const received = join(work.scratch, 'received');
  await mkdir(temporary, { recursive: true });
  await mkdir(received, { recursive: true });
  const requirement = `${wheel.distribution}==${libraryVersion('wheel')}`;
  const detail = `${requirement}, ${Math.round(wheel.downloadBytes / 1e6)} MB`;
  work.onProgress({ step: 'downloading', fraction: 0, detail });
  await run(
    command,
    [
      ...args,
      'download',
      '--no-deps',
      '--only-binary=:all:',
      '--no-cache-dir',
      '--progress-bar=off',
      '--disable-pip-version-check',
      '--no-input',
      '--timeout=20',
      '--retries=3',
      '--python-version=3.11',
      `--platform=${wheel.platform}`,
      `--dest=${received}`,
      requirement,
    ],
    {
      // pip's own temporary files may be larger than a small /tmp
      environment: { TMPDIR: temporary, PIP_REQUIRE_VIRTUALENV: 'false' },
      idleSeconds: 90,
      signal: work.signal,
      async progress() {
        const bytes = await sizeOf(temporary);
        if (bytes > 0) {
          work.onProgress({ step: 'downloading', fraction: Math.min(1, bytes / wheel.downloadBytes), detail });
        }
        return bytes;
      },
    },
  ).catch((error: Error) => {
    throw error instanceof CommandError ? explain(error) : error;
  });
  const name = (await readdir(received)).find((file) => file.endsWith('.whl'));
  if (!name) throw new Error(`pip ended well but left no wheel of ${requirement}`);
  const archive = join(work.downloads, name);
  await rename(join(received, name), archive);
  await rm(temporary, { recursive: true, force: true });
  return archive;
}

/** pip reports each of its attempts in a line of some hundred characters; without a network the last reason says it all. */
function explain(error: CommandError): Error {
  const trouble = /NewConnectionError|ConnectTimeoutError|ReadTimeoutError|NameResolutionError|ProxyError|SSLError/;
  const line = error.output.split('\n').findLast((text) => trouble.test(text));
  if (!line) return error;
  const reason = line.match(/\[Errno -?\d+\] ([^'")]+)/)?.[1] ?? line.match(trouble)?.[0];
  return new Error(`pip cannot reach the Python package index (${reason})`, { cause: error });
}

const headerFolders = ['tensorflow/c/', 'tensorflow/core/platform/', 'tsl/c/', 'tsl/platform/', 'xla/tsl/c/'];

/** Libraries to the top of `target`, headers that the addon includes to include/, the licences beside them. */
async function unpackWheel(archive: string, work: Work): Promise<void> {
  const detail = basename(archive);
  const count = await unpack(archive, work.target, {
    place(name) {
      if (/^tensorflow\/libtensorflow_(cc|framework)\.[^/]+$/.test(name)) return basename(name);
      if (/^tensorflow\/THIRD_PARTY_NOTICES\.txt$|\.dist-info\/(licenses\/)?LICENSE$/.test(name)) return basename(name);
      const header = name.match(/^tensorflow\/include\/(.+\.h)$/)?.[1];
      return header && headerFolders.some((folder) => header.startsWith(folder)) ? join('include', header) : undefined;
    },
    onProgress: (fraction) => work.onProgress({ step: 'unpacking', fraction, detail }),
    signal: work.signal,
  }).catch(async (error: Error) => {
    // a wheel that was kept and does not open would fail every further attempt
    if (!work.signal?.aborted) await rm(archive, { force: true });
    throw error;
  });
  if (count === 0) throw new Error(`${detail} holds no TensorFlow library`);
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size;
  }
  return bytes;
}

/** Undefined where the C library is another one (musl). */
function glibcVersion(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  // without this the report looks up names of open connections, which can take seconds
  Object.assign(process.report, { excludeNetwork: true });
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime;
}

function isAtLeast(version: string | undefined, [major, minor]: [number, number]): boolean {
  if (!version) return false;
  const [a = 0, b = 0] = version.split('.').map(Number);
  return a > major || (a === major && b >= minor);
}
