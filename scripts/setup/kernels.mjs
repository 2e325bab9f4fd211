// Compiles our own training kernels (src/engine/kernels/native) for this platform, one module for each set of vector
// instructions: the engine loads the best that the processor has. Where there is no compiler, other engines train.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.mjs';

/** Sets of instructions by processor, with what tells the compiler to use them and the entry to look for them. */
const variants = {
  x64: {
    avx2: { flags: ['-mavx2', '-mfma'], entry: ['-DAENB_NEEDS_AVX2'] },
    avx512: {
      flags: ['-mavx512f', '-mavx512vl', '-mavx512bw', '-mavx512dq', '-mfma', '-mprefer-vector-width=512'],
      entry: ['-DAENB_NEEDS_AVX512'],
    },
  },
  arm64: { neon: { flags: [], entry: [] } },
};

/** No -ffast-math: what is not a number must stay so. */
const optimized = ['-O3', '-fno-math-errno', '-fno-trapping-math', '-ffp-contract=fast'];

/**
 * @param {{ source: string, headers: string, target: string, log: (line: string) => void }} options
 * @returns {Promise<string | undefined>} why there are no kernels, if there are none
 */
export async function compileKernels({ source, headers, target, log }) {
  const wanted = variants[process.arch];
  if (!wanted || !['linux', 'darwin'].includes(process.platform)) {
    return `they are not made for ${process.platform}-${process.arch}`;
  }
  const compiler = (await findCompiler()) ?? (await installCompiler(log));
  if (!compiler)
    return `there is no C++ compiler${process.platform === 'linux' ? ' (apt install g++ brings one)' : ''}`;
  const print = await fingerprint(source, compiler.version);
  const stamp = join(target, '.fingerprint');
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === print) return undefined;
  await mkdir(target, { recursive: true });
  await rm(stamp, { force: true });
  const common = ['-std=c++17', '-fPIC', '-fvisibility=hidden', '-DNAPI_VERSION=8', `-I${headers}`];
  await Promise.all(
    Object.entries(wanted).map(async ([variant, { flags, entry }]) => {
      const file = join(target, `${process.platform}-${process.arch}-${variant}.node`);
      const [kernels, module] = [`${file}.kernels.o`, `${file}.module.o`];
      try {
        await run(compiler.command, [...common, ...optimized, ...flags, '-c', join(source, 'addon.cc'), '-o', kernels]);
        await run(compiler.command, [...common, '-O2', ...entry, '-c', join(source, 'module.cc'), '-o', module]);
        await run(compiler.command, [...linking(), kernels, module, '-o', `${file}.part`]);
        await rename(`${file}.part`, file);
      } finally {
        for (const object of [kernels, module]) await rm(object, { force: true });
      }
    }),
  );
  await writeFile(stamp, print);
  return undefined;
}

/** N-API's functions are in the program that loads the module; the C++ library comes with it. */
function linking() {
  if (process.platform === 'darwin') return ['-bundle', '-undefined', 'dynamic_lookup'];
  return ['-shared', '-pthread', '-static-libstdc++', '-static-libgcc', '-Wl,--strip-all'];
}

async function findCompiler() {
  for (const command of [process.env.CXX, 'c++', 'g++', 'clang++']) {
    if (!command) continue;
    // without its tools, macOS' own c++ opens a dialogue instead of failing
    if (process.platform === 'darwin' && !(await run('xcode-select', ['-p']).catch(() => undefined))) return undefined;
    const version = await run(command, ['--version']).catch(() => undefined);
    if (version !== undefined) return { command, version };
  }
  return undefined;
}

/** On a test machine nothing is left out for want of a compiler. */
async function installCompiler(log) {
  const mayInstall = process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (!/^(1|true)$/.test(process.env.CI ?? '') || !mayInstall) return undefined;
  log('kernels: installing g++ with apt-get');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], { env });
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'g++'], { env });
  return findCompiler();
}

async function fingerprint(source, version) {
  const hash = createHash('sha256')
    .update(version)
    .update(await readFile(new URL(import.meta.url)));
  for (const file of (await readdir(source)).sort()) hash.update(file).update(await readFile(join(source, file)));
  return hash.digest('hex');
}
