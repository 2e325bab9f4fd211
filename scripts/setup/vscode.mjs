// VS Code in a browser for the tests and for `npm run vscode`: code-server from npm, with a Node 24 of its own.
// node scripts/setup/vscode.mjs   installs it if need be and prints where it lies
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cacheFolder } from './cache.mjs';
import { ensureNode24 } from './node24.mjs';
import { run, withoutOuterNpm } from './run.mjs';

const VERSION = '4.139.1';

/** What VS Code's server needs compiled or unpacked; the rest of its scripts fetches what is not needed here. */
const nativeModules = ['@vscode/spdlog', 'native-watchdog', '@parcel/watcher', 'node-pty'];

function parts(folder) {
  const server = join(folder, 'node_modules', 'code-server');
  return { server, entry: join(server, 'out', 'node', 'entry.js') };
}

async function install(folder, node, log) {
  if (process.platform === 'win32')
    throw new Error(
      'VS Code in a browser (code-server) does not run on Windows. Install VS Code: https://code.visualstudio.com',
    );
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, name: 'aenb-vscode' }));
  const { server } = parts(folder);
  const npm = (args, cwd, env) => run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, env });
  const plain = withoutOuterNpm();

  log(`vscode: code-server ${VERSION} (1 of 3)`);
  await npm(['install', `code-server@${VERSION}`, '--ignore-scripts'], folder, plain);

  // from here on npm and the compilers' scripts run on the Node that will run VS Code
  const withNode = { ...plain, ...headersHere(), PATH: dirname(node) + delimiter + plain.PATH };
  log("vscode: VS Code's own packages (2 of 3)");
  const inner = join(server, 'lib', 'vscode');
  await npm(['install', '--omit=dev', '--ignore-scripts'], inner, withNode);
  await npm(['install', '--omit=dev', '--ignore-scripts'], join(inner, 'extensions'), withNode);
  log('vscode: native modules (3 of 3)');
  await npm(['rebuild', ...nativeModules, '--ignore-scripts=false'], inner, withNode);
  await npm(['rebuild', 'argon2', '--ignore-scripts=false'], folder, withNode);
  await run(node, [parts(folder).entry, '--version'], { env: plain });
}

/**
 * Where the running Node has its headers beside it, none are fetched. They may be of another version than the Node that
 * will load the modules: all of these use Node-API alone, which stays the same.
 */
function headersHere() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? { npm_config_nodedir: prefix } : {};
}

/**
 * VS Code (as code-server) in the user's cache folder, installed on the first call: about 1 GB and two minutes.
 * Made under a temporary name and renamed, so that it is there whole or not at all.
 * @returns the Node that runs it and the script to run
 */
export async function ensureVsCode({ log = console.error } = {}) {
  const target = join(cacheFolder(), `vscode-${VERSION}-node24-${process.platform}-${process.arch}`);
  const { entry } = parts(target);
  const node = await ensureNode24({ log });
  if (existsSync(target)) return { node, entry };
  await mkdir(dirname(target), { recursive: true });
  const temporary = await mkdtemp(`${target}.part-`);
  // an interrupted set-up leaves nothing behind but what a kill from outside prevents
  const interrupted = () => rm(temporary, { recursive: true, force: true }).finally(() => process.exit(130));
  process.once('SIGINT', interrupted);
  try {
    log(`vscode: installing VS Code in ${target} (about 1 GB, two minutes)`);
    await install(temporary, node, log);
    await rename(temporary, target).catch((error) => {
      if (!existsSync(target)) throw error; // another set-up was quicker
    });
  } catch (error) {
    const hint =
      process.platform === 'linux' ? ' It needs a C++ compiler, make and Python 3 (apt: build-essential python3).' : '';
    throw new Error(`VS Code for the browser could not be installed.${hint}\n${error.message}`);
  } finally {
    process.off('SIGINT', interrupted);
    await rm(temporary, { recursive: true, force: true });
  }
  return { node, entry };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Whatever made this process a child of VS Code must not leak into the one that is started here. */
function cleanEnvironment() {
  return Object.fromEntries(
    Object.entries(withoutOuterNpm()).filter(
      ([name]) => !/^(VSCODE_|ELECTRON_|CODE_SERVER_|PASSWORD$|PORT$)/.test(name),
    ),
  );
}

/** Installs a VSIX into an extensions folder, as a user would from the command line. */
export async function installExtension({ vsix, extensionsDir, userDataDir, log }) {
  const { node, entry } = await ensureVsCode({ log });
  const config = join(userDataDir, 'code-server.yaml');
  await run(
    node,
    [
      entry,
      '--config',
      config,
      '--user-data-dir',
      userDataDir,
      '--extensions-dir',
      extensionsDir,
      '--install-extension',
      vsix,
      '--force',
    ],
    { env: cleanEnvironment() },
  );
}

/**
 * Serves VS Code on a free port of 127.0.0.1, without a password: only for programs and people on this machine.
 * @param trust false keeps VS Code's question whether the folder is trusted
 * @returns its address, its process id, and stop(), which ends the server with all its children
 */
export async function startVsCode({ folder, extensionsDir, userDataDir, trust = true, log = console.error }) {
  const { node, entry } = await ensureVsCode({ log });
  await mkdir(userDataDir, { recursive: true });
  await mkdir(extensionsDir, { recursive: true });
  const port = await freePort();
  const options = [
    '--auth',
    'none',
    '--bind-addr',
    `127.0.0.1:${port}`,
    '--config',
    join(userDataDir, 'code-server.yaml'),
  ];
  options.push('--user-data-dir', userDataDir, '--extensions-dir', extensionsDir);
  options.push('--disable-telemetry', '--disable-update-check', '--disable-getting-started-override');
  if (trust) options.push('--disable-workspace-trust');
  // a group of its own, so that one signal reaches the server, its extension hosts and their kernels
  const child = spawn(node, [entry, ...options, folder], {
    detached: true,
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let words = '';
  const listen = (data) => (words = (words + data).slice(-4000));
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const ended = new Promise((resolve) => child.once('close', resolve));
  const signal = (name) => {
    try {
      process.kill(-child.pid, name);
    } catch {
      // the group is gone already
    }
  };
  const atExit = () => signal('SIGKILL');
  process.once('exit', atExit);
  const stop = async () => {
    signal('SIGTERM');
    const late = setTimeout(() => signal('SIGKILL'), 5_000);
    await ended;
    clearTimeout(late);
    signal('SIGKILL');
    process.off('exit', atExit);
  };

  const address = `http://127.0.0.1:${port}`;
  let alive = true;
  ended.then(() => (alive = false));
  const deadline = Date.now() + 60_000;
  while (
    !(await fetch(`${address}/healthz`).then(
      (r) => r.ok,
      () => false,
    ))
  ) {
    if (!alive || Date.now() > deadline) {
      await stop();
      throw new Error(`VS Code ${alive ? 'did not answer within a minute' : 'ended at once'}:\n${words}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { url: `${address}/?folder=${encodeURIComponent(folder)}`, pid: child.pid, stop };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) console.log((await ensureVsCode()).entry);
