// Finds a Chromium for the tests that need a browser, or installs one.
// node scripts/setup/chromium.mjs   prints its path
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run, withoutOuterNpm } from './run.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge', 'msedge'];

/** Places where installers put it without a name on the PATH. */
const places = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: [process.env.ProgramFiles, process.env['ProgramFiles(x86)'], process.env.LOCALAPPDATA]
    .filter(Boolean)
    .flatMap((folder) => [
      join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
      join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
    ]),
};

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A program that is there and starts (Ubuntu's `chromium-browser` may be a script that only asks for a snap). */
function works(path) {
  try {
    // Windows programs of this kind open a window instead of telling their version
    if (process.platform !== 'win32') execFileSync(path, ['--version'], { stdio: 'ignore', timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}

function present() {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .flatMap((folder) => names.map((name) => join(folder, name + suffix)));
  const asked = process.env.CHROME_PATH;
  if (asked && !executable(asked))
    throw new Error(`CHROME_PATH names ${asked}, which is not a program that can be run`);
  return [asked, ...onPath, ...(places[process.platform] ?? [])].find(
    (path) => path && executable(path) && works(path),
  );
}

async function fromApt(log) {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return undefined;
  log('chromium: installing it with apt-get, with a font for Japanese (about 400 MB on disk)');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], { env });
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-noto-cjk'], { env });
  return present();
}

async function fromPlaywright(log) {
  const require = createRequire(import.meta.url);
  const { chromium } = require('playwright-core');
  if (!existsSync(chromium.executablePath())) {
    log("chromium: downloading Playwright's own (about 170 MB)");
    const cli = join(dirname(require.resolve('playwright-core/package.json')), 'cli.js');
    await run(process.execPath, [cli, 'install', 'chromium'], { env: withoutOuterNpm() });
  }
  return works(chromium.executablePath()) ? chromium.executablePath() : undefined;
}

/**
 * The path of a Chromium that runs: one that is there (CHROME_PATH first), else apt's where this may install, else
 * Playwright's own download.
 * @throws Error that says what was tried and what to install
 */
export async function ensureChromium({ log = console.error } = {}) {
  const there = present();
  if (there) return there;
  const failures = [];
  for (const road of [fromApt, fromPlaywright]) {
    try {
      const path = await road(log);
      if (path) return path;
    } catch (error) {
      failures.push(error.message.split('\n')[0]);
    }
  }
  throw new Error(
    'No Chromium was found and none could be installed. Install Chromium, Google Chrome or Microsoft Edge, ' +
      'or set CHROME_PATH to the program of one that is installed elsewhere.' +
      failures.map((failure) => `\n  tried: ${failure}`).join(''),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) console.log(await ensureChromium());
