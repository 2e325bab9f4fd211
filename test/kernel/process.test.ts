import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isAlive, kernelPath, startSession, temporaryFolder, until } from './support/session.ts';

describe('a cell that ends the process ends as crashed, and says how', () => {
  const ends: [name: string, code: string, message: RegExp][] = [
    ['process.exit', 'process.exit(3)', /exit code 3/],
    ['process.abort', 'process.abort()', /signal SIGABRT/],
    ['a segmentation fault', 'process.kill(process.pid, "SIGSEGV"); await new Promise(() => {})', /signal SIGSEGV/],
    ['a kill', 'process.kill(process.pid, "SIGKILL"); await new Promise(() => {})', /signal SIGKILL/],
    ['exit in a timer', 'setTimeout(() => process.exit(0)); await new Promise(() => {})', /exit code 0/],
  ];
  for (const [name, code, message] of ends) {
    test(name, async () => {
      const { run, session, value } = startSession();
      await value('let lost = 1');
      const running = run(`console.log('before');\n${code}`);
      const behind = session.execute({ id: 'behind', code: '1' }, { events: () => {} });
      const { status, error, text } = await running;
      expect(status).toBe('crashed');
      // an abort adds its own stack
      expect(text).toMatch(/^before\n/);
      expect(error?.message).toMatch(message);
      expect((await behind).status).toBe('cancelled');
      expect(session.state).toBe('dead');
      expect(await value('typeof lost')).toBe("'undefined'");
    });
  }

  test('out of memory', async () => {
    const { run, value } = startSession({ environment: { NODE_OPTIONS: '--max-old-space-size=60' } });
    const { status, error } = await run('const all = []; for (;;) all.push(new Array(1000).fill(Math.random()))');
    expect(status).toBe('crashed');
    expect(error?.message).toMatch(/signal SIGABRT.*heap out of memory/s);
    expect(await value('1')).toBe('1');
  });
});

test('the first cell after a crash counts from one', async () => {
  const { run } = startSession();
  await run('1');
  await run('process.exit(1)');
  expect((await run('2')).count).toBe(1);
});

test('a Node that cannot be started is an error that says so', async () => {
  const { run, session } = startSession({ node: '/no/such/node' });
  const { status, error } = await run('1');
  expect(status).toBe('crashed');
  expect(error?.message).toMatch(/did not start.*ENOENT/);
  expect(session.state).toBe('dead');
});

test('restart gives a clean process, cancels what runs, and ends the children of the old one', async () => {
  const { run, session, value } = startSession();
  await value('const old = 1');
  const { pid } = session;
  const child = Number(await value('require("child_process").spawn("sleep", ["600"], { stdio: "ignore" }).pid'));
  const started = new Promise<void>((resolve) => {
    const running = run('console.log("go"); await new Promise(() => {})', { onEvent: () => resolve() });
    void running.then(({ status }) => expect(status).toBe('cancelled'));
  });
  await started;
  await session.restart();
  expect(session.pid).not.toBe(pid);
  expect(session.state).toBe('idle');
  expect(await value('typeof old')).toBe("'undefined'");
  await until(() => !isAlive(pid!) && !isAlive(child));
});

test('restart ends a process that does not listen', async () => {
  const { run, session, value } = startSession();
  await new Promise<void>((resolve) => {
    void run('console.log("go"); while (true);', { onEvent: () => resolve() });
  });
  const { pid } = session;
  await session.restart();
  await until(() => !isAlive(pid!));
  expect(await value('1 + 1')).toBe('2');
});

describe('when its parent is killed with SIGKILL', () => {
  const states = { idle: 'null', busy: 'while (true);', waiting: 'await new Promise(() => {})' };
  for (const [name, code] of Object.entries(states)) {
    test(`a kernel that is ${name} ends, with the processes it started`, async () => {
      const directory = temporaryFolder();
      const script = join(directory, 'parent.mjs');
      writeFileSync(script, parentScript(directory, code));
      const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
      onTestFinished(() => void parent.kill('SIGKILL'));
      let output = '';
      parent.stdout.on('data', (text) => {
        output += text;
      });
      await until(() => /kernel (\d+) child (\d+) go/.test(output));
      const [, kernel, child] = /kernel (\d+) child (\d+) go/.exec(output)!.map(Number);
      expect([isAlive(kernel!), isAlive(child!)]).toEqual([true, true]);
      parent.kill('SIGKILL');
      await until(() => !isAlive(kernel!) && !isAlive(child!));
    });
  }
});

/** A program that starts a kernel as Session does, has it start a child and run `code`. */
function parentScript(directory: string, code: string): string {
  const cell = `
    const child = require('child_process').spawn('sleep', ['600'], { stdio: 'ignore' });
    console.log('kernel ' + process.pid + ' child ' + child.pid + ' go');
    ${code}`;
  return `
    import { fork } from 'node:child_process';
    const kernel = fork(${JSON.stringify(kernelPath)}, [], {
      execArgv: ['--experimental-vm-modules'], serialization: 'advanced', detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'ipc'], cwd: ${JSON.stringify(directory)},
    });
    kernel.on('message', (m) => { if (m.type === 'output') for (const e of m.events) if (e.text) process.stdout.write(e.text); });
    kernel.send({ type: 'start', version: 1, directory: ${JSON.stringify(directory)} });
    kernel.send({ type: 'execute', execution: 1, cell: 'c', count: 1, code: ${JSON.stringify(cell)} });`;
}
