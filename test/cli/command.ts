import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';
import { codeCell, emptyNotebook, type Notebook, print } from '../../src/notebook/index.ts';

export interface Finished {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** A running `aenb`; standard input is no terminal. */
export interface Running {
  readonly process: ChildProcess;
  /** Resolves when standard output contains the text. */
  shows(text: string): Promise<void>;
  readonly finished: Promise<Finished>;
}

/** The built command, as users get it. */
const command = resolve('dist/cli.js');

export function start(...args: string[]): Running {
  const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
    for (const check of waiting) check();
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const finished = new Promise<Finished>((done) => child.on('close', (status) => done({ status, stdout, stderr })));
  return {
    process: child,
    shows: (text) =>
      new Promise((done, fail) => {
        const check = () => stdout.includes(text) && done();
        waiting.add(check);
        check();
        finished.then(() => fail(new Error(`ended without ${JSON.stringify(text)}:\n${stdout}\n${stderr}`)));
      }),
    finished,
  };
}

export function aenb(...args: string[]): Promise<Finished> {
  return start(...args).finished;
}

/** A folder of this test file, where the command runs. */
export const folder = mkdtempSync(join(tmpdir(), 'aenb-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

export const inFolder = (name: string) => join(folder, name);

/** Writes a notebook of code cells; a cell may come with tags. Returns its name. */
export function notebookOf(name: string, ...cells: (string | { code: string; tags: string[] })[]): string {
  const notebook: Notebook = emptyNotebook();
  notebook.cells = cells.map((cell, i) =>
    typeof cell === 'string'
      ? codeCell(cell, `cell-${i}`)
      : { ...codeCell(cell.code, `cell-${i}`), metadata: { tags: cell.tags } },
  );
  writeFileSync(inFolder(name), print(notebook));
  return name;
}
