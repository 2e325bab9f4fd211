/** One run of a cell: what it prints and shows, how it is told to stop, and the timers that it has set. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { CellError, MimeBundle, OutputEvent } from '../protocol';
import { uninterrupted } from './interrupt';

/** Output is sent at once when it is the first in a while, then gathered for this long. */
const BATCH_MILLISECONDS = 50;
/** Text of one run that is shown from its start, and from its end when there is more in between. Characters. */
const HEAD = 4_000_000;
const TAIL = 500_000;

const { setTimeout: later, clearTimeout: never } = globalThis;

export interface ExecutionOptions {
  readonly id: number;
  readonly cell: string;
  readonly count: number;
  send(execution: number, events: readonly OutputEvent[]): void;
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
  #abort: AbortController | undefined;
  #pending: OutputEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sent = Number.NEGATIVE_INFINITY;
  #characters = 0;
  #omitted = 0;
  #tail: { name: 'stdout' | 'stderr'; text: string }[] = [];
  #tailCharacters = 0;
  readonly #send: ExecutionOptions['send'];

  constructor(options: ExecutionOptions) {
    this.id = options.id;
    this.cell = options.cell;
    this.count = options.count;
    this.#send = options.send;
  }

  /** Output that is still being made; the run ends when it is there. */
  readonly #expected = new Set<Promise<unknown>>();

  expect(work: Promise<unknown>): void {
    this.#expected.add(work);
    const settle = (): void => void this.#expected.delete(work);
    work.then(settle, settle);
  }

  async settled(): Promise<void> {
    while (this.#expected.size > 0) await Promise.all(this.#expected);
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

  write(name: 'stdout' | 'stderr', text: string): void {
    if (text === '') return;
    uninterrupted(() => {
      const room = HEAD - this.#characters;
      this.#characters += text.length;
      if (room >= text.length) return this.#push({ kind: 'stream', name, text });
      if (room > 0) this.#push({ kind: 'stream', name, text: text.slice(0, room) });
      this.#keepTail(name, room > 0 ? text.slice(room) : text);
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

  #emit(event: OutputEvent): void {
    uninterrupted(() => this.#push(event));
  }

  #push(event: OutputEvent): void {
    const last = this.#pending.at(-1);
    if (event.kind === 'stream' && last?.kind === 'stream' && last.name === event.name) {
      this.#pending[this.#pending.length - 1] = { ...last, text: last.text + event.text };
    } else this.#pending.push(event);
    if (performance.now() - this.#sent >= BATCH_MILLISECONDS) this.#deliver();
    else this.#timer ??= later(() => this.flush(), BATCH_MILLISECONDS);
  }

  /** A ring of the newest text, for the end of a flood. */
  #keepTail(name: 'stdout' | 'stderr', text: string): void {
    const last = this.#tail.at(-1);
    if (last?.name === name && last.text.length < 65_536) last.text += text;
    else this.#tail.push({ name, text });
    this.#tailCharacters += text.length;
    while (this.#tailCharacters > TAIL && this.#tail.length > 0) {
      const first = this.#tail[0]!;
      const excess = this.#tailCharacters - TAIL;
      if (first.text.length <= excess) this.#tail.shift();
      else first.text = first.text.slice(excess);
      const gone = Math.min(excess, first.text.length);
      this.#tailCharacters -= gone;
      this.#omitted += gone;
    }
  }

  #releaseTail(): void {
    if (this.#tail.length === 0) return;
    const tail = this.#tail;
    this.#tail = [];
    if (this.#omitted > 0) {
      this.#pending.push({
        kind: 'stream',
        name: 'stderr',
        text: `\n… ${this.#omitted.toLocaleString('en')} characters left out …\n`,
      });
    }
    for (const { name, text } of tail) this.#pending.push({ kind: 'stream', name, text });
    this.#tailCharacters = 0;
    this.#omitted = 0;
  }

  /** Sends what has gathered; at the end of the run also the end of a flood. */
  flush(final = false): void {
    uninterrupted(() => {
      if (final || this.status !== 'running') this.#releaseTail();
      this.#deliver();
    });
  }

  #deliver(): void {
    never(this.#timer);
    this.#timer = undefined;
    if (this.#pending.length === 0) return;
    const events = this.#pending;
    this.#pending = [];
    this.#sent = performance.now();
    this.#send(this.id, events);
  }
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
