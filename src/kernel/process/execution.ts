/** One run of a cell: what it prints and shows, how it is told to stop, and the timers that it has set. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Flood } from '../flood';
import type { CellError, MimeBundle, OutputEvent } from '../protocol';
import { FullText } from './fullText';
import { uninterrupted } from './interrupt';

/** Output is sent at once when it is the first in a while, then gathered for this long. */
const BATCH_MILLISECONDS = 50;
/** Characters of pictures that may wait to be sent while a loop keeps the event loop from sending. */
const WAITING = 32_000_000;

const { setTimeout: later, clearTimeout: never } = globalThis;

export interface ExecutionOptions {
  readonly id: number;
  readonly cell: string;
  readonly count: number;
  send(execution: number, events: readonly OutputEvent[]): void;
  /** Whether so much is on its way already that sending more would only fill the memory. */
  congested(): boolean;
}

export class Execution {
  readonly id: number;
  readonly cell: string;
  readonly count: number;
  readonly started = performance.now();
  readonly timers = new Set<{ clear(): void }>();
  status: 'running' | 'done' | 'interrupted' = 'running';
  /** The user asked for its end. */
  interrupted = false;
  /** The stack of what was terminated, if it had to be. */
  terminated: string | undefined;
  readonly #options: ExecutionOptions;
  readonly #flood = new Flood();
  /** What went through so far, in case the file of everything has to be begun; afterwards the file. */
  #passed: string[] = [];
  #full: FullText | undefined;
  #abort: AbortController | undefined;
  #pending: OutputEvent[] = [];
  #pendingSize = 0;
  #lostPictures = 0;
  #timer: NodeJS.Timeout | undefined;
  #sent = Number.NEGATIVE_INFINITY;
  /** Output that is still being made; the run ends when it is there. */
  readonly #expected = new Set<Promise<unknown>>();

  constructor(options: ExecutionOptions) {
    this.id = options.id;
    this.cell = options.cell;
    this.count = options.count;
    this.#options = options;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  /** Asks whoever listens to stop. */
  abort(): void {
    this.#abort ??= new AbortController();
    this.#abort.abort(new InterruptedError());
  }

  clearTimers(): void {
    for (const timer of this.timers) timer.clear();
    this.timers.clear();
  }

  expect(work: Promise<unknown>): void {
    this.#expected.add(work);
    const settle = (): void => void this.#expected.delete(work);
    work.then(settle, settle);
  }

  async settled(): Promise<void> {
    while (this.#expected.size > 0) await Promise.allSettled(this.#expected);
  }

  write(name: 'stdout' | 'stderr', text: string): void {
    if (text === '') return;
    uninterrupted(() => {
      const { passed, held } = this.#flood.take({ name, text });
      if (passed !== '') {
        this.#push({ kind: 'stream', name, text: passed });
        if (this.#full === undefined) this.#passed.push(passed);
        else this.#full.append(passed);
      }
      if (held !== '') this.#overflow().append(held);
    });
  }

  display(id: string | undefined, data: MimeBundle, metadata?: MimeBundle): void {
    this.#emit({ kind: 'display', ...(id === undefined ? {} : { id }), data, ...(metadata ? { metadata } : {}) });
  }

  update(id: string, data: MimeBundle, metadata?: MimeBundle): void {
    uninterrupted(() => {
      // only the newest state of a live picture is worth sending
      const earlier = this.#pending.findIndex((event) => event.kind === 'update' && event.id === id);
      if (earlier >= 0) this.#pending.splice(earlier, 1);
      this.#push({ kind: 'update', id, data, ...(metadata ? { metadata } : {}) });
    });
  }

  clear(wait: boolean): void {
    this.#emit({ kind: 'clear', wait });
  }

  result(data: MimeBundle, metadata?: MimeBundle): void {
    this.#emit({ kind: 'result', data, ...(metadata ? { metadata } : {}) });
  }

  error(error: CellError): void {
    this.#emit({ kind: 'error', error });
  }

  /** Sends what has gathered; at the end of the run also the end of a flood. */
  flush(final = false): void {
    uninterrupted(() => {
      if (final || this.status !== 'running') this.#ebb();
      this.#deliver(final);
    });
  }

  #emit(event: OutputEvent): void {
    uninterrupted(() => this.#push(event));
  }

  #push(event: OutputEvent): void {
    const last = this.#pending.at(-1);
    if (event.kind === 'stream' && last?.kind === 'stream' && last.name === event.name) {
      this.#pending[this.#pending.length - 1] = { ...last, text: last.text + event.text };
    } else if (event.kind === 'display' && this.#pendingSize > WAITING) {
      this.#lostPictures++;
    } else {
      this.#pending.push(event);
      if (event.kind === 'display' || event.kind === 'update') this.#pendingSize += sizeOf(event.data);
    }
    if (performance.now() - this.#sent >= BATCH_MILLISECONDS) this.#deliver(false);
    else this.#timer ??= later(() => this.flush(), BATCH_MILLISECONDS);
  }

  #deliver(final: boolean): void {
    if (!final && this.#pending.length > 0 && this.#options.congested()) {
      this.#sent = performance.now();
      this.#timer ??= later(() => this.flush(), BATCH_MILLISECONDS);
      return;
    }
    never(this.#timer);
    this.#timer = undefined;
    if (this.#lostPictures > 0) {
      const text = `… ${this.#lostPictures} outputs left out: they came faster than they could be sent …\n`;
      this.#pending.push({ kind: 'stream', name: 'stderr', text });
      this.#lostPictures = 0;
    }
    if (this.#pending.length === 0) return;
    const events = this.#pending;
    this.#pending = [];
    this.#pendingSize = 0;
    this.#sent = performance.now();
    this.#options.send(this.id, events);
  }

  /** From here on text is only written down, and its end shown when the run ends. */
  #overflow(): FullText {
    if (this.#full !== undefined) return this.#full;
    const full = new FullText(`cell-${this.count}-${process.pid}.txt`);
    for (const text of this.#passed) full.append(text);
    this.#passed = [];
    this.#full = full;
    const where = full.failure === undefined ? `goes on in ${full.file}` : 'is not shown';
    this.#push({
      kind: 'display',
      id: this.#noticeId,
      data: { 'text/plain': `… the output ${where}; its end is shown when the cell ends …` },
    });
    return full;
  }

  /** Shows the end of a flood. */
  #ebb(): void {
    if (!this.#flood.over) return;
    const { omitted, tail } = this.#flood.release();
    const full = this.#overflow();
    full.close();
    const characters = omitted.toLocaleString('en');
    const where = full.failure === undefined ? `all of it: ${full.file}` : `no file of it: ${full.failure}`;
    const notice = omitted > 0 ? `… ${characters} characters left out; ${where} …` : `… all of it: ${full.file} …`;
    this.#push({ kind: 'update', id: this.#noticeId, data: { 'text/plain': notice } });
    for (const { name, text } of tail) this.#push({ kind: 'stream', name, text });
    this.#full = undefined;
  }

  get #noticeId(): string {
    return `flood-${process.pid}-${this.id}`;
  }
}

function sizeOf(data: MimeBundle): number {
  let size = 0;
  for (const value of Object.values(data)) size += typeof value === 'string' ? value.length : 1000;
  return size;
}

/** Why a signal was aborted and what pending waits end with when their cell is interrupted. */
export class InterruptedError extends Error {
  override readonly name = 'AbortError';
  constructor() {
    super('The cell was interrupted');
  }
}

/** The execution that the code now running belongs to, also in timers and promises that it left behind. */
export const context = new AsyncLocalStorage<Execution>();
