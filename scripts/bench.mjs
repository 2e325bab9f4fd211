// npm run bench -- NAME [options]: builds what has changed, then runs bench/NAME.mjs or bench/NAME/.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build, checkNode, installPackages, main, node, root, StepFailed } from './steps.mjs';

const folder = join(root, 'bench');
const names = readdirSync(folder).map((name) => name.replace(/\.mjs$/, ''));

await main(async () => {
  const [name, ...options] = process.argv.slice(2);
  if (!names.includes(name)) {
    const asked = name === undefined ? '' : `There is no benchmark ${name}. `;
    throw new StepFailed(`${asked}npm run bench -- NAME [options], with NAME one of: ${names.join(', ')}`);
  }
  checkNode();
  await installPackages();
  await build();
  const inFolder = join(folder, name, 'index.mjs');
  return node([existsSync(inFolder) ? inFolder : join(folder, `${name}.mjs`), ...options]);
});
