import { fork } from 'node:child_process';
import { join } from 'node:path';
import { lastLines } from './command.ts';
import { distFolder } from './packageFiles.ts';
import type { ProbeResult } from './probe.ts';

/** A good one takes two seconds, a cold disk some more. */
const limitSeconds = 120;

/** Loads the installation in `folder` in another process and lets it compute. Throws with the reason if it cannot. */
export function prove(folder: string, signal?: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve, reject) => {
    const child = fork(join(distFolder(), 'probe.js'), [], {
      // in VS Code process.execPath is Electron, which this makes behave as Node
      env: { ...process.env, AENB_NATIVE: folder, ELECTRON_RUN_AS_NODE: '1' },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'json',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-16_000);
      });
    }
    let answer: { result?: ProbeResult; error?: string } = {};
    let tooLong = false;
    const kill = () => child.kill('SIGKILL');
    const timer = setTimeout(() => {
      tooLong = true;
      kill();
    }, limitSeconds * 1000);
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', kill);
    };
    signal?.addEventListener('abort', kill, { once: true });
    if (signal?.aborted) kill();
    child.on('message', (message) => {
      answer = message as typeof answer;
    });
    child.on('error', (error) => {
      end();
      reject(error);
    });
    child.on('close', (code, killer) => {
      end();
      if (signal?.aborted) reject(signal.reason);
      else if (answer.result) resolve(answer.result);
      else if (answer.error) reject(new Error(`it does not load: ${answer.error}`));
      else if (tooLong) reject(new Error(`it did not answer within ${limitSeconds} seconds`));
      else reject(new Error(`${describeCrash(code, killer)}${lastLines(output)}`));
    });
  });
}

function describeCrash(code: number | null, killer: NodeJS.Signals | null): string {
  if (killer === 'SIGILL') return 'this processor lacks instructions that TensorFlow was compiled for (AVX)';
  return `the process that loaded it ended with ${killer ?? `exit status ${code}`}`;
}
