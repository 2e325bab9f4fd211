/** A kernel process from outside: started, spoken to, ended with all that it started. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { HostMessage, KernelMessage } from './protocol';
import { parseKernelMessage } from './validate';

export interface ClientOptions {
  readonly kernelPath: string;
  readonly directory: string;
  readonly node: string;
  readonly environment: Record<string, string>;
}

export interface ClientEvents {
  message(message: KernelMessage): void;
  /** Text that did not come through messages: from processes that cells started, from native code, from a dying V8. */
  text(name: 'stdout' | 'stderr', text: string): void;
  exit(exit: { code: number | null; signal: NodeJS.Signals | null; error?: Error }): void;
}

/** How long a process that was asked to end may take. */
const END_MILLISECONDS = 400;

export class KernelClient {
  readonly #child: ChildProcess;
  readonly #control: Duplex | undefined;
  readonly #exited: Promise<void>;
  #ended = false;

  constructor(options: ClientOptions, events: ClientEvents) {
    const posix = process.platform !== 'win32';
    this.#child = fork(options.kernelPath, [], {
      cwd: options.directory,
      execPath: options.node,
      execArgv: ['--no-warnings=ExperimentalWarning', '--experimental-vm-modules'],
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', ...options.environment },
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'ipc'],
      // a group of its own: it ends as a whole, and Ctrl+C in a terminal reaches only us
      detached: posix,
    });
    const control = this.#child.stdio[3] as Duplex | undefined;
    this.#control = control;
    this.#control?.on('error', () => undefined);
    // read, so that its end is seen and the process counts as closed
    control?.resume();
    for (const name of ['stdout', 'stderr'] as const) {
      const decoder = new StringDecoder('utf8');
      this.#child[name]?.on('data', (bytes: Buffer) => events.text(name, decoder.write(bytes)));
    }
    this.#child.on('message', (message) => events.message(parseKernelMessage(message)));
    this.#exited = new Promise((resolve) => {
      let late: NodeJS.Timeout | undefined;
      const end = (code: number | null, signal: NodeJS.Signals | null, error?: Error): void => {
        clearTimeout(late);
        if (this.#ended) return;
        this.#ended = true;
        this.#killGroup();
        events.exit({ code, signal, ...(error ? { error } : {}) });
        resolve();
      };
      // 'close' comes after the last text, unless a grandchild keeps the pipes open
      this.#child.once('close', (code, signal) => end(code, signal));
      this.#child.once('exit', (code, signal) => {
        this.#killGroup();
        late = setTimeout(() => end(code, signal), 200);
      });
      this.#child.on('error', (error) => end(null, null, error));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(message: HostMessage): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** The way that also reaches a busy kernel. */
  interrupt(): void {
    this.#control?.write('i');
  }

  /** Asks the process to end, then makes it end. */
  async end(): Promise<void> {
    if (this.#ended) return;
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.kill(), END_MILLISECONDS);
    await this.#exited;
    clearTimeout(timer);
  }

  /** At once, and with everything it started. */
  kill(): void {
    this.#killGroup();
    this.#child.kill('SIGKILL');
  }

  #killGroup(): void {
    if (process.platform === 'win32' || this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // nobody of the group is left
    }
  }
}
