import { describe, expect, test } from 'vitest';
import {
  codeCell,
  emptyNotebook,
  fromOutput,
  markdownCell,
  type Notebook,
  NotebookError,
  parse,
  print,
  toOutput,
} from '../../src/notebook/index.ts';

const file = (fields: object) => JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [], ...fields });
const withCell = (cell: object) => file({ cells: [{ cell_type: 'code', id: 'a', metadata: {}, source: [], ...cell }] });

function refusal(text: string): NotebookError {
  try {
    parse(text);
  } catch (error) {
    expect(error).toBeInstanceOf(NotebookError);
    return error as NotebookError;
  }
  throw new Error('it was read');
}

describe('reading', () => {
  test('joins lines of sources, streams, texts and tracebacks stay lists', () => {
    const notebook = parse(
      withCell({
        source: ['let a = 1;\n', 'a'],
        outputs: [
          { output_type: 'stream', name: 'stdout', text: ['one\n', 'two'] },
          {
            output_type: 'display_data',
            data: { 'text/plain': ['x\n', 'y'], 'image/svg+xml': ['<svg>', '</svg>'] },
            metadata: {},
          },
          { output_type: 'error', ename: 'E', evalue: 'v', traceback: ['a', 'b'] },
        ],
      }),
    );
    expect(notebook.cells[0]!.source).toBe('let a = 1;\na');
    expect(notebook.cells[0]!.outputs).toEqual([
      { output_type: 'stream', name: 'stdout', text: 'one\ntwo' },
      { output_type: 'display_data', data: { 'text/plain': 'x\ny', 'image/svg+xml': '<svg></svg>' }, metadata: {} },
      { output_type: 'error', ename: 'E', evalue: 'v', traceback: ['a', 'b'] },
    ]);
  });

  test('leaves JSON values alone, also lists of strings', () => {
    const data = { 'application/json': ['a', 'b'], 'application/vnd.x.v1+json': { rows: ['a', 'b'] } };
    const notebook = parse(withCell({ outputs: [{ output_type: 'display_data', data, metadata: {} }] }));
    expect(notebook.cells[0]!.outputs![0]).toMatchObject({ data });
  });

  test.each(['', '  \n', '\ufeff'])('takes an empty file (%j) for an empty notebook', (text) => {
    expect(parse(text)).toEqual(emptyNotebook());
  });

  test('skips a byte order mark', () => {
    expect(parse(`\ufeff${file({})}`).cells).toEqual([]);
  });

  test.each([0, 1, 2, 3, 4])('upgrades format 4.%i to 4.5 and gives every cell an id', (minor) => {
    const old = { cell_type: 'markdown', metadata: {}, source: 'same text' };
    const notebook = parse(file({ nbformat_minor: minor, cells: [old, old] }));
    const ids = notebook.cells.map((cell) => cell.id);
    expect(notebook.nbformat_minor).toBe(5);
    expect(new Set(ids).size).toBe(2);
    expect(ids.every((id) => /^[a-zA-Z0-9_-]{1,64}$/.test(id))).toBe(true);
  });

  test('gives the same ids each time a file without ids is read', () => {
    const text = file({ nbformat_minor: 4, cells: [{ cell_type: 'code', metadata: {}, source: '1', outputs: [] }] });
    expect(parse(text)).toEqual(parse(text));
  });

  test('keeps the first of two equal ids and replaces the second, and malformed ones', () => {
    const cells = ['twice', 'twice', 'has space', 7].map((id) => ({ cell_type: 'raw', id, metadata: {}, source: '' }));
    const ids = parse(file({ cells })).cells.map((cell) => cell.id);
    expect(ids[0]).toBe('twice');
    expect(new Set(ids).size).toBe(4);
    expect(ids.slice(1).every((id) => /^[0-9a-f]{8}$/.test(id))).toBe(true);
  });

  test('keeps metadata and keys that it does not know', () => {
    const cell = {
      cell_type: 'code',
      id: 'a',
      metadata: { x: { y: [1] } },
      source: '',
      outputs: [],
      execution_count: null,
    };
    const read = parse(file({ metadata: { custom: [1, { a: null }] }, other: 1, cells: [{ ...cell, extra: 'kept' }] }));
    expect(read).toMatchObject({ metadata: { custom: [1, { a: null }] }, other: 1, cells: [{ extra: 'kept' }] });
    expect(JSON.parse(print(read))).toMatchObject({
      other: 1,
      cells: [{ metadata: { x: { y: [1] } }, extra: 'kept' }],
    });
  });

  test('a key named __proto__ is data like any other', () => {
    const text = '{"nbformat":4,"nbformat_minor":5,"cells":[],"metadata":{"__proto__":{"polluted":1}}}';
    const notebook = parse(text);
    expect((notebook.metadata as { polluted?: number }).polluted).toBeUndefined();
    expect(print(notebook)).toContain('"__proto__": {\n   "polluted": 1\n  }');
  });
});

/** Named by the reason, which reads better than the text. */
const cases = (list: [text: string, reason: string][]) => list.map(([text, reason]) => ({ text, reason }));

describe('refusing', () => {
  test.each(
    cases([
      [file({ nbformat: 5 }), 'newer notebook format 5.5; this version reads 4.0 to 4.5'],
      [file({ nbformat_minor: 6 }), 'newer notebook format 4.6'],
      [file({ nbformat: 3 }), 'old notebook format 3.5'],
      [file({ nbformat: '4' }), 'nbformat must be whole numbers, got "4"'],
      ['{}', 'nbformat, the version of its format, is missing'],
      ['[]', 'the file holds a list instead of an object'],
      ['null', 'the file holds null'],
      [file({ cells: {} }), 'cells must be a list, got an object'],
      [file({ cells: [3] }), 'cells[0] must be an object, got 3'],
      [withCell({ cell_type: 'heading' }), 'cells[0].cell_type must be code, markdown or raw, got "heading"'],
      [withCell({ source: 7 }), 'cells[0].source must be a text or a list of lines, got 7'],
      [withCell({ source: ['a', 1] }), 'cells[0].source must be a text or a list of lines'],
      [withCell({ metadata: [] }), 'cells[0].metadata must be an object'],
      [withCell({ outputs: [{ output_type: 'pyout' }] }), 'cells[0].outputs[0].output_type must be stream'],
      [withCell({ execution_count: 'x' }), 'cells[0].execution_count must be null or a whole number, got "x"'],
      [
        withCell({ outputs: [{ output_type: 'display_data', data: 'x' }] }),
        'cells[0].outputs[0].data must be an object',
      ],
    ]),
  )('says that $reason', ({ text, reason }) => {
    expect(refusal(text).message).toContain(reason);
  });

  test('tells line and column of broken JSON', () => {
    const error = refusal('{\n "nbformat": 4,\n "cells": [1 2]\n}');
    expect(error).toMatchObject({ line: 3, column: 14 });
    expect(error.message).toContain('there is "2" where "," or "]" should be');
  });

  test('tells where an object begins that a wrong value stands in', () => {
    expect(refusal('{\n"nbformat": 4,\n"cells": [\n  {"cell_type": "code", "source": 1}\n]}')).toMatchObject({
      line: 4,
      column: 3,
    });
  });

  test('a file cut off anywhere is refused, and the message says that it is cut off', () => {
    const whole = print({ ...emptyNotebook(), cells: [markdownCell('# "Title"\n\ttext', 'a'), codeCell('1', 'b')] });
    const end = whole.trimEnd().length;
    for (let length = 1; length < end; length++) {
      expect(refusal(whole.slice(0, length)).message, `at ${length}`).toContain('cut off');
    }
  });

  test.each(
    cases([
      ['{"a": 01}', '"1"'],
      ['{"a": "x\ny"}', 'a line break or control character inside a string'],
      ['{"a": "\\x"}', 'an unknown escape'],
      ['{"a": 1} b', 'there is "b" after its end'],
      ['{"a": undefined}', 'where a value should be'],
      ['{\n<<<<<<< HEAD\n"a": 1}', 'mark of a merge conflict'],
      ['['.repeat(100_000), 'nested more than'],
    ]),
  )('says of broken JSON: $reason', ({ text, reason }) => {
    expect(refusal(text).message).toContain(reason);
  });
});

describe('writing', () => {
  test('is Jupyter’s form: sorted keys, one space, lines, a newline at the end', () => {
    const notebook: Notebook = { ...emptyNotebook(), metadata: { b: 1, a: 'é' }, cells: [codeCell('let a;\na', 'x1')] };
    expect(print(notebook)).toBe(`{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": null,
   "id": "x1",
   "metadata": {},
   "outputs": [],
   "source": [
    "let a;\\n",
    "a"
   ]
  }
 ],
 "metadata": {
  "a": "é",
  "b": 1
 },
 "nbformat": 4,
 "nbformat_minor": 5
}
`);
  });

  test('what was written reads back the same', () => {
    const cells = [markdownCell('# T\r\n\u2028x', 'a'), codeCell('', 'b')];
    cells[1]!.outputs = [{ output_type: 'stream', name: 'stdout', text: 'a\rb\n\nc' }];
    cells[1]!.execution_count = 3;
    const notebook = { ...emptyNotebook(), cells };
    expect(parse(print(notebook))).toEqual(notebook);
    expect(print(parse(print(notebook)))).toBe(print(notebook));
  });

  test('numbers keep the form that they had in the file', () => {
    const numbers = '[\n   1.0,\n   1e-07,\n   12345678901234567890,\n   -0.0,\n   NaN,\n   100.50\n  ]';
    const text = `{\n "cells": [],\n "metadata": {\n  "n": ${numbers}\n },\n "nbformat": 4,\n "nbformat_minor": 5\n}\n`;
    expect(print(parse(text))).toBe(text);
  });

  test('a number changed since reading is written with its new value', () => {
    const notebook = parse(file({}).replace('{}', '{"n":1.0}'));
    notebook.metadata.n = 2;
    expect(print(notebook)).toContain('"n": 2\n');
  });

  test('leaves the notebook it was given as it was', () => {
    const notebook = { ...emptyNotebook(), cells: [codeCell('a\nb')] };
    const before = structuredClone(notebook);
    print(notebook);
    expect(notebook).toEqual(before);
  });

  test('a copied cell gets an id of its own', () => {
    const cell = codeCell('1', 'same');
    const { cells } = JSON.parse(print({ ...emptyNotebook(), cells: [cell, { ...cell }] }));
    expect(cells[0].id).toBe('same');
    expect(cells[1].id).not.toBe('same');
  });

  test('a cell turned into text loses what only code has', () => {
    const cell = { ...codeCell('# now text'), cell_type: 'markdown' as const };
    expect(Object.keys(JSON.parse(print({ ...emptyNotebook(), cells: [cell] })).cells[0])).toEqual([
      'cell_type',
      'id',
      'metadata',
      'source',
    ]);
  });
});

test('outputs of a run become outputs of a file and back', () => {
  const error = { name: 'TypeError', message: 'no', stack: 'TypeError: no\n    at Cell In[1], line 2' };
  const shown = [
    { kind: 'stream', name: 'stderr', text: 'w\n' },
    { kind: 'display', data: { 'text/plain': 'p' }, metadata: {} },
    { kind: 'result', data: { 'text/plain': '3' }, metadata: {} },
    { kind: 'error', error },
  ] as const;
  const saved = shown.map((output) => toOutput(output, 4));
  expect(saved).toEqual([
    { output_type: 'stream', name: 'stderr', text: 'w\n' },
    { output_type: 'display_data', data: { 'text/plain': 'p' }, metadata: {} },
    { output_type: 'execute_result', data: { 'text/plain': '3' }, metadata: {}, execution_count: 4 },
    {
      output_type: 'error',
      ename: 'TypeError',
      evalue: 'no',
      traceback: ['TypeError: no', '    at Cell In[1], line 2'],
    },
  ]);
  expect(saved.map(fromOutput)).toEqual(shown);
});
