import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { pythonWith } from '../python.ts';
import { folder, notebookOf } from './command.ts';

/** Node cannot make a terminal; Python can, except on Windows. */
const found = process.platform === 'win32' ? { missing: 'Windows has no pseudo-terminals' } : pythonWith({});
const python = 'python' in found ? found.python : '';
if ('missing' in found) console.warn(`The command is not tried on a terminal. ${found.missing}`);

/** Runs a command on a terminal of its own and types, each text as soon as another one shows. Prints status and screen. */
const TYPE = `
import json, os, pty, select, sys
command, steps = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
shown = b""
while True:
    try:
        data = os.read(terminal, 65536)
    except OSError:
        break
    if not data:
        break
    shown += data
    if steps and steps[0][0].encode() in shown:
        os.write(terminal, steps.pop(0)[1].encode())
_, status = os.waitpid(pid, 0)
print(json.dumps({"status": os.waitstatus_to_exitcode(status), "shown": shown.decode()}))
`;

async function onTerminal(args: string[], ...steps: [shows: string, type: string][]) {
  const call = JSON.stringify([[process.execPath, resolve('dist/cli.js'), ...args], steps]);
  const { stdout } = await promisify(execFile)(python, ['-c', TYPE, call], { cwd: folder });
  return JSON.parse(stdout) as { status: number; shown: string };
}

describe.skipIf(!python)('on a terminal', () => {
  const ask = "const name = await input('Name?');\nconsole.log('Hello, ' + name);";

  test('input() asks and gets the answer', async () => {
    const { status, shown } = await onTerminal(['run', notebookOf('ask.aenb', ask)], ['Name? ', 'Ada\r']);
    expect(status).toBe(0);
    expect(shown).toContain('Hello, Ada\r\n');
  });

  test('a password is not shown while it is typed', async () => {
    const code = "const secret = await input('Password?', { password: true });\nconsole.log(secret.length);";
    const { status, shown } = await onTerminal(['run', notebookOf('secret.aenb', code)], ['Password? ', 'swordfish\r']);
    expect(status).toBe(0);
    expect(shown).toContain('9\r\n');
    expect(shown).not.toContain('swordfish');
  });

  test('Ctrl+D at a question fails the cell, Ctrl+C there interrupts the run', async () => {
    const name = notebookOf('leave.aenb', ask);
    const ended = await onTerminal(['run', name], ['Name? ', '\u0004']);
    expect(ended.status).toBe(1);
    expect(ended.shown).toContain('The question was not answered');
    expect((await onTerminal(['run', name], ['Name? ', '\u0003'])).status).toBe(130);
  });

  test('Ctrl+C stops a loop', async () => {
    const name = notebookOf('loop.aenb', "console.log('looping');\nwhile (true) {}");
    expect((await onTerminal(['run', name], ['looping', '\u0003'])).status).toBe(130);
  });

  test('progress is one line that is redrawn and gone in the end, and never breaks a line of the cells', async () => {
    const code =
      "process.stdout.write('one ');\nawait new Promise((done) => setTimeout(done, 500));\nconsole.log('line');";
    const { shown } = await onTerminal(['run', notebookOf('line.aenb', code)]);
    expect(shown).toContain('[1/1] process.stdout.write');
    expect(shown).toContain('one line\r\n');
    const lines = shown.split('\r\n').map((line) => line.slice(line.lastIndexOf('\u001b[2K') + 1).replace('[2K', ''));
    expect(lines).toEqual(['one line', expect.stringMatching(/^1 of 1 cells in /), '']);
  });
});
