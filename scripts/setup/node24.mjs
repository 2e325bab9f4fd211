// Node 24 from npm, in the user's cache folder: it runs VS Code in the tests, and kernels in those that ask for it.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder } from './cache.mjs';
import { run, withoutOuterNpm } from './run.mjs';

/** @returns the path of its executable; it is installed on the first call, whole or not at all */
export async function ensureNode24({ log = console.error } = {}) {
  const target = join(cacheFolder(), `node24-${process.platform}-${process.arch}`);
  const executable = join(target, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(target)) return executable;
  await mkdir(dirname(target), { recursive: true });
  const temporary = await mkdtemp(`${target}.part-`);
  try {
    log(`node24: installing Node 24 in ${target} (about 120 MB)`);
    await writeFile(join(temporary, 'package.json'), JSON.stringify({ private: true, name: 'aenb-node24' }));
    // its script puts the executable in place
    const args = ['install', 'node@24', '--ignore-scripts=false', '--no-audit', '--no-fund', '--loglevel=error'];
    await run('npm', args, { cwd: temporary, env: withoutOuterNpm() });
    await rename(temporary, target).catch((error) => {
      if (!existsSync(target)) throw error; // another set-up was quicker
    });
  } catch (error) {
    throw new Error(`Node 24 could not be installed from npm.\n${error.message}`);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return executable;
}
