// Steps that `npm start`, `npm test` and `npm run vscode` have in common. Imports nothing but Node: packages may not be
// installed yet.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withoutOuterNpm } from './setup/run.mjs';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const oldestNode = [20, 19];

/** A failed step: its message is all that people need to see. */
export class StepFailed extends Error {}

/** Runs a script's main function; a failed step ends it with a sentence instead of a stack. */
export async function main(work) {
  try {
    process.exitCode = await work();
  } catch (error) {
    console.error(error instanceof StepFailed ? `\n${error.message}` : error);
    process.exitCode = 1;
  }
}

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  throw new StepFailed(
    `Node ${oldestNode.join('.')} or newer is needed, this is ${process.version}: https://nodejs.org`,
  );
}

/** A heading between what programs print. */
export function say(text) {
  console.error(process.stderr.isTTY ? `\x1b[1m${text}\x1b[0m` : text);
}

/**
 * Runs a program with its output shown, and waits for it, also after Ctrl-C. With `quietFor`, says every so many
 * seconds that it is still at work.
 * @returns exit status; 130 when it was interrupted
 */
export function show(
  command,
  args,
  { env = process.env, quietFor, cwd = root, shell = false, stdin = 'inherit' } = {},
) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd, env, shell, stdio: [stdin, 'inherit', 'inherit'] });
    const began = Date.now();
    const still = () => console.error(`  … ${Math.round((Date.now() - began) / 1000)} s`);
    const timer = quietFor && setInterval(still, quietFor * 1000);
    let interrupted = false;
    const pass = (signal) => {
      interrupted = true;
      // a terminal sends its Ctrl-C to the whole group; twice would mean "at once, without saving"
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    process.on('SIGINT', pass);
    process.on('SIGTERM', pass);
    const end = () => {
      clearInterval(timer);
      process.off('SIGINT', pass);
      process.off('SIGTERM', pass);
    };
    child.once('error', (error) => {
      end();
      fail(new StepFailed(`${command} could not be started: ${error.message}`));
    });
    child.once('close', (code, signal) => {
      end();
      if (signal && !interrupted) console.error(`${command} ${args[0]} was ended by ${signal}`);
      done(interrupted ? 130 : (code ?? 1));
    });
  });
}

export const node = (args, options) => show(process.execPath, args, options);

/** npm as it was called, else the one on the PATH: program and first words. */
export function npmCommand() {
  const path = process.env.npm_execpath;
  return path && /npm-cli\.[cm]?js$/.test(path) ? [process.execPath, path] : ['npm'];
}

function npm(args, options = {}) {
  const [program, ...words] = npmCommand();
  const shell = process.platform === 'win32' && program === 'npm'; // npm is a .cmd there
  return show(program, [...words, ...args], { ...options, env: withoutOuterNpm(options.env), shell });
}

/** True if node_modules holds what the lockfile names. Compares versions, not dates: a checkout changes those. */
function packagesAreCurrent() {
  try {
    const read = (...path) => JSON.parse(readFileSync(join(root, ...path), 'utf8')).packages;
    const wanted = read('package-lock.json');
    const present = read('node_modules', '.package-lock.json');
    return Object.entries(wanted).every(
      ([path, { version, optional, link }]) => path === '' || optional || link || present[path]?.version === version,
    );
  } catch {
    return false;
  }
}

export async function installPackages() {
  if (packagesAreCurrent()) return;
  const there = existsSync(join(root, 'node_modules'));
  say(there ? 'Packages: bringing them up to date' : 'Packages: installing them, about a minute');
  // `npm ci` would refuse a lockfile that was written where some platform's optional packages cannot be seen, and begin by
  // deleting what is there; without saving, `npm install` takes the locked versions too and changes no file of ours
  const status = await npm(['install', '--no-save', '--no-audit', '--no-fund'], { quietFor: 10 });
  if (status === 130) throw new StepFailed('Interrupted.');
  if (status !== 0) throw new StepFailed('npm could not install the packages (see above). Is there a network?');
}

export async function build() {
  const status = await node([join(root, 'scripts', 'build.mjs'), '--if-changed']);
  if (status !== 0) throw new StepFailed('The build failed (see above).');
}

export const cli = join(root, 'dist', 'cli.js');

/** @returns true if the native engine is there and works */
export async function ensureEngine() {
  const status = await node([cli, 'engine', 'install', '--yes']);
  if (status === 130) throw new StepFailed('Interrupted. What was downloaded completely is kept for the next time.');
  return status === 0;
}
