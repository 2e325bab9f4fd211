/** The worker thread of interrupt.ts. */
import { Session } from 'node:inspector';
import { Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { CRITICAL, RUNNING, TERMINATING, type WorkerMessage } from './interrupt';

/** How long a cell has to follow its AbortSignal. */
const GRACE_MILLISECONDS = 500;
/** How long the main thread has to answer before it counts as blocked. */
const ANSWER_MILLISECONDS = 50;
const RETRY_MILLISECONDS = 100;

export function runInterrupter(): void {
  const { shared: buffer, pid } = workerData as { shared: SharedArrayBuffer; pid: number };
  const shared = new Int32Array(buffer);
  const tell = (message: WorkerMessage): void => parentPort!.postMessage(message);
  const running = (): number => Atomics.load(shared, RUNNING);

  const interrupt = (): void => {
    const execution = running();
    tell({ kind: 'interrupt', execution });
    if (execution === 0) return;
    setTimeout(() => {
      if (running() !== execution) return;
      tell({ kind: 'stop', execution });
      setTimeout(() => terminateUntilStopped(execution), ANSWER_MILLISECONDS);
    }, GRACE_MILLISECONDS);
  };

  const terminateUntilStopped = (execution: number): void => {
    if (running() !== execution) return;
    terminate(() => setTimeout(() => terminateUntilStopped(execution), RETRY_MILLISECONDS));
  };

  const terminate = (done: () => void): void => {
    Atomics.store(shared, TERMINATING, 1);
    const end = (): void => {
      Atomics.store(shared, TERMINATING, 0);
      Atomics.notify(shared, TERMINATING);
    };
    if (Atomics.load(shared, CRITICAL) > 0) {
      end();
      setTimeout(() => terminate(done), 1);
      return;
    }
    const session = new Session();
    session.connectToMainThread();
    session.post('Runtime.terminateExecution', () => {
      end();
      session.disconnect();
      done();
    });
  };

  const end = (): void => {
    // whoever started this process is gone: so is it, with the processes that cells started
    try {
      process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
    } catch {
      process.kill(pid, 'SIGKILL');
    }
  };

  const control = new Socket({ fd: 3, readable: true, writable: false });
  control.on('data', interrupt);
  control.on('end', end);
  control.on('error', end);
}
