// Programs that set-up calls: quiet when they succeed, their last words when they fail.
import { spawn } from 'node:child_process';

/**
 * Runs a program to its end and returns what it wrote to standard output.
 * @throws Error with the exit code and the end of what it wrote
 */
export function run(command, args, { cwd, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const shell = process.platform === 'win32'; // npm is a .cmd there
    const child = spawn(command, args, { cwd, env, shell, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let all = '';
    child.stdout.on('data', (data) => {
      stdout += data;
      all += data;
    });
    child.stderr.on('data', (data) => (all += data));
    child.on('error', (error) => reject(new Error(`${command} could not be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(stdout);
      const tail = all.trim().split('\n').slice(-15).join('\n');
      reject(new Error(`${command} ${args.join(' ')} ended with ${signal ?? `exit code ${code}`}\n${tail}`));
    });
  });
}

/** The environment for an npm of our own choosing: an outer `npm test` passes its own settings on, which are not meant. */
export function withoutOuterNpm(env = process.env) {
  const outer = /^npm_(lifecycle|package|node|command|execpath|config_(ignore_scripts|local_prefix|prefix|global))/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !outer.test(name) && name !== 'NODE_OPTIONS'));
}
