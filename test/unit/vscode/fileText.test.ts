import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { emptyNotebook, parse, print } from '../../../src/notebook/index.ts';
import type { DocumentData } from '../../../src/vscode/documentData.ts';
import { FileText } from '../../../src/vscode/fileText.ts';

/** What VS Code does with a document between reading and writing: everything but bytes crosses as JSON. */
function throughVsCode(document: DocumentData): DocumentData {
  return {
    metadata: JSON.parse(JSON.stringify(document.metadata)),
    cells: document.cells.map((cell) => ({
      ...cell,
      metadata: JSON.parse(JSON.stringify(cell.metadata)),
      outputs: cell.outputs.map((output) => ({ ...output, metadata: JSON.parse(JSON.stringify(output.metadata)) })),
    })),
  };
}

const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const full = {
  metadata: {
    kernelspec: { name: 'aenb', display_name: 'Autoencoder (TypeScript)', language: 'typescript' },
    ours: 1.5,
  },
  nbformat: 4,
  nbformat_minor: 5,
  cells: [
    {
      cell_type: 'markdown',
      id: 'text',
      metadata: {},
      source: ['# A\n', 'b'],
      attachments: { 'a.png': { 'image/png': pixel } },
    },
    { cell_type: 'raw', id: 'raw', metadata: { format: 'rst' }, source: 'r' },
    {
      cell_type: 'code',
      id: 'code',
      metadata: { tags: ['parameters'], unknown: { deep: [1, null] } },
      source: 'const x = 1;',
      execution_count: 7,
      outputs: [
        { output_type: 'stream', name: 'stdout', text: ['one\n', 'two'] },
        { output_type: 'stream', name: 'stderr', text: 'careful\n' },
        {
          output_type: 'display_data',
          metadata: { width: 3 },
          data: { 'application/vnd.aenb.curves.v1+json': { a: [1, 2.5] }, 'image/png': pixel, 'text/plain': 'curves' },
        },
        {
          output_type: 'execute_result',
          execution_count: 6,
          metadata: {},
          data: { 'text/html': ['<b>\n', 'x</b>'], 'text/plain': '1' },
        },
        {
          output_type: 'error',
          ename: 'TypeError',
          evalue: 'no',
          traceback: ['TypeError: no', '    at f (Cell In[7], line 2)'],
        },
      ],
    },
  ],
};

describe('a notebook that was opened in VS Code', () => {
  const tutorials = new URL('../../../tutorials/', import.meta.url).pathname;
  const texts: [string, string][] = [
    ['with every kind of output', print(parse(JSON.stringify(full)))],
    ['without cells', print(emptyNotebook())],
    ['laid out by another program', `\n${JSON.stringify(full, undefined, 4)}`],
    ['with numbers as Python writes them', JSON.stringify(full).replace('1.5', '1.0').replace('2.5', '1e-07')],
    ...readdirSync(tutorials)
      .filter((name) => name.endsWith('.aenb'))
      .map((name): [string, string] => [name, readFileSync(join(tutorials, name), 'utf8')]),
  ];

  test.each(texts)('is saved as it was: %s', (_, text) => {
    const files = new FileText();
    expect(files.write(throughVsCode(files.read(text)))).toBe(text);
  });

  test('changes only where it was edited', () => {
    const text = print(parse(JSON.stringify(full).replace('2.5', '1e-07')));
    const files = new FileText();
    const document = throughVsCode(files.read(text));
    const [first, ...rest] = document.cells;
    const saved = files.write({ ...document, cells: [{ ...first!, value: '# A\nc' }, ...rest] });
    expect(saved).toBe(text.replace('"b"', '"c"'));
  });

  test('keeps the language of a cell that is not TypeScript', () => {
    const files = new FileText();
    const document = files.read(print(parse(JSON.stringify(full))));
    const cells = document.cells.map((cell) =>
      cell.kind === 'code' && cell.language !== 'raw' ? { ...cell, language: 'json' } : cell,
    );
    const reopened = files.read(files.write({ ...document, cells }));
    expect(reopened.cells.map(({ language }) => language)).toEqual(['markdown', 'raw', 'json']);
  });

  test('gets an id for each cell that has none', () => {
    const files = new FileText();
    const fresh = {
      kind: 'code' as const,
      language: 'typescript',
      value: '1',
      outputs: [],
      executionOrder: undefined,
      metadata: {},
    };
    const ids = parse(files.write({ metadata: {}, cells: [fresh, fresh] })).cells.map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
  });
});

test.each([
  ['cut off', '{"cells": [', /cut off/],
  [
    'of a newer format',
    '{"nbformat": 5, "nbformat_minor": 0, "metadata": {}, "cells": []}',
    /newer notebook format 5\.0/,
  ],
  ['not a notebook', '[1]', /not a notebook/],
])('a file that is %s is refused with the reason', (_, text, reason) => {
  expect(() => new FileText().read(text)).toThrow(reason);
});
