import { existsSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { type Notebook, toIpynb, toMarkdown, toTypeScript } from '../notebook/index.ts';
import { BadCall } from './failure.ts';
import { checkWritable, readNotebook, requireTypeScript, writeWhole } from './files.ts';
import { pageOf } from './run.ts';

export const FORMATS = ['html', 'ipynb', 'ts', 'md'] as const;
export type Format = (typeof FORMATS)[number];

/** Writes a notebook in another format, beside it under the same name unless `out` says where; `-` is standard output. */
export async function exportNotebook(path: string, options: { to: Format; out?: string }): Promise<void> {
  const notebook = readNotebook(path);
  const content = await convert(notebook, path, options.to);
  if (options.out === '-') {
    process.stdout.write(content);
    return;
  }
  const beside = `${path.slice(0, path.length - extname(path).length)}.${options.to}`;
  const target = options.out ?? beside;
  if (options.out === undefined) {
    if (resolve(target) === resolve(path)) throw new BadCall(`${path} is such a file already; name another with --out`);
    // a page or a copy can be made again; a program of this name may be somebody's work
    if (options.to === 'ts' && existsSync(target)) {
      throw new BadCall(`${target} is already there; to replace it, name it with --out`);
    }
  }
  checkWritable(target);
  writeWhole(target, content);
  process.stderr.write(`wrote ${target}\n`);
}

async function convert(notebook: Notebook, path: string, format: Format): Promise<string> {
  switch (format) {
    case 'html':
      return pageOf(notebook, path);
    case 'ipynb':
      return toIpynb(notebook);
    case 'md':
      return toMarkdown(notebook);
    case 'ts':
      requireTypeScript(notebook, path, 'export');
      return toTypeScript(notebook, {
        names: Object.keys(await import('../toolkit/index.ts')).filter((name) => name !== 'kernelInterface'),
      });
  }
}
