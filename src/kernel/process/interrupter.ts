/** The worker thread of interrupt.ts. */
import { Session } from 'node:inspector';
import { Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { ASKED, killGroup, PHASE, QUEUED, RUNNING, UNWIND, WAITING, type WorkerMessage } from './interrupt';

/** How long the main thread has to answer before it counts as blocked. */
const ANSWER_MILLISECONDS = 50;
const RETRY_MILLISECONDS = 1;
/** How long the main thread may take to reach a point where V8 looks for messages: native code has none. */
const NATIVE_MILLISECONDS = 10_000;

export function runInterrupter(): void {
  const { shared: buffer, pid, grace } = workerData as { shared: SharedArrayBuffer; pid: number; grace: number };
  const shared = new Int32Array(buffer);
  const tell = (message: WorkerMessage): void => parentPort!.postMessage(message);
  const running = (): number => Atomics.load(shared, RUNNING);

  const interrupt = (): void => {
    const execution = running();
    tell({ kind: 'interrupt', execution });
    if (execution !== 0) setTimeout(() => stop(execution), grace);
  };

  /** The main thread ends the execution by itself if it is not blocked. */
  const stop = (execution: number): void => {
    if (running() !== execution) return;
    tell({ kind: 'stop', execution });
    setTimeout(() => {
      if (running() === execution) terminate(execution);
    }, ANSWER_MILLISECONDS);
  };

  const terminate = (execution: number): void => {
    const session = new Session();
    session.connectToMainThread();
    Atomics.store(shared, PHASE, ASKED);
    session.post('Runtime.evaluate', { expression: `process[Symbol.for('${UNWIND}')]()` });
    Atomics.wait(shared, PHASE, ASKED, NATIVE_MILLISECONDS);
    if (Atomics.load(shared, PHASE) === WAITING) {
      session.post('Runtime.terminateExecution');
      Atomics.store(shared, PHASE, QUEUED);
      Atomics.notify(shared, PHASE);
      setTimeout(() => stop(execution), ANSWER_MILLISECONDS);
    } else {
      setTimeout(() => running() === execution && terminate(execution), RETRY_MILLISECONDS);
    }
    setTimeout(() => session.disconnect(), 1000);
  };

  // whoever started this process is gone
  const end = (): void => killGroup(pid);

  const control = new Socket({ fd: 3, readable: true, writable: false });
  control.on('data', interrupt);
  control.on('end', end);
  control.on('error', end);
}
