import { readFileSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { CellError, EngineStatus, MimeBundle, OutputEvent } from '../kernel/protocol.ts';
import { type CellResult, Session } from '../kernel/session.ts';
import { type Notebook, type NotebookCell, print, tagsOf, toHtml } from '../notebook/index.ts';
import { CellDocument } from './document.ts';
import { BadCall, EXIT, reasonOf } from './failure.ts';
import { checkWritable, readNotebook, requireTypeScript, writeWhole } from './files.ts';
import { askOnTerminal } from './input.ts';
import { withParameters } from './parameters.ts';
import { duration, Progress } from './progress.ts';

export const ENGINES = ['auto', 'tensorflow', 'onnx', 'wasm', 'cpu', 'aenb'] as const;

export interface RunOptions {
  out?: string;
  html?: string;
  param: string[];
  engine?: (typeof ENGINES)[number];
  /** Of a native engine. */
  threads?: number;
  /** Seconds for the whole run. */
  timeout?: number;
  quiet?: boolean;
}

/** A long run is saved now and then, so that little is lost when this process itself is killed. */
const SAVE_EVERY_MS = 10_000;

/** Runs a notebook from the first cell to the last, or to the first that fails. Resolves to the exit status. */
export async function run(path: string, options: RunOptions): Promise<number> {
  const source = readNotebook(path);
  requireTypeScript(source, path, 'run');
  const notebook = withParameters(source, options.param);
  for (const file of [options.out, options.html]) if (file !== undefined) checkWritable(file);
  return new NotebookRun(path, notebook, options).run();
}

class NotebookRun {
  private readonly cells: NotebookCell[];
  private readonly progress: Progress;
  private readonly session: Session;
  private readonly startedAt = Date.now();
  private savedAt = this.startedAt;
  private engine: EngineStatus | undefined;
  private current: { cell: NotebookCell; document: CellDocument } | undefined;
  /** Set when the run is to end before its last cell: the exit status. */
  private stopped: number | undefined;
  private giveUp!: () => void;
  private readonly gaveUp = new Promise<undefined>((done) => {
    this.giveUp = () => done(undefined);
  });

  constructor(
    path: string,
    private readonly notebook: Notebook,
    private readonly options: RunOptions,
  ) {
    for (const cell of notebook.cells) if (cell.cell_type === 'code') new CellDocument(cell);
    this.cells = notebook.cells.filter((cell) => cell.cell_type === 'code' && cell.source.trim() !== '');
    this.progress = new Progress(this.cells.length, process.stdout, process.stderr, options.quiet === true);
    const interactive = process.stdin.isTTY === true;
    this.session = new Session({
      kernelPath: join(__dirname, 'kernel.js'),
      directory: dirname(resolve(path)),
      notebook: resolve(path),
      ...(options.engine ? { engine: options.engine } : {}),
      ...(options.threads ? { environment: { AENB_THREADS: String(options.threads) } } : {}),
      ...(interactive
        ? { onInput: (request, signal) => this.progress.pausedWhile(() => askOnTerminal(request, signal)) }
        : {}),
    });
  }

  async run(): Promise<number> {
    const signals = this.watchSignals();
    // a process with nothing left to wait for would end with status 0, whatever happened
    const awake = setInterval(() => undefined, 60_000);
    const { timeout } = this.options;
    const alarm =
      timeout === undefined
        ? undefined
        : setTimeout(() => this.stop(EXIT.timeOut, `time is up after ${timeout} s`), timeout * 1000);
    let status: number;
    try {
      status = this.stopped ?? (await this.runCells());
    } finally {
      clearTimeout(alarm);
      this.progress.end();
      this.save(() => undefined);
      this.engine = this.session.engine;
      await this.session.dispose();
      signals.dispose();
      clearInterval(awake);
    }
    return this.finish(this.stopped ?? status);
  }

  private async runCells(): Promise<number> {
    for (const [index, cell] of this.cells.entries()) {
      if (this.stopped !== undefined) break;
      const result = await this.runCell(cell, index + 1);
      if (this.stopped !== undefined || !result) break;
      const tolerated = result.status === 'error' && tagsOf(cell).includes('raises-exception');
      if (result.status !== 'ok' && !tolerated) {
        this.progress.say(describeFailure(index + 1, result));
        return EXIT.cellFailed;
      }
      if (Date.now() - this.savedAt > SAVE_EVERY_MS) this.save(() => undefined);
    }
    return EXIT.ok;
  }

  /** Resolves to undefined when the cell could not be stopped and is given up. */
  private async runCell(cell: NotebookCell, number: number): Promise<CellResult | undefined> {
    const document = new CellDocument(cell);
    this.current = { cell, document };
    const shown = new ShownTexts(this.progress);
    let ended = false;
    this.progress.cellStarts(number, cell.source);
    const execution = this.session.execute(
      { id: cell.id, code: cell.source, continueOnError: tagsOf(cell).includes('raises-exception') },
      {
        started: (count) => document.started(count),
        events: (events) => {
          document.apply(events);
          for (const event of events) shown.show(event);
          if (ended) document.save();
        },
      },
    );
    const result = await Promise.race([execution, this.gaveUp]);
    ended = true;
    document.save();
    shown.finish(document.displays());
    this.progress.cellEnds(!result || result.status === 'ok' ? '' : `  ${result.status}`);
    return result;
  }

  /** Interrupts the running cell in the session's three steps; what does not stop then is ended with its process. */
  private stop(status: number, reason: string): void {
    if (this.stopped !== undefined) return;
    this.stopped = status;
    this.progress.say(`aenb: ${reason}, stopping`);
    this.session.interrupt().then(
      (outcome) => {
        if (outcome === 'unresponsive') this.giveUp();
      },
      () => this.giveUp(),
    );
  }

  private watchSignals(): { dispose(): void } {
    const statuses = { SIGINT: EXIT.interrupted, SIGTERM: 143, SIGHUP: 129 } as const;
    const signals = Object.keys(statuses) as (keyof typeof statuses)[];
    const listener = (signal: keyof typeof statuses) => {
      if (this.stopped === undefined)
        this.stop(statuses[signal], signal === 'SIGINT' ? 'interrupted' : `got ${signal}`);
      else this.endAtOnce(statuses[signal]);
    };
    for (const signal of signals) process.on(signal, listener);
    return {
      dispose: () => {
        for (const signal of signals) process.off(signal, listener);
      },
    };
  }

  /** The second Ctrl+C: nothing is waited for any more, but what there is gets saved. */
  private endAtOnce(status: number): never {
    this.engine = this.session.engine;
    this.killKernel();
    this.progress.end();
    process.exit(this.finish(status));
  }

  private killKernel(): void {
    const { pid } = this.session;
    if (pid === undefined) return;
    try {
      // its whole group, where there are groups: cells may have started processes
      process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
    } catch {
      // it has ended by itself
    }
  }

  private finish(status: number): number {
    let failed = false;
    const written = this.save((message) => {
      failed = true;
      process.stderr.write(`aenb: ${message}\n`);
    });
    if (!this.options.quiet) {
      const engine = this.engine;
      const cells = this.cells.filter((cell) => (cell.execution_count ?? 0) > 0).length;
      const parts = [
        `${cells} of ${this.cells.length} cells in ${duration(Date.now() - this.startedAt)}`,
        ...(engine
          ? [
              `engine ${engine.name} ${engine.version}${engine.kernels ? `, kernels ${engine.kernels}` : ''}, ` +
                `${engine.threads} thread${engine.threads === 1 ? '' : 's'}`,
            ]
          : []),
        ...written.map((file) => `wrote ${file}`),
      ];
      process.stderr.write(`${parts.join(' · ')}\n`);
    }
    return failed ? EXIT.badCall : status;
  }

  /** Writes --out and --html as things stand; resolves to the files written. */
  private save(onFailure: (message: string) => void): string[] {
    this.savedAt = Date.now();
    this.current?.document.save();
    const { out, html } = this.options;
    const written: string[] = [];
    const attempt = (file: string | undefined, content: () => string) => {
      if (file === undefined) return;
      try {
        writeWhole(file, content());
        written.push(file);
      } catch (error) {
        if (!(error instanceof BadCall)) throw error;
        onFailure(error.message);
      }
    };
    attempt(out, () => print(this.notebook));
    attempt(html, () => pageOf(this.notebook, out ?? html ?? ''));
    return written;
  }
}

/** The notebook as a page with the renderers that bring its pictures to life. */
export function pageOf(notebook: Notebook, path: string): string {
  return toHtml(notebook, { title: basename(path, extname(path)), script: renderers() });
}

function renderers(): string {
  const path = join(__dirname, 'page.js');
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new BadCall(`cannot read ${path}: ${reasonOf(error)}; this installation of aenb is not complete`);
  }
}

/** What of a cell's outputs goes to the terminal: text as it comes, of a live picture only what it says at the end. */
class ShownTexts {
  private readonly written = new Map<string, string>();
  private result: unknown;

  constructor(private readonly progress: Progress) {}

  show(event: OutputEvent): void {
    switch (event.kind) {
      case 'stream':
        this.progress.write(event.name, event.text);
        break;
      case 'result':
        this.result = event.data['text/plain'];
        this.write(undefined, this.result);
        break;
      case 'display':
        if (!isLive(event.data)) this.write(event.id, event.data['text/plain']);
        else this.tell(event.data);
        break;
      case 'update':
        this.tell(event.data);
        break;
      default:
        break;
    }
  }

  /** @param displays what the cell ended with */
  finish(displays: readonly { id?: string; data: MimeBundle }[]): void {
    for (const { id, data } of displays) {
      const text = data['text/plain'];
      // a finished training shows its sentence as a picture and as the cell's value: once is enough here
      if (id !== undefined && text !== this.written.get(id) && text !== this.result) this.write(id, text);
    }
  }

  private tell(data: MimeBundle): void {
    if (typeof data['text/plain'] === 'string') this.progress.tell(data['text/plain']);
  }

  private write(id: string | undefined, text: unknown): void {
    if (typeof text !== 'string' || text === '') return;
    if (id !== undefined) this.written.set(id, text);
    this.progress.writeLines(text);
  }
}

/** Pictures get their PNG when they are final. */
function isLive(data: MimeBundle): boolean {
  return Object.keys(data).some((mime) => mime.startsWith('application/vnd.aenb.')) && !('image/png' in data);
}

/** The failed cell, its line, and the readable stack. */
function describeFailure(number: number, result: CellResult): string {
  const { error } = result;
  if (!error) return `aenb: cell In[${number}] ended: ${result.status}`;
  return [`aenb: cell In[${number}] failed${describePlace(number, error)}`, error.stack].join('\n');
}

function describePlace(number: number, { place, sourceLine, stack }: CellError): string {
  if (!place) return '';
  const cell = place.count === number ? '' : ` of cell In[${place.count}]`;
  const source = sourceLine && !stack.includes(sourceLine) ? `\n${String(place.line).padStart(6)} | ${sourceLine}` : '';
  return `, line ${place.line}, column ${place.column}${cell}${source}`;
}
