import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import { distFolder } from './packageFiles.ts';

/** Finds a C++ compiler and makes tfjs-node's addon with it: two source files against N-API and TensorFlow's C API. */

/** A compiler that was seen to make a C++17 library, or a sentence that says what is missing. */
export type Compiler = { command: string } | { missing: string };

const trial = '#include <memory>\n#include <string>\nextern "C" int trial() { return *std::make_unique<int>(1); }\n';

export async function findCompiler(scratch: string, signal?: AbortSignal): Promise<Compiler> {
  if (process.platform === 'darwin') {
    // without the tools, macOS' own c++ opens a dialogue instead of failing
    const tools = await run('xcode-select', ['-p'], { idleSeconds: 10, signal }).catch(() => undefined);
    if (!tools) return { missing: 'no C++ compiler; `xcode-select --install` brings one' };
  }
  const candidates = [process.env.CXX, 'c++', 'g++', 'clang++'].filter((name): name is string => !!name);
  const source = join(scratch, 'trial.cc');
  await writeFile(source, trial);
  let failure: string | undefined;
  for (const command of candidates) {
    try {
      const args = ['-std=c++17', '-shared', '-fPIC', source, '-o', join(scratch, 'trial.out')];
      await run(command, args, { idleSeconds: 60, signal });
      return { command };
    } catch (error) {
      signal?.throwIfAborted();
      const message = (error as Error).message;
      if (!message.endsWith('was not found')) failure ??= message;
    }
  }
  const hint = process.platform === 'linux' ? '; on Debian and Ubuntu `apt install g++` brings one' : '';
  return {
    missing: failure ? `no working C++ compiler: ${failure}` : `no C++ compiler (${candidates.join(', ')})${hint}`,
  };
}

/**
 * @param libraries folder of TensorFlow's libraries, which stay there
 * @param headers folder with tensorflow/c/c_api.h
 * @param addon file to write
 * @param libraryPath where the addon looks for the libraries at run time, seen from its own folder
 */
export async function compileAddon(options: {
  compiler: string;
  libraries: string;
  headers: string;
  addon: string;
  libraryPath: string;
  signal?: AbortSignal;
}): Promise<void> {
  const native = join(distFolder(), 'native');
  const mac = process.platform === 'darwin';
  // one name of each library: some archives hold links to it as well
  const found = (await readdir(options.libraries)).filter((name) => /^libtensorflow/.test(name)).sort();
  const pick = (prefix: string) => found.find((name) => name.startsWith(prefix));
  const library = pick('libtensorflow_cc.') ?? pick('libtensorflow.');
  const framework = pick('libtensorflow_framework.');
  if (!library || !framework) throw new Error(`no TensorFlow library in ${options.libraries}`);
  const origin = mac ? '@loader_path' : '$ORIGIN';
  await run(
    options.compiler,
    [
      '-std=c++17',
      '-O2',
      '-fPIC',
      '-shared',
      '-DNAPI_VERSION=8',
      `-I${join(native, 'binding')}`,
      `-I${join(native, 'include')}`,
      `-I${options.headers}`,
      join(native, 'binding', 'tfjs_backend.cc'),
      join(native, 'binding', 'tfjs_binding.cc'),
      join(options.libraries, library),
      join(options.libraries, framework),
      `-Wl,-rpath,${origin}/${options.libraryPath}`,
      // N-API's functions are in the program that loads the addon
      ...(mac ? ['-undefined', 'dynamic_lookup'] : []),
      '-o',
      options.addon,
    ],
    { idleSeconds: 600, signal: options.signal },
  );
}
