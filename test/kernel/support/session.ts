/** A session in a folder of its own, ended and removed after the test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { OutputEvent } from '../../../src/kernel/protocol.ts';
import { type CellResult, Session, type SessionOptions } from '../../../src/kernel/session.ts';

export const kernelPath = new URL('../../../dist/kernel.js', import.meta.url).pathname;

export interface Ran extends CellResult {
  /** Everything that the cell has shown until now. */
  readonly events: OutputEvent[];
  /** Text of both streams. */
  readonly text: string;
  /** The value as text. */
  readonly value: string | undefined;
}

export interface TestSession {
  readonly session: Session;
  readonly directory: string;
  run(code: string, options?: { continueOnError?: boolean; onEvent?: (event: OutputEvent) => void }): Promise<Ran>;
  /** The value of a cell that must run. */
  value(code: string): Promise<string | undefined>;
}

export function temporaryFolder(): string {
  const directory = mkdtempSync(join(tmpdir(), 'aenb-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function startSession(options: Partial<SessionOptions> = {}): TestSession {
  const directory = options.directory ?? temporaryFolder();
  const session = new Session({
    kernelPath,
    directory,
    engine: 'cpu',
    ...(process.env.AENB_TEST_NODE ? { node: process.env.AENB_TEST_NODE } : {}),
    ...options,
  });
  onTestFinished(() => session.dispose());
  const run: TestSession['run'] = async (code, { continueOnError = false, onEvent } = {}) => {
    const events: OutputEvent[] = [];
    const sink = {
      events: (more: readonly OutputEvent[]) => {
        events.push(...more);
        for (const event of more) onEvent?.(event);
      },
    };
    const result = await session.execute({ id: 'cell', code, continueOnError }, sink);
    return {
      ...result,
      events,
      get text() {
        return events.map((event) => (event.kind === 'stream' ? event.text : '')).join('');
      },
      get value() {
        const event = events.find(({ kind }) => kind === 'result');
        return event?.kind === 'result' ? (event.data['text/plain'] as string) : undefined;
      },
    };
  };
  const value: TestSession['value'] = async (code) => {
    const ran = await run(code);
    if (ran.status !== 'ok') throw new Error(`the cell ended ${ran.status}: ${ran.error?.stack}`);
    return ran.value;
  };
  return { session, directory, run, value };
}

/** Resolves when `check` holds; looks whenever the event loop has turned. */
export async function until(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 5));
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
