// The other libraries, from PyPI: each in a virtual environment of its own in the user's cache folder, made on first use.
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../../scripts/setup/cache.mjs';
import { run } from '../../scripts/setup/run.mjs';

/** The newest that pip finds for this Python and machine. `size` is on disk, on Linux. */
const environments = {
  keras: {
    packages: [process.platform === 'darwin' ? 'tensorflow' : 'tensorflow-cpu', 'keras'],
    size: '1.6 GB',
  },
  // on Linux the wheel does not load without the CUDA libraries that it depends on, even where there is no such card
  torch: { packages: ['torch', 'numpy'], size: process.platform === 'linux' ? '5.3 GB' : '1 GB' },
  jax: { packages: ['jax[cpu]'], size: '0.6 GB' },
};
export const environmentNames = Object.keys(environments);

const windows = process.platform === 'win32';
const folder = (name) => join(cacheFolder(), 'bench-training', name);
const pythonIn = (name) => join(folder(name), ...(windows ? ['Scripts', 'python.exe'] : ['bin', 'python']));
/** Written when all is there: an installation that was cut short is made anew. */
const stamp = (name) => join(folder(name), 'complete');

/**
 * @returns the environment's Python
 * @throws Error with pip's last words
 */
export async function ensurePeer(name, log = console.error) {
  const { packages, size } = environments[name];
  if (existsSync(stamp(name))) return pythonIn(name);
  log(`${name}: installing ${packages.join(' and ')} (${size}) into ${folder(name)}`);
  await rm(folder(name), { recursive: true, force: true });
  await mkdir(folder(name), { recursive: true });
  await run(windows ? 'python' : 'python3', ['-m', 'venv', folder(name)]);
  await run(pythonIn(name), ['-m', 'pip', 'install', '--quiet', '--no-input', ...packages]);
  await writeFile(stamp(name), '');
  return pythonIn(name);
}

/** Where PyTorch keeps what it compiled, so that a second sitting starts sooner. */
export const inductorCache = join(cacheFolder(), 'bench-training', 'inductor');
