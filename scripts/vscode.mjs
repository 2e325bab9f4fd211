// npm run vscode: VS Code with this extension installed and the tutorials open. The desktop program if `code` is on the
// PATH, else VS Code in the browser, served to this machine only, until Ctrl-C.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { packageVsix } from './package.mjs';
import { cacheFolder } from './setup/cache.mjs';
import { installExtension, startVsCode } from './setup/vscode.mjs';
import { build, checkNode, installPackages, main, root, say } from './steps.mjs';

const folder = join(root, 'tutorials');

await main(async () => {
  checkNode();
  await installPackages();
  await build();
  say('Packing the extension');
  const vsix = await packageVsix();
  return openDesktop(vsix) ? 0 : serve(vsix);
});

/** @returns false if there is no desktop VS Code, or it cannot be used from here */
function openDesktop(vsix) {
  const code = (...args) =>
    execFileSync('code', args, { stdio: ['ignore', 'ignore', 'pipe'], shell: process.platform === 'win32' });
  try {
    code('--version');
  } catch {
    return false;
  }
  try {
    code('--install-extension', vsix, '--force');
    code(folder);
    say('VS Code opens the tutorials.');
    return true;
  } catch (error) {
    console.error(`\`code\` is on the PATH but fails: ${error.stderr?.toString().trim() || error.message}`);
    return false;
  }
}

async function serve(vsix) {
  const log = (text) => console.error(text);
  const home = join(cacheFolder(), 'vscode-data');
  const dirs = { extensionsDir: join(home, 'extensions'), userDataDir: join(home, 'user') };
  say('VS Code in the browser');
  await installExtension({ vsix, ...dirs, log });
  const interrupted = new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  const { url, stop } = await startVsCode({ folder, ...dirs, log });
  say(`\nOpen ${url}\nCtrl-C ends it.`);
  await interrupted;
  await stop();
  return 0;
}
