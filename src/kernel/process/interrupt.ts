/**
 * Stops a cell that does not stop by itself. A worker thread (interrupter.ts) listens on file descriptor 3, since the
 * main thread reads nothing while a cell's loop runs, and makes V8 terminate what the main thread executes.
 *
 * A termination unwinds everything, without catch and finally. Two things would break then: kernel code cut in half,
 * and Node's stack of asynchronous ids, of which Node checks that it is empty, and aborts. So the worker first has the
 * main thread run `unwind` in the middle of the loop (an inspector's message is an interrupt to V8): it refuses while
 * kernel code runs, empties the stack of ids, and waits until the termination is in the queue behind it, so that no
 * other code gets between the two.
 */
import { Worker } from 'node:worker_threads';

/** Places in the memory that both threads see. */
export const RUNNING = 0;
export const PHASE = 1;

/** Values of PHASE: asked; the main thread waits in `unwind`; the termination is queued; the main thread declined. */
export const ASKED = 0;
export const WAITING = 1;
export const QUEUED = 2;
export const DECLINED = 3;

/** Under this name `process` holds `unwind`, where the worker's inspector finds it. */
export const UNWIND = 'aenb.unwind';

export type WorkerMessage = { kind: 'interrupt' | 'stop'; execution: number };

const shared = new Int32Array(new SharedArrayBuffer(8));
let critical = 0;
let dying = false;
let trace: string | undefined;
let onUnwind: () => void = () => undefined;

/** Runs kernel code as a whole: a termination that is due comes before or after it. */
export function uninterrupted<T>(run: () => T): T {
  // a termination is on its way and V8 looks for it in loops
  while (dying);
  critical++;
  try {
    return run();
  } finally {
    critical--;
  }
}

/** Which execution may be interrupted; 0 for none. */
export function setRunning(execution: number): void {
  Atomics.store(shared, RUNNING, execution);
}

/** Runs on the main thread between two instructions of whatever executes there. */
function unwind(): void {
  const file = fileBelow();
  const unfit = file === undefined || NOTING.test(file) || critical > 0 || Atomics.load(shared, RUNNING) === 0;
  if (unfit) return void answer(DECLINED);
  dying = true;
  trace = new Error().stack;
  onUnwind();
  clearAsyncIds();
  answer(WAITING);
  // no Atomics.wait: V8 has one place per thread to wait at, and the cell may be waiting there
  const limit = performance.now() + 1000;
  while (Atomics.load(shared, PHASE) === WAITING && performance.now() < limit);
  if (Atomics.load(shared, PHASE) === WAITING) dying = false;
}

function answer(phase: number): void {
  Atomics.store(shared, PHASE, phase);
  Atomics.notify(shared, PHASE);
}

/** Node's own code that is about to note an asynchronous id or to take one away, and WebAssembly, which may be allocating. */
const NOTING = /^wasm:|^node:(async_hooks|internal\/(async_hooks|async_local_storage|promise_hooks|timers|process\/))/;

/** File of the function that is being executed below `unwind`; nothing when the event loop waits. */
function fileBelow(): string | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = 4;
  Error.prepareStackTrace = (_, frames) => frames as never;
  const frames = new Error().stack as unknown as NodeJS.CallSite[];
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
  // this function, unwind, and the inspector's expression
  const below = frames[3];
  return below && (below.getFileName() ?? '');
}

/** What Node does after an uncaught exception, which unwinds the stack just so. */
function clearAsyncIds(): void {
  const internal = process as unknown as { _fatalException(error: Error, fromPromise: boolean): boolean };
  const { emit } = process;
  // nobody is to hear of an exception that is none
  process.emit = (() => true) as unknown as typeof emit;
  try {
    internal._fatalException(new Error('unwinding'), false);
  } finally {
    process.emit = emit;
  }
}

export interface InterrupterOptions {
  /** How long a cell has to follow its AbortSignal before it is terminated. */
  graceMilliseconds: number;
  /** `terminated` is the stack of what was terminated just before, if anything was. */
  onMessage(message: WorkerMessage, terminated: string | undefined): void;
  /**
   * Just before a termination. Must turn hooks on promises off: V8 looks for a termination at calls and in loops, and a
   * promise's hook may push an asynchronous id before that.
   */
  onUnwind(): void;
}

export function startInterrupter(file: string, options: InterrupterOptions): void {
  onUnwind = options.onUnwind;
  Object.defineProperty(process, Symbol.for(UNWIND), { value: unwind, enumerable: false });
  const worker = new Worker(file, {
    workerData: { shared: shared.buffer, pid: process.pid, grace: options.graceMilliseconds },
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
  });
  worker.on('message', (message: WorkerMessage) => {
    const terminated = dying ? (trace ?? '') : undefined;
    dying = false;
    trace = undefined;
    options.onMessage(message, terminated);
  });
  worker.unref();
}

/** Ends this process at once, with the processes that cells have started. */
export function killGroup(pid = process.pid): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    process.kill(pid, 'SIGKILL');
  }
}
