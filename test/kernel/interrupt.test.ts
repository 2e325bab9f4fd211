import { describe, expect, test } from 'vitest';
import type { OutputEvent } from '../../src/kernel/protocol.ts';
import { startSession, type TestSession } from './support/session.ts';

/** Interrupts a cell once it has printed `go`. */
async function interrupted({ run, session }: TestSession, code: string) {
  let outcome: Promise<string> | undefined;
  const onEvent = (event: OutputEvent): void => {
    if (event.kind === 'stream' && event.text.includes('go')) outcome ??= session.interrupt();
  };
  const ran = await run(`console.log('go');\n${code}`, { onEvent });
  return { ...ran, outcome: await outcome };
}

describe('an interrupt stops, and keeps the variables,', () => {
  const endless: Record<string, string> = {
    'an empty loop': 'while (true) {}',
    'a loop that swallows exceptions': 'for (;;) { try { while (true) {} } catch {} }',
    'a promise that never settles': 'await new Promise(() => {})',
    'a loop of awaits that leave no turn to the event loop': 'for (;;) await null;',
    'a loop of awaits with promises of promises':
      'for (;;) { await Promise.all([1, 2].map(async (x) => { await null; return x * 2 })) }',
    'a loop in a timer': 'setTimeout(() => { while (true); }); await new Promise(() => {})',
    'a loop in an immediate': 'setImmediate(() => { while (true); }); await new Promise(() => {})',
    'a loop in a tick': 'process.nextTick(() => { while (true); }); await new Promise(() => {})',
    'a loop in the callback of a file operation':
      'require("fs").stat("/", () => { while (true); }); await new Promise(() => {})',
    'a loop that prints': 'for (;;) console.log("x".repeat(100))',
    'a loop of timers': 'for (;;) await new Promise((resolve) => setTimeout(resolve, 1))',
    'a loop of immediates': 'for (;;) await new Promise((resolve) => setImmediate(resolve))',
    'a loop of file operations': 'for (;;) await require("fs/promises").stat("/")',
    'a thread that waits': 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)',
    'a regular expression without end': '/(a+)+b/.test("a".repeat(40))',
    'a wait of timers/promises': 'await require("timers/promises").setTimeout(60_000)',
  };
  for (const [name, code] of Object.entries(endless)) {
    test(name, async () => {
      const kernel = startSession();
      await kernel.run('let kept = 41');
      const { pid } = kernel.session;
      const { status, outcome, error } = await interrupted(kernel, code);
      expect({ status, outcome, error: error?.name }).toEqual({
        status: 'interrupted',
        outcome: 'stopped',
        error: 'AbortError',
      });
      expect(await kernel.value('++kept')).toBe('42');
      expect(kernel.session.pid).toBe(pid);
    });
  }
});

test('code that listens to the signal ends by itself, and its cell counts as interrupted', async () => {
  const kernel = startSession();
  const { status, text, value } = await interrupted(
    kernel,
    `import { setTimeout as wait } from 'node:timers/promises';
     let stopped = 'no';
     await wait(60_000).catch((error) => { stopped = error.name });
     console.log('tidied up');
     stopped`,
  );
  expect({ status, text, value }).toEqual({ status: 'interrupted', text: 'go\ntidied up\n', value: "'AbortError'" });
});

test('an interrupted cell names the line that was running', async () => {
  const kernel = startSession();
  const { error } = await interrupted(kernel, 'function spin() {\n  for (;;);\n}\nspin();');
  expect(error?.stack).toMatch(/AbortError: The cell was interrupted\n {4}at spin \(Cell In\[1\], line 3\)/);
});

test('timers of an interrupted cell are cleared, those of other cells go on', async () => {
  const kernel = startSession();
  await kernel.run('let others = 0, own = 0; setInterval(() => others++, 1)');
  await interrupted(kernel, 'setInterval(() => own++, 1); await new Promise(() => {})');
  await kernel.run('const before = { own, others }; await new Promise((resolve) => setTimeout(resolve, 50))');
  expect(await kernel.value('[own === before.own, others > before.others]')).toBe('[ true, true ]');
});

test('an interrupted cell does not go on when what it waits for comes after all', async () => {
  const kernel = startSession();
  await kernel.run('let answer; let reached = 0; const question = new Promise((resolve) => { answer = resolve })');
  await interrupted(kernel, 'await question; reached++');
  expect(await kernel.value('answer(); await new Promise((resolve) => setTimeout(resolve, 20)); reached')).toBe('0');
});

test('cells that wait behind an interrupted one are cancelled', async () => {
  const kernel = startSession();
  const { session } = kernel;
  const first = interrupted(kernel, 'await new Promise(() => {})');
  const second = session.execute({ id: 'b', code: '1' }, { events: () => {} });
  expect([(await first).status, (await second).status]).toEqual(['interrupted', 'cancelled']);
  expect(await session.interrupt()).toBe('idle');
});

test('interrupts at many moments of promise code leave the kernel whole', async () => {
  const kernel = startSession();
  await kernel.run('let rounds = 0');
  for (let i = 0; i < 20; i++) {
    const { status } = await interrupted(
      kernel,
      `for (;;) { await null; for (const x of [1, 2, 3].map((q) => q * 2)) await Promise.all([x, new Promise((r) => process.nextTick(r))]); rounds += ${i} }`,
    );
    expect(status).toBe('interrupted');
  }
  expect(await kernel.value('rounds > 0')).toBe('true');
});
