import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Output, parse } from '../../src/notebook/index.ts';
import { aenb, inFolder, notebookOf, start } from './command.ts';

const read = (name: string) => readFileSync(inFolder(name), 'utf8');
const outputsOf = (name: string): Output[][] => parse(read(name)).cells.map((cell) => cell.outputs ?? []);
const stdout = (text: string): Output => ({ output_type: 'stream', name: 'stdout', text });
const loop = "console.log('looping');\nwhile (true) {}";

describe('a run that goes well', () => {
  test('shows the text of the cells, ends with 0 and leaves the notebook as it was', async () => {
    const name = notebookOf('well.aenb', "const a: number = 20;\nconsole.log('text');", 'a + 1');
    const before = read(name);
    const { status, stdout, stderr } = await aenb('run', name);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'text\n21\n' });
    expect(stderr).toMatch(/\[1\/2\] const a: number = 20;.*\n\[2\/2\] a \+ 1/);
    expect(read(name)).toBe(before);
  });

  test('writes the executed notebook to --out, with counts and outputs', async () => {
    const name = notebookOf('out.aenb', "console.log('text')", '6 * 7');
    expect((await aenb('run', name, '--out', 'out.done.aenb')).status).toBe(0);
    const done = parse(read('out.done.aenb'));
    expect(done.cells.map((cell) => cell.execution_count)).toEqual([1, 2]);
    expect(outputsOf('out.done.aenb')).toEqual([
      [stdout('text\n')],
      [{ output_type: 'execute_result', data: { 'text/plain': '42' }, metadata: {}, execution_count: 2 }],
    ]);
  });

  test('outputs of an earlier run are gone', async () => {
    const name = notebookOf('again.aenb', "console.log('one')");
    await aenb('run', name, '--out', name);
    await aenb('run', name, '--out', name);
    expect(outputsOf(name)).toEqual([[stdout('one\n')]]);
  });

  test('a display that was updated is saved and shown as it was at the end', async () => {
    const code = "const shown = display('first');\nshown.update('second');\nshown.update('last');\nundefined";
    const { stdout } = await aenb('run', notebookOf('display.aenb', code), '--out', 'display.done.aenb');
    expect(outputsOf('display.done.aenb')[0]).toMatchObject([{ data: { 'text/plain': "'last'" } }]);
    expect(stdout).toContain("'last'");
    expect(stdout).not.toContain('second');
  });

  test('--quiet keeps standard error to what the cells write there', async () => {
    const { stderr } = await aenb(
      'run',
      notebookOf('quiet.aenb', "console.error('mine')"),
      '--quiet',
      '--out',
      'q.aenb',
    );
    expect(stderr).toBe('mine\n');
  });

  test('--html writes a page with the outputs', async () => {
    const { status } = await aenb('run', notebookOf('page.aenb', "console.log('on the page')"), '--html', 'page.html');
    expect(status).toBe(0);
    expect(read('page.html')).toContain('<pre class="stream stdout">on the page\n');
  });

  test('empty cells are passed over, an empty notebook runs', async () => {
    expect((await aenb('run', notebookOf('gaps.aenb', ' ', 'console.log(1)', ''))).stdout).toBe('1\n');
    writeFileSync(inFolder('empty.aenb'), '');
    expect((await aenb('run', 'empty.aenb')).status).toBe(0);
  });

  test('cells find files beside the notebook, wherever the command was called', async () => {
    mkdirSync(inFolder('sub'));
    writeFileSync(inFolder('sub/data.txt'), 'found');
    const code = "import { readFileSync } from 'node:fs';\nconsole.log(readFileSync('data.txt', 'utf8'));";
    expect((await aenb('run', notebookOf('sub/here.aenb', code))).stdout).toBe('found\n');
  });
});

describe('a failing cell', () => {
  const cells = [
    "console.log('one')",
    'function f() {\n  throw new TypeError("no good");\n}\nf();',
    "console.log('never')",
  ];

  test('ends the run with 1, tells error, cell and line, and everything so far is saved', async () => {
    const result = await aenb('run', notebookOf('fail.aenb', ...cells), '--out', 'fail.done.aenb');
    expect(result.status).toBe(1);
    expect(result.stdout).toBe('one\n');
    expect(result.stderr).toMatch(/cell In\[2\] failed, line 2/);
    expect(result.stderr).toContain('TypeError: no good');
    const [first, second, third] = outputsOf('fail.done.aenb');
    expect(first).toEqual([stdout('one\n')]);
    expect(second).toMatchObject([{ output_type: 'error', ename: 'TypeError', evalue: 'no good' }]);
    expect(third).toEqual([]);
  });

  test('may fail when it is tagged raises-exception', async () => {
    const tagged = { code: "throw new Error('expected')", tags: ['raises-exception'] };
    const result = await aenb(
      'run',
      notebookOf('may.aenb', tagged, "console.log('went on')"),
      '--out',
      'may.done.aenb',
    );
    expect(result).toMatchObject({ status: 0, stdout: 'went on\n' });
    expect(outputsOf('may.done.aenb')[0]).toMatchObject([{ output_type: 'error', evalue: 'expected' }]);
  });

  test('a syntax error names its line', async () => {
    const { status, stderr } = await aenb('run', notebookOf('syntax.aenb', 'const a = 1;\nconst b = ;'));
    expect(status).toBe(1);
    expect(stderr).toMatch(/In\[1\] failed, line 2/);
  });

  test('input() says that nobody can answer where there is no terminal', async () => {
    const { status, stderr } = await aenb('run', notebookOf('input.aenb', "await input('Name?')"));
    expect(status).toBe(1);
    expect(stderr).toContain('Nobody can answer');
  });
});

describe('a kernel that ends', () => {
  test.each([
    ['process.exit(7)', 'exit code 7'],
    ["process.kill(process.pid, 'SIGSEGV'); await new Promise(() => setInterval(() => {}, 1000));", 'SIGSEGV'],
    ['process.abort()', 'SIGABRT'],
  ])('%s ends the run with 1, says how, and what ran before is saved', async (code, how) => {
    const name = notebookOf('crash.aenb', "console.log('before')", code, "console.log('never')");
    const result = await aenb('run', name, '--out', 'crash.done.aenb');
    expect(result.status).toBe(1);
    expect(result.stdout).toBe('before\n');
    expect(result.stderr).toContain(how);
    const [first, second, third] = outputsOf('crash.done.aenb');
    expect(first).toEqual([stdout('before\n')]);
    expect(second!.at(-1)).toMatchObject({ output_type: 'error', evalue: expect.stringContaining(how) });
    expect(third).toEqual([]);
  });
});

describe('a run that is stopped', () => {
  test('time is up: 124, the loop ends, what was shown is saved', async () => {
    const name = notebookOf('time.aenb', loop, "console.log('never')");
    const result = await aenb('run', name, '--timeout', '1.5', '--out', 'time.done.aenb');
    expect(result).toMatchObject({ status: 124, stdout: 'looping\n' });
    expect(result.stderr).toContain('time is up after 1.5 s');
    expect(outputsOf('time.done.aenb')[0]![0]).toEqual(stdout('looping\n'));
  });

  test.skipIf(process.platform === 'win32')('Ctrl+C interrupts the cell: 130, saved', async () => {
    const running = start('run', notebookOf('stop.aenb', "console.log('one')", loop), '--out', 'stop.done.aenb');
    await running.shows('looping');
    running.process.kill('SIGINT');
    expect((await running.finished).status).toBe(130);
    expect(outputsOf('stop.done.aenb')[0]).toEqual([stdout('one\n')]);
    expect(outputsOf('stop.done.aenb')[1]![0]).toEqual(stdout('looping\n'));
  });

  test.skipIf(process.platform === 'win32')(
    'a second Ctrl+C ends at once, saved, and leaves no process behind',
    async () => {
      // answers no interrupt for a while: the whole thread sleeps in one native call
      const deaf =
        "console.log('pid', process.pid);\nAtomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);";
      const running = start('run', notebookOf('twice.aenb', "console.log('one')", deaf), '--out', 'twice.done.aenb');
      await running.shows('pid ');
      running.process.kill('SIGINT');
      running.process.kill('SIGTERM');
      const { status, stdout: shown } = await running.finished;
      expect([130, 143]).toContain(status);
      expect(outputsOf('twice.done.aenb')[0]).toEqual([stdout('one\n')]);
      const pid = Number(/pid (\d+)/.exec(shown)![1]);
      await expect.poll(() => isAlive(pid)).toBe(false);
    },
  );

  test('a reader that goes away does not stop the run', async () => {
    const name = notebookOf(
      'pipe.aenb',
      "console.log('first')",
      "for (let i = 0; i < 1000; i++) console.log('x'.repeat(100))",
    );
    const running = start('run', name, '--out', 'pipe.done.aenb');
    await running.shows('first');
    running.process.stdout!.destroy();
    expect((await running.finished).status).toBe(0);
    expect(outputsOf('pipe.done.aenb')[1]).toHaveLength(1);
  });
});

describe('files that cannot be written', () => {
  test('a missing folder is told before any cell runs', async () => {
    const result = await aenb('run', notebookOf('nowhere.aenb', "console.log('ran')"), '--out', 'no/such/out.aenb');
    expect(result).toMatchObject({ status: 2, stdout: '' });
    expect(result.stderr).toMatch(/cannot write no\/such\/out\.aenb: there is no folder .*no\/such/);
  });

  test('a folder in the place of the file is told', async () => {
    mkdirSync(inFolder('taken'));
    const result = await aenb('run', notebookOf('dir.aenb', '1'), '--html', 'taken');
    expect(result.status).toBe(2);
    expect(result.stderr).toContain('cannot write taken: it is a folder');
  });

  test.skipIf(!existsSync('/dev/full'))('a full disk is told, with 2', async () => {
    const result = await aenb('run', notebookOf('full.aenb', '1'), '--out', '/dev/full');
    expect(result.status).toBe(2);
    expect(result.stderr).toContain('cannot write /dev/full: the disk is full');
  });

  test('an existing file keeps its permissions, a link stays a link, and nothing temporary is left', async () => {
    mkdirSync(inFolder('kept'));
    writeFileSync(inFolder('kept/real.aenb'), 'old');
    chmodSync(inFolder('kept/real.aenb'), 0o600);
    symlinkSync('real.aenb', inFolder('kept/link.aenb'));
    await aenb('run', notebookOf('kept.aenb', '1'), '--out', 'kept/link.aenb');
    expect(parse(read('kept/real.aenb')).cells).toHaveLength(1);
    expect(statSync(inFolder('kept/real.aenb')).mode & 0o777).toBe(0o600);
    expect(readdirSync(inFolder('kept')).sort()).toEqual(['link.aenb', 'real.aenb']);
  });
});

/** Not so if it has ended and only its parent has not asked for the result yet. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync('/proc') || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
