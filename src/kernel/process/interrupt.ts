/**
 * Stops a cell that does not stop by itself. A worker thread listens on file descriptor 3, since the main thread reads
 * nothing while a cell's loop runs, and makes V8 terminate what the main thread executes.
 *
 * A termination unwinds everything, without catch and finally. Kernel code that must not be cut in half runs inside
 * `uninterrupted`; the two threads agree on that through shared memory.
 */
import { Worker } from 'node:worker_threads';

/** Places in the shared memory. */
export const RUNNING = 0;
export const CRITICAL = 1;
export const TERMINATING = 2;

export const shared = new Int32Array(new SharedArrayBuffer(4 * 3));

export type WorkerMessage = { kind: 'interrupt' | 'stop'; execution: number };

/** Runs kernel code as a whole: a termination that is due comes before or after it. */
export function uninterrupted<T>(run: () => T): T {
  enter();
  const value = finish(run);
  return value;
}

function enter(): void {
  for (;;) {
    Atomics.add(shared, CRITICAL, 1);
    // inside a critical part already, or nobody wants to stop us
    if (Atomics.load(shared, CRITICAL) > 1 || Atomics.load(shared, TERMINATING) === 0) return;
    Atomics.sub(shared, CRITICAL, 1);
    Atomics.wait(shared, TERMINATING, 1, 1000);
  }
}

function finish<T>(run: () => T): T {
  try {
    return run();
  } finally {
    Atomics.sub(shared, CRITICAL, 1);
  }
}

/** Which execution may be interrupted; 0 for none. */
export function setRunning(execution: number): void {
  Atomics.store(shared, RUNNING, execution);
}

export function startInterrupter(file: string, onMessage: (message: WorkerMessage) => void): void {
  const worker = new Worker(file, {
    workerData: { shared: shared.buffer, pid: process.pid },
    stdout: false,
    stderr: false,
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
  });
  worker.on('message', onMessage);
  worker.unref();
}
