import { spawn } from 'node:child_process';

/** Runs other programs (pip, the compiler): with their last words on failure, a watch for stillness, and an end on abort. */

export interface CommandOptions {
  cwd?: string;
  environment?: Record<string, string>;
  signal?: AbortSignal;
  /** Ends the program when neither it nor `progress` moved for so long. */
  idleSeconds?: number;
  /** Asked twice a second; a changed answer counts as movement. */
  progress?(): Promise<number>;
}

/** A program that could not be started, failed, or stood still; the message ends with its last lines. */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly output: string,
  ) {
    super(message);
    this.name = 'CommandError';
  }
}

const keptLines = 12;

/** Resolves with everything the program wrote, when it ended with 0. */
export async function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { signal, idleSeconds = 120 } = options;
  signal?.throwIfAborted();
  const posix = process.platform !== 'win32';
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
    // a group of its own, so that what it starts (a compiler's passes) ends with it
    detached: posix,
  });
  let output = '';
  let lastMove = Date.now();
  const collect = (chunk: Buffer) => {
    lastMove = Date.now();
    output = (output + chunk.toString()).slice(-64_000);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);

  const kill = (how: NodeJS.Signals) => {
    if (child.pid === undefined) return;
    try {
      if (posix) process.kill(-child.pid, how);
      else child.kill(how);
    } catch {
      // it ended in the meantime
    }
  };
  let stoodStill = false;
  let forced: NodeJS.Timeout | undefined;
  const end = () => {
    kill('SIGTERM');
    forced ??= setTimeout(() => kill('SIGKILL'), 3000);
  };
  signal?.addEventListener('abort', end, { once: true });
  // a parent that exits without waiting (a crash, process.exit) leaves no pip behind
  const atExit = () => kill('SIGKILL');
  process.once('exit', atExit);
  let lastProgress: number | undefined;
  const watch = setInterval(async () => {
    const progress = await options.progress?.();
    if (progress !== lastProgress) lastMove = Date.now();
    lastProgress = progress;
    if (Date.now() - lastMove > idleSeconds * 1000) {
      stoodStill = true;
      end();
    }
  }, 500);

  try {
    const code = await new Promise<number | NodeJS.Signals>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status, killer) => resolve(status ?? killer ?? -1));
    });
    signal?.throwIfAborted();
    if (stoodStill) {
      throw new CommandError(`${command} made no progress for ${idleSeconds} seconds${lastLines(output)}`, output);
    }
    if (code !== 0) {
      const how = typeof code === 'number' ? `failed with exit status ${code}` : `was ended by ${code}`;
      throw new CommandError(`${command} ${how}${lastLines(output)}`, output);
    }
    return output;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new CommandError(`${command} was not found`, '');
    throw error;
  } finally {
    clearInterval(watch);
    clearTimeout(forced);
    process.off('exit', atExit);
    signal?.removeEventListener('abort', end);
  }
}

/** The end of a program's output, for the end of a message. */
export function lastLines(output: string): string {
  const lines = output.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '');
  if (lines.length === 0) return '';
  return `:\n${lines
    .slice(-keptLines)
    .map((line) => `    ${line}`)
    .join('\n')}`;
}
