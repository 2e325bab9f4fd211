import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { languageOf, type Notebook, NotebookError, parse } from '../notebook/index.ts';
import { BadCall, reasonOf } from './failure.ts';

/** Reads a notebook; the file is never changed by it. */
export function readNotebook(path: string): Notebook {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new BadCall(`cannot read ${path}: ${reasonOf(error)}`);
  }
  try {
    return parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    if (error instanceof NotebookError) throw new BadCall(`cannot read ${path}: ${error.message}`);
    throw new BadCall(`cannot read ${path}: it is not a text in UTF-8`);
  }
}

/** Refuses a notebook whose cells are in another language than ours; `purpose` says what it cannot be used for. */
export function requireTypeScript(notebook: Notebook, path: string, purpose: string): void {
  const language = languageOf(notebook);
  if (language === undefined || ['typescript', 'javascript'].includes(language.toLowerCase())) return;
  throw new BadCall(`cannot ${purpose} ${path}: its cells are in ${language}, not in TypeScript or JavaScript`);
}

/** Finds out before hours of work that a file could not be written at their end. */
export function checkWritable(path: string): void {
  const target = resolve(path);
  const existing = statSync(target, { throwIfNoEntry: false });
  if (existing?.isDirectory()) throw new BadCall(`cannot write ${path}: it is a folder`);
  try {
    if (existing) accessSync(target, constants.W_OK);
    if (!existing || existing.isFile()) accessSync(dirname(target), constants.W_OK);
  } catch (error) {
    const missing = (error as { code?: string }).code === 'ENOENT';
    throw new BadCall(`cannot write ${path}: ${missing ? `there is no folder ${dirname(target)}` : reasonOf(error)}`);
  }
}

/**
 * Writes a file as a whole or not at all: to a temporary name beside it, then renamed. An existing file keeps its
 * permissions, a link is followed, and what is no ordinary file (`/dev/stdout`, a pipe) is written to directly.
 */
export function writeWhole(path: string, content: string): void {
  let temporary: string | undefined;
  try {
    const target = existingPath(resolve(path));
    const existing = statSync(target, { throwIfNoEntry: false });
    if (existing && !existing.isFile()) {
      writeFileSync(target, content);
      return;
    }
    const name = join(dirname(target), `.${basename(target)}.${randomBytes(4).toString('hex')}.tmp`);
    const file = openSync(name, 'wx', 0o666);
    temporary = name;
    try {
      writeFileSync(file, content);
      if (existing) fchmodSync(file, existing.mode);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(name, target);
    temporary = undefined;
  } catch (error) {
    if (temporary) unlinkSync(temporary);
    throw new BadCall(`cannot write ${path}: ${reasonOf(error)}`);
  }
}

function existingPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
