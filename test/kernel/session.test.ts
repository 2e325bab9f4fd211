import { existsSync, readFileSync, rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { OutputEvent } from '../../src/kernel/protocol.ts';
import { startSession, temporaryFolder } from './support/session.ts';

describe('the queue', () => {
  test('cells run one at a time in their order, and count', async () => {
    const { run } = startSession();
    const ran = await Promise.all([
      run('await new Promise((r) => setTimeout(r, 30)); let order = [1]'),
      run('order.push(2)'),
      run('order.join()'),
    ]);
    expect(ran.map(({ count }) => count)).toEqual([1, 2, 3]);
    expect(ran[2].value).toBe("'1,2'");
  });

  test('a failed cell cancels those behind it, unless it may fail', async () => {
    const { run } = startSession();
    const [first, second] = await Promise.all([run('throw 1'), run('2')]);
    expect([first.status, second.status]).toEqual(['error', 'cancelled']);
    const [third, fourth] = await Promise.all([run('throw 1', { continueOnError: true }), run('2')]);
    expect([third.status, fourth.status]).toEqual(['error', 'ok']);
  });

  test('listeners hear of the states', async () => {
    const { run, session } = startSession();
    const states: string[] = [session.state];
    session.onDidChange(() => states.push(session.state));
    await run('1');
    await session.dispose();
    expect(states).toEqual(['stopped', 'starting', 'idle', 'busy', 'idle', 'stopped']);
    expect((await session.execute({ id: 'c', code: '1' }, { events: () => {} })).status).toBe('cancelled');
  });
});

describe('output', () => {
  test('that comes after its cell has ended goes to that cell, through timers, promises and their mixtures', async () => {
    const { run } = startSession();
    const late = await run(`
      setTimeout(() => console.log('from a timer'), 5);
      (async () => { await null; setTimeout(async () => { await null; process.stdout.write('from a promise in a timer\\n') }, 10) })();
      require('fs').stat('/', () => console.log('from a callback'));
      setTimeout(() => { throw new Error('thrown late') }, 12)[Symbol.toPrimitive] ? undefined : undefined`);
    const other = await run("await new Promise((resolve) => setTimeout(resolve, 100)); 'other'");
    expect(other.text).toBe('');
    expect(late.text.split('\n').sort()).toEqual(['', 'from a callback', 'from a promise in a timer', 'from a timer']);
    expect(late.events.some((event) => event.kind === 'error' && event.error.message === 'thrown late')).toBe(true);
  });

  test('is streamed while a cell runs, also one that never lets go', async () => {
    const { session, run } = startSession();
    const seen: string[] = [];
    await run('for (let i = 0; ; i++) { console.log(i); for (const t = Date.now(); Date.now() - t < 20; ); }', {
      onEvent: (event) => {
        if (event.kind !== 'stream') return;
        seen.push(event.text);
        if (seen.length === 3) void session.interrupt();
      },
    });
    expect(seen.length).toBeGreaterThanOrEqual(3);
  });

  test('many lines arrive whole, in order and in batches', async () => {
    const { run } = startSession();
    const { text, events } = await run('for (let i = 0; i < 20_000; i++) console.log(`line ${i}`)');
    expect(text).toBe(Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join(''));
    expect(events.length).toBeLessThan(500);
  });

  test('of a flood shows its start and its end and names a file with all of it', async () => {
    const folder = temporaryFolder();
    const { run, value } = startSession({ environment: { AENB_OUTPUT: folder } });
    const { text, events } = await run('for (let i = 0; i < 200_000; i++) console.log(`line ${i} ${"x".repeat(90)}`)');
    expect(text.startsWith('line 0 x')).toBe(true);
    expect(text.endsWith(`line 199999 ${'x'.repeat(90)}\n`)).toBe(true);
    expect(text.length).toBeLessThan(5_000_000);
    const notice = events.findLast((event) => event.kind === 'update');
    const said = notice?.kind === 'update' ? String(notice.data['text/plain']) : '';
    const file = /[\d,]+ characters left out; all of it: (\S+)/.exec(said)![1]!;
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(200_001);
    expect(Number(await value('process.memoryUsage().rss / 1e6'))).toBeLessThan(400);
  });

  test.skipIf(!existsSync('/dev/full'))('of a flood onto a full disk says why there is no file', async () => {
    const { run } = startSession({ environment: { AENB_OUTPUT: '/dev/full' } });
    const { status, events } = await run('for (let i = 0; i < 100_000; i++) console.log("x".repeat(90))');
    const notice = events.findLast((event) => event.kind === 'update');
    expect(status).toBe('ok');
    expect(notice?.kind === 'update' && notice.data['text/plain']).toMatch(/no file of it: /);
  });

  test('of the native library leaves out its greeting, and nothing else', async () => {
    const { run } = startSession();
    const greeting = [
      'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR',
      'I0000 00:00:1795.695   5354 port.cc:153] oneDNN custom operations are on. You may see differences.',
    ];
    const { text } = await run(
      `require('fs').writeSync(2, ${JSON.stringify([...greeting, 'E0000 a real failure', ''].join('\n'))}); undefined`,
    );
    expect(text).toBe('E0000 a real failure\n');
  });

  test('of a child process that floods is bounded too', async () => {
    const { run } = startSession();
    const { text } = await run(
      "require('child_process').execSync('yes abc | head -c 30000000', { stdio: 'inherit' }); undefined",
    );
    expect(text.length).toBeLessThan(5_000_000);
    expect(text).toMatch(/[\d,]+ characters left out/);
  });
});

describe('input', () => {
  test('is asked of the user, as a password if it is one', async () => {
    const asked: object[] = [];
    const { value } = startSession({
      onInput: async (request) => {
        asked.push(request);
        return request.password ? 'secret' : 'Ada';
      },
    });
    expect(await value("[await input('Name?'), await input('Key', { password: true })]")).toBe("[ 'Ada', 'secret' ]");
    expect(asked).toEqual([
      { cell: 'cell', prompt: 'Name?', password: false },
      { cell: 'cell', prompt: 'Key', password: true },
    ]);
  });

  test('that is not answered fails with the line', async () => {
    const { run } = startSession({ onInput: async () => undefined });
    const { error } = await run("const a = 1;\nawait input('Name?')");
    expect(error).toMatchObject({ message: 'The question was not answered', place: { line: 2 } });
  });

  test('is taken back when the cell is interrupted', async () => {
    let takenBack = false;
    const { run, session } = startSession({
      onInput: (_, signal) =>
        new Promise((resolve) => {
          void session.interrupt();
          signal.addEventListener('abort', () => {
            takenBack = true;
            resolve(undefined);
          });
        }),
    });
    expect((await run("await input('Name?')")).status).toBe('interrupted');
    expect(takenBack).toBe(true);
  });
});

describe('requests', () => {
  test('list the variables with types, shapes and sizes', async () => {
    const { session, value } = startSession();
    await value(
      "const n = 5; let s = 'text'; function f() {} class C {} const a = new Float32Array(6); import { join } from 'node:path'; null",
    );
    expect(await session.request('variables', undefined)).toEqual([
      { name: 'f', kind: 'function', type: 'function', preview: 'function () {}' },
      expect.objectContaining({ name: 'join', kind: 'import', type: 'function' }),
      { name: 'n', kind: 'const', type: 'number', preview: '5' },
      { name: 's', kind: 'let', type: 'string', preview: "'text'", length: 4 },
      expect.objectContaining({ name: 'C', kind: 'class', type: 'class' }),
      expect.objectContaining({ name: 'a', kind: 'const', type: 'Float32Array', length: 6, bytes: 24 }),
    ]);
  });

  test('complete names and properties, without running anything', async () => {
    const { session, value } = startSession();
    await value(
      'let touched = 0; const box = { width: 1, get depth() { touched++; return { inner: 1 } }, why() {} }; null',
    );
    const complete = async (code: string) => {
      const { matches, start } = await session.request('complete', { code, offset: code.length });
      return [start, ...matches.map(({ name, kind }) => `${name}: ${kind}`)];
    };
    expect(await complete('1 + box.w')).toEqual([8, 'why: function', 'width: variable']);
    expect(await complete('bo')).toEqual([0, 'box: variable']);
    expect(await complete('box.depth.')).toEqual([10]);
    expect(await complete('f().')).toEqual([4]);
    expect(await value('touched')).toBe('0');
    await expect(session.request('complete', { code: 'x', offset: 5 })).rejects.toThrow(/offset within it/);
  });

  test('inspect what stands at the cursor', async () => {
    const { session, value } = startSession();
    await value('const box = { inner: new Map([[1, 2]]) }; null');
    expect(await session.request('inspect', { code: 'use(box.inner)', offset: 10 })).toEqual({
      name: 'box.inner',
      type: 'Map',
      text: 'Map(1) { 1 => 2 }',
    });
    expect(await session.request('inspect', { code: '1 + 1', offset: 1 })).toBeUndefined();
  });

  test('are answered while a cell awaits, and an unknown one is an error', async () => {
    const { session, run } = startSession();
    let finish = (): void => {};
    const running = run(
      'let waiting = 1; console.log("go"); await new Promise((r) => { globalThis.go = r; setTimeout(r, 60_000) })',
      {
        onEvent: () => finish(),
      },
    );
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    expect(await session.request('variables', undefined)).toMatchObject([{ name: 'waiting', preview: '1' }]);
    await expect(session.request('render:gone', {})).rejects.toThrow(/run the cell that made the picture again/);
    await expect(session.request('nonsense', {})).rejects.toThrow(/nonsense/);
    void session.interrupt();
    await running;
  });

  test('fail when there is no kernel, or when it dies', async () => {
    const { session, run } = startSession();
    await expect(session.request('variables', undefined)).rejects.toThrow(/not running/);
    await run('1');
    const dying = expect(session.request('render:x', {})).rejects.toThrow();
    await run('process.exit(1)');
    await dying;
    await expect(session.request('variables', undefined)).rejects.toThrow(/not running/);
  });
});

test('the working directory may vanish while cells run', async () => {
  const { directory, run, value } = startSession();
  await value('1');
  rmSync(directory, { recursive: true });
  expect(await value('2')).toBe('2');
  const events: OutputEvent[] = (await run("import x from './gone'; x")).events;
  expect(events).toMatchObject([{ kind: 'error', error: { message: expect.stringMatching(/gone/) } }]);
});
