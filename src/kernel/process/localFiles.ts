/** Which file an import means, where it means one of the user's own: relative paths, absolute ones, tsconfig aliases. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, extname, isAbsolute, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aliasTargets, nearestTsConfig } from './tsconfig';

export const TYPESCRIPT = new Set(['.ts', '.mts', '.cts']);
const LOADED_HERE = new Set([...TYPESCRIPT, '.js', '.mjs', '.cjs', '.json']);
const ENDINGS = ['.ts', '.mts', '.js', '.mjs', '.cts', '.cjs', '.json'];
/** TypeScript's habit: the import names the file that would be compiled to. */
const SOURCES: Record<string, string[]> = { '.js': ['.ts'], '.mjs': ['.mts'], '.cjs': ['.cts'] };

/** The file, or nothing where Node's own resolution is to decide (packages, built-in modules, other kinds of file). */
export function localFile(specifier: string, fromDirectory: string): string | undefined {
  for (const candidate of candidates(specifier, fromDirectory)) {
    const file = existing(candidate);
    if (file !== undefined && isLocal(file)) return file;
  }
  return undefined;
}

/** A file of the user's own that this loader understands. */
export function isLocal(file: string): boolean {
  return LOADED_HERE.has(extname(file)) && !file.includes(`${sep}node_modules${sep}`);
}

function candidates(specifier: string, from: string): string[] {
  if (specifier.startsWith('file:')) return [fileURLToPath(specifier)];
  if (isAbsolute(specifier)) return [specifier];
  if (/^\.\.?(\/|\\|$)/.test(specifier)) return [resolve(from, specifier)];
  if (/^[a-z]+:/i.test(specifier)) return [];
  const config = nearestTsConfig(from);
  return config === undefined ? [] : aliasTargets(config, specifier);
}

function existing(path: string): string | undefined {
  if (isFile(path)) return path;
  const extension = extname(path);
  for (const source of SOURCES[extension] ?? []) {
    const file = path.slice(0, -extension.length) + source;
    if (isFile(file)) return file;
  }
  for (const ending of ENDINGS) if (isFile(path + ending)) return path + ending;
  for (const ending of ENDINGS) {
    const file = join(path, `index${ending}`);
    if (isFile(file)) return file;
  }
  return undefined;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** Changes when the file does. */
export function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? 'gone' : `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
}

/** Whether a .js or .ts file is CommonJS: by its ending, then by what it says, then by its package. */
export function isCommonJs(file: string, source: string): boolean {
  const extension = extname(file);
  if (extension === '.cjs' || extension === '.cts') return true;
  if (extension === '.mjs' || extension === '.mts') return false;
  const text = source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');
  if (/^\s*(import|export)\b(?!\s*[(.])|\bimport\s*\.\s*meta\b/m.test(text)) return false;
  if (!/\b(module\s*\.\s*exports|exports\s*[.[]|require\s*\()/.test(text)) return false;
  return packageType(dirname(file)) !== 'module';
}

function packageType(directory: string): string | undefined {
  for (let folder = directory; ; folder = dirname(folder)) {
    try {
      return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { type?: string }).type;
    } catch {
      if (folder === dirname(folder)) return undefined;
    }
  }
}
