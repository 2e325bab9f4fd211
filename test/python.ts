import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import envPaths from 'env-paths';

/**
 * A Python with the given packages, in the user's cache folder, for tests that compare us with Python's own tools or
 * need what Node does not have.
 *
 * @returns the interpreter's path, or why there is none; under CI that is an error, since there the comparison must run
 */
export function pythonWith(packages: Readonly<Record<string, string>>): { python: string } | { missing: string } {
  const wanted = Object.entries(packages).map(([name, version]) => `${name}==${version}`);
  const folder = join(
    envPaths('aenb', { suffix: '' }).cache,
    ['test-python', ...wanted].join('-').replaceAll('==', '-'),
  );
  const windows = process.platform === 'win32';
  const python = join(folder, windows ? 'Scripts' : 'bin', windows ? 'python.exe' : 'python');
  const names = Object.keys(packages);
  if (succeeds(python, ['-c', names.map((name) => `import ${name}`).join('\n')])) return { python };
  try {
    const system = ['python3', 'python'].find((name) => succeeds(name, ['-c', 'import venv']));
    if (!system) throw new Error('there is no Python 3 with venv on the PATH');
    mkdirSync(folder, { recursive: true });
    execFileSync(system, ['-m', 'venv', '--clear', folder], { stdio: 'pipe' });
    if (wanted.length === 0) return { python };
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...wanted], {
      stdio: 'pipe',
    });
    return { python };
  } catch (error) {
    const output = (error as { stderr?: Buffer }).stderr?.toString().trim();
    const missing = `Python${wanted.length > 0 ? ` with ${wanted.join(', ')}` : ''} could not be set up: ${output || (error as Error).message}`;
    if (process.env.CI) throw new Error(missing);
    return { missing };
  }
}

function succeeds(command: string, args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
