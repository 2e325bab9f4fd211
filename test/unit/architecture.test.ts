import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, sep } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

/**
 * Who may import whom. A room is a folder of src/, the longest name that fits counts. It may import itself, Node, and
 * what stands here: `room/` any file of that room, `room/file.ts` that file only, anything else a package.
 */
const rooms: Record<string, string[]> = {
  'extension.ts': ['vscode/', 'vscode'],
  'vscode/': ['kernel/', 'notebook/index.ts', 'engine/install/index.ts', 'vscode'],
  'kernel/': [],
  'kernel/process/': [
    'kernel/protocol.ts',
    // both ends of the line check messages and bound floods of text alike
    'kernel/validate.ts',
    'kernel/flood.ts',
    'toolkit/index.ts',
    '@jridgewell/remapping',
    '@jridgewell/trace-mapping',
    'acorn',
    'esbuild',
    'magic-string',
  ],
  'notebook/': ['ansi_up', 'marked'],
  'cli/': [
    'kernel/',
    'notebook/index.ts',
    'engine/install/index.ts',
    // for the names that a notebook exported as TypeScript has to import
    'toolkit/index.ts',
    'acorn',
    'commander',
    'esbuild',
  ],
  'toolkit/': [
    'toolkit/plot/',
    'engine/index.ts',
    'engine/install/fetchFile.ts',
    '@tensorflow/tfjs',
    // images and archives as data
    '@napi-rs/canvas',
    'yauzl',
  ],
  'toolkit/plot/': ['toolkit/', 'drawing/', 'renderers/*/payload.ts', '@tensorflow/tfjs'],
  'engine/': [
    'engine/program/index.ts',
    'engine/kernels/',
    'engine/onnx/',
    'engine/training/',
    'engine/tensorflow/backend.ts',
    'engine/tensorflow/location.ts',
    'engine/tensorflow/session.ts',
    'engine/tensorflow/trainer.ts',
    '@tensorflow/tfjs',
    '@tensorflow/tfjs-backend-wasm',
  ],
  // knows no engine
  'engine/program/': ['engine/tape.ts', '@tensorflow/tfjs'],
  'engine/simd/': [],
  'engine/training/': [
    'engine/program/',
    'engine/simd/memory.ts',
    'engine/tape.ts',
    'engine/randomKeys.ts',
    '@tensorflow/tfjs',
  ],
  'engine/kernels/': ['engine/program/', 'engine/training/', 'engine/simd/memory.ts', '@tensorflow/tfjs'],
  'engine/onnx/': [
    'engine/program/',
    'engine/training/',
    'engine/simd/memory.ts',
    '@tensorflow/tfjs',
    'onnxruntime-node',
    'onnxruntime-common',
    'pbf',
  ],
  'engine/tensorflow/': [
    'engine/threads.ts',
    'engine/program/',
    'engine/training/',
    'engine/simd/memory.ts',
    '@tensorflow/tfjs',
    '@tensorflow/tfjs-node',
    'env-paths',
  ],
  'engine/install/': [
    'engine/kernels/files.ts',
    'engine/tensorflow/backend.ts',
    'engine/tensorflow/location.ts',
    '@tensorflow/tfjs',
    'tar',
    'yauzl',
  ],
  'drawing/': ['renderers/*/payload.ts', '@napi-rs/canvas', 'chart.js'],
  'renderers/': ['drawing/', 'chart.js', 'twgl.js', 'vscode-notebook-renderer'],
};

const src = join(import.meta.dirname, '..', '..', 'src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .map((path) => path.split(sep).join('/'))
  .filter((path) => path.endsWith('.ts'));

function roomOf(file: string): string | undefined {
  return Object.keys(rooms)
    .filter((room) => file === room || (room.endsWith('/') && file.startsWith(room)))
    .sort((a, b) => b.length - a.length)[0];
}

/** What a file imports, statically or not, types included: files of src/ by their path, packages by their name. */
function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(src, file), 'utf8'), true, true);
  return importedFiles
    .map(({ fileName }) => fileName)
    .filter((name) => !name.startsWith('node:'))
    .map((name) => (name.startsWith('.') ? resolveInSrc(file, name) : packageOf(name)));
}

/** The bundler takes imports without an extension, and of a folder, as well. */
function resolveInSrc(from: string, name: string): string {
  const path = posix.join(dirname(from), name);
  return [path, `${path}.ts`, `${path}/index.ts`].find((candidate) => files.includes(candidate)) ?? path;
}

function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

function isAllowed(target: string, allowed: string[]): boolean {
  return allowed.some((rule) => {
    if (rule.endsWith('/')) return target.startsWith(rule) && roomOf(target) === rule;
    const pattern = rule.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]+');
    return new RegExp(`^${pattern}$`).test(target);
  });
}

describe('the rooms of src import only what they may', () => {
  test('every file lies in a room', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.filter((file) => roomOf(file) === undefined)).toEqual([]);
  });

  test.each(Object.entries(rooms))('%s', (room, allowed) => {
    const inRoom = files.filter((file) => roomOf(file) === room);
    expect(inRoom, 'a room without files has no business in the table').not.toEqual([]);
    const strayed = inRoom.flatMap((file) =>
      importsOf(file)
        .filter((target) => roomOf(target) !== room && target !== '../package.json' && !isAllowed(target, allowed))
        .map((target) => `${file} imports ${target}`),
    );
    expect(strayed).toEqual([]);
  });
});
