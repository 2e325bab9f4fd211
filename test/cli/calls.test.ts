import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { version } from '../../package.json';
import { codeCell, emptyNotebook, parse, print } from '../../src/notebook/index.ts';
import { aenb, inFolder, notebookOf } from './command.ts';

const read = (name: string) => readFileSync(inFolder(name), 'utf8');

describe('a bad call ends with 2 and the reason', () => {
  test.each([
    [['run'], "missing required argument 'NOTEBOOK'"],
    [['run', 'x.aenb', '--nope'], "unknown option '--nope'"],
    [['walk'], "unknown command 'walk'"],
    [['run', 'x.aenb', '--engine', 'gpu'], 'Allowed choices are auto, tensorflow, onnx, wasm, cpu, aenb'],
    [['run', 'x.aenb', '--timeout', 'soon'], 'It must be a number of seconds above 0'],
    [['run', 'x.aenb', '--timeout', '0'], 'It must be a number of seconds above 0'],
    [['export', 'x.aenb'], "required option '--to <FORMAT>' not specified"],
    [['export', 'x.aenb', '--to', 'pdf'], 'Allowed choices are html, ipynb, ts, md'],
    [['run', 'missing.aenb'], 'cannot read missing.aenb: there is no such file or folder'],
    [['run', '.'], 'cannot read .: it is a folder'],
    [[], 'Usage: aenb'],
  ])('%j', async (args, reason) => {
    const { status, stdout, stderr } = await aenb(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(reason);
  });

  test.each([
    ['{"cells": [', 'the file is cut off'],
    ['{"nbformat": 4, "nbformat_minor": 9, "cells": []}', 'newer notebook format 4.9'],
    ['not json', 'not valid JSON'],
    ['\uffff'.repeat(3), 'not valid JSON'],
  ])('a file that is no notebook (%j) stays as it was, even as its own --out', async (text, reason) => {
    writeFileSync(inFolder('bad.aenb'), text);
    const { status, stderr } = await aenb('run', 'bad.aenb', '--out', 'bad.aenb');
    expect(status).toBe(2);
    expect(stderr).toContain(`cannot read bad.aenb: `);
    expect(stderr).toContain(reason);
    expect(read('bad.aenb')).toBe(text);
  });

  test('bytes that are no UTF-8', async () => {
    writeFileSync(inFolder('latin.aenb'), Buffer.from([0x7b, 0xff, 0xfe]));
    expect((await aenb('run', 'latin.aenb')).stderr).toContain('it is not a text in UTF-8');
  });

  test('a notebook in Python', async () => {
    const python = {
      ...emptyNotebook(),
      metadata: { language_info: { name: 'python' } },
      cells: [codeCell('print(1)')],
    };
    writeFileSync(inFolder('python.ipynb'), print(python));
    const { status, stderr } = await aenb('run', 'python.ipynb');
    expect(status).toBe(2);
    expect(stderr).toContain('its cells are in python');
  });
});

test('--version and --help end with 0', async () => {
  expect(await aenb('--version')).toMatchObject({ status: 0, stdout: `${version}\n` });
  expect((await aenb('run', '--help')).stdout).toContain('Exit status: 0 all cells ran');
});

describe('--param', () => {
  const parameters = {
    code: "const epochs: number = 10;\nlet name = 'x', quick = false;\nconst hidden = [1, 2];\nconst { rate } = { rate: 0.1 };",
    tags: ['parameters'],
  };
  const show = 'console.log(JSON.stringify({ epochs, name, quick, hidden, rate }))';

  test('replaces numbers, booleans, strings and JSON', async () => {
    const name = notebookOf('param.aenb', parameters, show);
    const params = ['epochs=1e1', 'name=42', 'quick=true', 'hidden=[256,{"a":null}]', 'rate=-0.5'];
    const result = await aenb(
      'run',
      name,
      ...params.flatMap((param) => ['--param', param]),
      '--out',
      'param.done.aenb',
    );
    expect(result.status).toBe(0);
    expect(JSON.parse(result.stdout)).toEqual({
      epochs: 10,
      name: '42',
      quick: true,
      hidden: [256, { a: null }],
      rate: -0.5,
    });
    const done = parse(read('param.done.aenb'));
    expect(done.cells.map((cell) => cell.metadata.tags)).toEqual([['parameters'], ['injected-parameters'], undefined]);
  });

  test('a second run replaces the values of the first', async () => {
    const name = notebookOf('param2.aenb', parameters, 'console.log(epochs)');
    await aenb('run', name, '--param', 'epochs=1', '--out', 'param2.done.aenb');
    const again = await aenb('run', 'param2.done.aenb', '--param', 'epochs=2', '--out', 'param2.done.aenb');
    expect(again.stdout).toBe('2\n');
    expect(parse(read('param2.done.aenb')).cells).toHaveLength(3);
  });

  test('a text with quotes and line breaks arrives as it is', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it must not be taken for a substitution
    const value = 'a "quoted" \\ line\n`two` ${x}';
    const result = await aenb(
      'run',
      notebookOf('text.aenb', parameters, 'console.log(name)'),
      '--param',
      `name=${value}`,
    );
    expect(result.stdout).toBe(`${value}\n`);
  });

  test.each([
    ['epoch=1', 'the notebook has no parameter epoch; it has epochs, name, quick, hidden, rate'],
    ['epochs=ten', 'epochs is a number in the notebook, got "ten"'],
    ['quick=1', 'quick is a boolean in the notebook, got "1"'],
    ['epochs', '--param must be NAME=VALUE, got "epochs"'],
    ['a-b=1', '--param must be NAME=VALUE, got "a-b=1"'],
  ])('refuses %s', async (param, reason) => {
    const { status, stdout, stderr } = await aenb('run', notebookOf('refuse.aenb', parameters, show), '--param', param);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(reason);
  });

  test('refuses a notebook without such a cell', async () => {
    const { status, stderr } = await aenb('run', notebookOf('none.aenb', '1'), '--param', 'a=1');
    expect(status).toBe(2);
    expect(stderr).toContain('no cell tagged "parameters"');
  });
});

describe('export', () => {
  test('writes beside the notebook, or where --out says, or to standard output', async () => {
    const name = notebookOf('exported.aenb', "console.log('x')");
    expect((await aenb('export', name, '--to', 'ipynb')).status).toBe(0);
    expect(read('exported.ipynb')).toBe(read(name));
    await aenb('export', name, '--to', 'md', '--out', 'other.md');
    expect(read('other.md')).toContain("```ts\nconsole.log('x')\n```");
    expect((await aenb('export', name, '--to', 'md', '--out', '-')).stdout).toBe(read('other.md'));
  });

  test('the page carries the renderers', async () => {
    await aenb('export', notebookOf('alive.aenb', '1'), '--to', 'html');
    expect(read('alive.html')).toMatch(/script-src 'sha256-[^']+';/);
  });

  test('TypeScript imports what it uses and does not overwrite a file that may be somebody’s work', async () => {
    const name = notebookOf('script.aenb', 'const { train } = await datasets.digits();\nplot.images(train);');
    expect((await aenb('export', name, '--to', 'ts')).status).toBe(0);
    expect(read('script.ts')).toMatch(/^import \{ datasets, plot \} from 'aenb';\n/);
    const again = await aenb('export', name, '--to', 'ts');
    expect(again.status).toBe(2);
    expect(again.stderr).toContain('script.ts is already there');
  });
});

describe('new', () => {
  test('makes a notebook that can be read, and overwrites nothing', async () => {
    expect((await aenb('new', 'fresh')).status).toBe(0);
    const made = read('fresh.aenb');
    expect(parse(made).cells.map((cell) => cell.cell_type)).toEqual(['markdown', 'code', 'code', 'code']);
    expect(made).toBe(print(parse(made)));
    const again = await aenb('new', 'fresh');
    expect(again.status).toBe(2);
    expect(again.stderr).toContain('fresh.aenb: it is already there');
  });
});
