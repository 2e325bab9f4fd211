/** A notebook's kernel as VS Code and the command line use it: a queue of cells, one process at a time. */
import { KernelClient } from './client';
import { Flood } from './flood';
import { withoutGreeting } from './nativeGreeting';
import {
  type CellError,
  type EngineStatus,
  type KernelMessage,
  type OutputEvent,
  PROTOCOL_VERSION,
  type Requests,
} from './protocol';

export interface SessionOptions {
  /** dist/kernel.js */
  kernelPath: string;
  directory: string;
  notebook?: string;
  /** Node's executable; by default the one that runs us. */
  node?: string;
  engine?: 'auto' | 'tensorflow' | 'onnx' | 'wasm' | 'cpu' | 'aenb';
  environment?: Record<string, string>;
  /** Asks the user; without a text, nobody answered. Without this function `input` fails. */
  onInput?(
    request: { cell: string; prompt: string; password: boolean },
    signal: AbortSignal,
  ): Promise<string | undefined>;
}

export type SessionState = 'stopped' | 'starting' | 'idle' | 'busy' | 'dead';

export interface CellSink {
  started?(count: number, time: number): void;
  /** Also late ones, after `ended`. */
  events(events: readonly OutputEvent[]): void;
  ended?(result: CellResult): void;
}

export interface CellResult {
  status: 'ok' | 'error' | 'interrupted' | 'cancelled' | 'crashed';
  milliseconds: number;
  count?: number;
  error?: CellError;
}

export interface CellRequest {
  id: string;
  code: string;
  /** The cells behind it run even if this one fails. */
  continueOnError?: boolean;
}

/** After this an interrupted cell that still runs counts as unresponsive. */
const UNRESPONSIVE_MILLISECONDS = 5500;

interface Job {
  readonly cell: CellRequest;
  readonly sink: CellSink;
  readonly resolve: (result: CellResult) => void;
  execution: number;
  count: number;
  started: number;
  error?: CellError;
  stderr: string;
  /** Bounds the text that comes through the pipes. */
  readonly flood: Flood;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #listeners = new Set<() => void>();
  readonly #queue: Job[] = [];
  /** Where late output of earlier executions of this process goes. */
  readonly #sinks = new Map<number, CellSink>();
  readonly #requests = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  readonly #questions = new Map<number, AbortController>();
  #client: KernelClient | undefined;
  #ready: Promise<void> | undefined;
  #running: Job | undefined;
  #state: SessionState = 'stopped';
  #engine: EngineStatus | undefined;
  #nodeVersion: string | undefined;
  #execution = 0;
  #count = 0;
  #request = 0;
  #disposed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get state(): SessionState {
    return this.#state;
  }

  get engine(): EngineStatus | undefined {
    return this.#engine;
  }

  get nodeVersion(): string | undefined {
    return this.#nodeVersion;
  }

  get pid(): number | undefined {
    return this.#client?.pid;
  }

  /** Told when the state or the engine has changed. */
  onDidChange(listener: () => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /** Runs a cell after those that wait already; starts the kernel if need be. */
  execute(cell: CellRequest, sink: CellSink): Promise<CellResult> {
    if (this.#disposed) return Promise.resolve({ status: 'cancelled', milliseconds: 0 });
    return new Promise((resolve) => {
      this.#queue.push({ cell, sink, resolve, execution: 0, count: 0, started: 0, stderr: '', flood: new Flood() });
      void this.#next();
    });
  }

  /** Stops the running cell and forgets those that wait. See process/interrupt.ts for the three steps. */
  async interrupt(): Promise<'idle' | 'stopped' | 'unresponsive'> {
    const job = this.#running;
    this.#cancelQueue();
    if (job === undefined || this.#client === undefined) return 'idle';
    if (job.execution === 0) {
      this.#end(job, { status: 'cancelled', milliseconds: 0 });
      return 'stopped';
    }
    this.#client.interrupt();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        subscription.dispose();
        resolve(this.#running === job ? 'unresponsive' : 'stopped');
      };
      const timer = setTimeout(done, UNRESPONSIVE_MILLISECONDS);
      const subscription = this.onDidChange(() => {
        if (this.#running !== job) done();
      });
    });
  }

  /** A clean process; counters start anew, outputs stay. */
  async restart(): Promise<void> {
    await this.#stop();
    if (!this.#disposed) await this.#start();
  }

  /** Puts a question to the kernel: a renderer's (`render:<channel>`) or one of the editor's (`Requests`). */
  request<S extends keyof Requests>(subject: S, payload: Requests[S]['payload']): Promise<Requests[S]['reply']>;
  request(subject: string, payload: unknown): Promise<unknown>;
  async request(subject: string, payload: unknown): Promise<unknown> {
    const client = this.#client;
    if (client === undefined || this.#state === 'dead' || this.#state === 'stopped') {
      throw new Error('The kernel is not running: run the cell again');
    }
    const request = ++this.#request;
    return new Promise((resolve, reject) => {
      this.#requests.set(request, { resolve, reject });
      client.send({ type: 'request', request, subject, payload });
    });
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await this.#stop();
    this.#listeners.clear();
  }

  #change(state: SessionState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }

  #start(): Promise<void> {
    this.#ready ??= new Promise((resolve, reject) => {
      const { kernelPath, directory, notebook, engine, environment } = this.#options;
      this.#change('starting');
      const client: KernelClient = new KernelClient(
        {
          kernelPath,
          directory,
          node: this.#options.node ?? process.execPath,
          environment: { ...environment, ...(engine === undefined ? {} : { AENB_ENGINE: engine }) },
        },
        {
          message: (message) => {
            if (this.#client !== client) return;
            if (message.type !== 'ready') return this.#receive(message);
            if (message.version !== PROTOCOL_VERSION) {
              reject(
                new Error(`The kernel speaks protocol ${message.version}, expected ${PROTOCOL_VERSION}: build again`),
              );
              return void client.end();
            }
            this.#nodeVersion = message.node;
            this.#change('idle');
            resolve();
          },
          text: (name, text) => this.#client === client && this.#text(name, withoutGreeting(text)),
          exit: (exit) => {
            const reason = exitReason(exit);
            reject(new Error(`The kernel did not start: ${reason}`));
            if (this.#client === client) this.#died(exit, reason);
          },
        },
      );
      this.#client = client;
      client.send({
        type: 'start',
        version: PROTOCOL_VERSION,
        directory,
        ...(notebook === undefined ? {} : { notebook }),
      });
    });
    return this.#ready;
  }

  async #stop(): Promise<void> {
    this.#cancelQueue();
    const client = this.#client;
    this.#client = undefined;
    const job = this.#running;
    if (job !== undefined) this.#end(job, { status: 'cancelled', milliseconds: elapsed(job) });
    await client?.end();
    this.#forget('The kernel was stopped');
    this.#change('stopped');
  }

  /** What belonged to a process that is no more. */
  #forget(reason: string): void {
    this.#ready = undefined;
    this.#engine = undefined;
    this.#count = 0;
    this.#sinks.clear();
    for (const { reject } of this.#requests.values()) reject(new Error(reason));
    this.#requests.clear();
    for (const controller of this.#questions.values()) controller.abort();
    this.#questions.clear();
  }

  async #next(): Promise<void> {
    if (this.#running !== undefined) return;
    const job = this.#queue.shift();
    if (job === undefined) return;
    this.#running = job;
    try {
      await this.#start();
    } catch (error) {
      // a process that died while starting has ended its job already
      if (this.#running === job) this.#fail(job, 'crashed', 'KernelError', (error as Error).message);
      return;
    }
    if (this.#running !== job) return;
    job.execution = ++this.#execution;
    job.count = ++this.#count;
    job.started = performance.now();
    this.#sinks.set(job.execution, job.sink);
    this.#change('busy');
    job.sink.started?.(job.count, Date.now());
    const { id: cell, code } = job.cell;
    this.#client!.send({ type: 'execute', execution: job.execution, cell, count: job.count, code });
  }

  #receive(message: KernelMessage): void {
    switch (message.type) {
      case 'output': {
        const job = this.#running;
        if (job?.execution === message.execution) {
          for (const event of message.events) if (event.kind === 'error') job.error = event.error;
        }
        this.#sinks.get(message.execution)?.events(message.events);
        return;
      }
      case 'done': {
        const job = this.#running;
        if (job?.execution !== message.execution) return;
        const { status, milliseconds } = message;
        // text in the pipes was written before this message, and is read before these two turns are over
        setImmediate(() =>
          setImmediate(() => {
            if (this.#running === job) this.#end(job, { status, milliseconds });
          }),
        );
        return;
      }
      case 'engine':
        this.#engine = message.engine;
        return void this.#change(this.#state);
      case 'input':
        return void this.#ask(message);
      case 'response': {
        const request = this.#requests.get(message.request);
        this.#requests.delete(message.request);
        if (message.error === undefined) request?.resolve(message.value);
        else request?.reject(new Error(message.error));
        return;
      }
      case 'ready':
        return;
    }
  }

  #text(name: 'stdout' | 'stderr', text: string): void {
    if (text === '') return;
    const job = this.#running;
    if (name === 'stderr' && job) job.stderr = (job.stderr + text).slice(-4000);
    if (job && job.execution > 0) {
      const { passed } = job.flood.take({ name, text });
      if (passed !== '') job.sink.events([{ kind: 'stream', name, text: passed }]);
    } else this.#sinks.get(this.#execution)?.events([{ kind: 'stream', name, text }]);
  }

  async #ask(message: Extract<KernelMessage, { type: 'input' }>): Promise<void> {
    const client = this.#client;
    const controller = new AbortController();
    this.#questions.set(message.request, controller);
    const { request, prompt, password } = message;
    const cell = this.#running?.cell.id ?? '';
    try {
      if (this.#options.onInput === undefined) throw new Error('Nobody can answer input() here');
      const text = await this.#options.onInput({ cell, prompt, password }, controller.signal);
      if (text === undefined) throw new Error('The question was not answered');
      client?.send({ type: 'input', request, text });
    } catch (error) {
      client?.send({ type: 'input', request, reason: (error as Error).message });
    } finally {
      this.#questions.delete(request);
    }
  }

  #died(exit: { code: number | null; signal: NodeJS.Signals | null }, reason: string): void {
    this.#client = undefined;
    const job = this.#running;
    if (job !== undefined) {
      const last = /(?:FATAL ERROR|Fatal|Error|error):?.*/.exec(job.stderr)?.[0];
      const starting = job.execution === 0;
      const message = starting
        ? `The kernel did not start: ${reason}`
        : `The kernel ended: ${reason}${last ? `. It said: ${last}` : ''}.\nVariables are lost; run the cells again.`;
      this.#fail(job, 'crashed', exit.signal === null ? 'KernelExit' : 'KernelCrash', message);
    }
    this.#cancelQueue();
    this.#forget(`The kernel ended: ${reason}`);
    this.#change('dead');
  }

  #fail(job: Job, status: 'error' | 'crashed', name: string, message: string): void {
    const error: CellError = { name, message, stack: `${name}: ${message}` };
    job.error = error;
    job.sink.events([{ kind: 'error', error }]);
    this.#end(job, { status, milliseconds: elapsed(job) });
  }

  #end(job: Job, result: CellResult): void {
    if (job.flood.over) {
      const { omitted, tail } = job.flood.release();
      const text = `\n… ${omitted.toLocaleString('en')} characters left out …\n`;
      job.sink.events([
        { kind: 'stream', name: 'stderr', text },
        ...tail.map((piece) => ({ kind: 'stream', ...piece }) as const),
      ]);
    }
    const full: CellResult = {
      ...result,
      ...(job.count > 0 ? { count: job.count } : {}),
      ...(result.status !== 'ok' && job.error ? { error: job.error } : {}),
    };
    for (const controller of this.#questions.values()) controller.abort();
    this.#running = undefined;
    if (result.status !== 'ok' && !job.cell.continueOnError) this.#cancelQueue();
    if (this.#state === 'busy') this.#change('idle');
    job.sink.ended?.(full);
    job.resolve(full);
    void this.#next();
  }

  #cancelQueue(): void {
    for (const job of this.#queue.splice(0)) {
      const result: CellResult = { status: 'cancelled', milliseconds: 0 };
      job.sink.ended?.(result);
      job.resolve(result);
    }
  }
}

function elapsed(job: Job): number {
  return job.started === 0 ? 0 : performance.now() - job.started;
}

function exitReason(exit: { code: number | null; signal: NodeJS.Signals | null; error?: Error }): string {
  if (exit.error !== undefined) return exit.error.message;
  return exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
}
