import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const dist = join(import.meta.dirname, '..', '..', '..', 'dist', 'index.js');

/**
 * Runs code in a process of its own, since a process has one engine: `aenb` is the package, and what `report` is given
 * is the result.
 */
export async function inChild<T>(engine: string, code: string, environment: Record<string, string> = {}): Promise<T> {
  const script = `
    const aenb = require(${JSON.stringify(dist)});
    const report = (value) => console.log('\\n' + JSON.stringify({ value }));
    (async () => { ${code} })().catch((error) => { console.error(error); process.exit(1); });`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '-e', script], {
    env: { ...process.env, AENB_ENGINE: engine, ...environment },
    maxBuffer: 2 ** 26,
  });
  const last = stdout.trim().split('\n').at(-1)!;
  return (JSON.parse(last) as { value: T }).value;
}
