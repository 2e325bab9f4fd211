// npm run package: builds and makes the VSIX for this platform (it holds programs that are made for one).

import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, checkNode, installPackages, main, npmCommand, root, StepFailed } from './steps.mjs';

/** VS Code's name of this platform: a VSIX for another one is refused when it is installed. */
function target() {
  const musl = process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
  return `${musl ? 'alpine' : process.platform}-${process.arch === 'arm' ? 'armhf' : process.arch}`;
}

/**
 * Packs what dist/ holds now.
 * @returns path of the VSIX, which is there whole or not at all
 */
export async function packageVsix() {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const vsix = join(root, 'out', `${manifest.name}-${manifest.version}-${target()}.vsix`);
  const stage = await mkdtemp(join(tmpdir(), 'aenb-vsix-'));
  try {
    await fillStage(stage, manifest);
    // vsce is loaded here because this file is imported before packages are installed
    const { createVSIX } = createRequire(import.meta.url)('@vscode/vsce');
    const packagePath = join(stage, 'packed.vsix');
    await createVSIX({
      cwd: stage,
      packagePath,
      target: target(),
      // these concern the Marketplace's page: where links of the README would point
      allowMissingRepository: true,
      rewriteRelativeLinks: false,
    });
    await mkdir(join(root, 'out'), { recursive: true });
    await cp(packagePath, `${vsix}.part`);
    await rename(`${vsix}.part`, vsix);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
  return vsix;
}

/**
 * A copy without what only developers need. It is made because vsce refuses a manifest with `files`, which npm needs,
 * beside a .vscodeignore, which says what of this copy is packed.
 */
async function fillStage(stage, { files, scripts, devDependencies, ...manifest }) {
  await writeFile(join(stage, 'package.json'), JSON.stringify(manifest, null, 2));
  const parts = ['.vscodeignore', 'dist', 'media', 'tutorials', 'l10n', 'package.nls.json', 'package.nls.ja.json'];
  const texts = ['README.md', 'CHANGELOG.md', 'LICENSE', 'NOTICE'];
  const [npm, ...words] = npmCommand();
  const listed = execFileSync(npm, [...words, 'ls', '--omit=dev', '--all', '--parseable'], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32' && npm === 'npm',
  });
  const packages = listed.split(/\r?\n/).filter((path) => path && path !== root);
  if (packages.length === 0) throw new StepFailed('npm lists no packages that the extension needs; run npm install');
  for (const path of [...parts, ...texts, ...packages.map((path) => relative(root, path))]) {
    await cp(join(root, path), join(stage, path), { recursive: true, filter: isForThisPlatform });
  }
}

/** ONNX Runtime's package brings its library for every platform, 290 MB together. */
function isForThisPlatform(path) {
  const [, platform, arch] = /onnxruntime-node[\\/]bin[\\/]napi-v\d+[\\/]([^\\/]+)(?:[\\/]([^\\/]+))?/.exec(path) ?? [];
  return (!platform || platform === process.platform) && (!arch || arch === process.arch);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    checkNode();
    await installPackages();
    await build();
    const vsix = await packageVsix();
    console.log(`${relative(process.cwd(), vsix)} (${Math.ceil((await stat(vsix)).size / 1e6)} MB)`);
    return 0;
  });
}
