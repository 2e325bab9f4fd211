/** The whole text of a cell that prints more than is shown, in a file that the cell's output names. */
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BUFFER = 262_144;
const LIMIT = 1_000_000_000;
const DAYS_KEPT = 7;

export class FullText {
  readonly file: string;
  /** Why the file does not hold everything. */
  failure: string | undefined;
  #descriptor: number | undefined;
  #buffer = '';
  #written = 0;

  constructor(name: string) {
    const folder = join(process.env.AENB_OUTPUT ?? tmpdir(), 'aenb-output');
    this.file = join(folder, name);
    this.#try(() => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      removeOld(folder);
      this.#descriptor = openSync(this.file, 'w', 0o600);
    });
  }

  append(text: string): void {
    if (this.#descriptor === undefined) return;
    this.#buffer += text;
    if (this.#buffer.length >= BUFFER) this.#flush();
  }

  close(): void {
    this.#flush();
    if (this.#descriptor !== undefined) this.#try(() => closeSync(this.#descriptor!));
    this.#descriptor = undefined;
  }

  #flush(): void {
    if (this.#descriptor === undefined || this.#buffer === '') return;
    const text = this.#buffer;
    this.#buffer = '';
    this.#try(() => {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor!, bytes, at);
      this.#written += bytes.length;
      if (this.#written > LIMIT) throw new Error(`it reached ${LIMIT / 1e9} GB`);
    });
  }

  /** A full disk costs the file, not the cell. */
  #try(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.failure ??= (error as Error).message;
      const descriptor = this.#descriptor;
      this.#descriptor = undefined;
      this.#buffer = '';
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }
}

function removeOld(folder: string): void {
  const before = Date.now() - DAYS_KEPT * 86_400_000;
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    if (statSync(file).mtimeMs < before) rmSync(file, { force: true });
  }
}
