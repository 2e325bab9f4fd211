import { describe, expect, test } from 'vitest';
import { type CellState, emptyCell, type OutputChange, reduce } from '../../src/kernel/outputs.ts';
import type { OutputEvent } from '../../src/kernel/protocol.ts';

const out = (text: string): OutputEvent => ({ kind: 'stream', name: 'stdout', text });
const display = (text: string, id?: string): OutputEvent => ({
  kind: 'display',
  ...(id === undefined ? {} : { id }),
  data: { 'text/plain': text },
});

function reduceAll(...events: OutputEvent[]): { cell: CellState; changes: OutputChange[] } {
  let cell = emptyCell;
  const changes: OutputChange[] = [];
  for (const event of events) {
    const next = reduce(cell, event);
    cell = next.cell;
    changes.push(...next.changes);
  }
  return { cell, changes };
}
const textOf = (...texts: string[]): string =>
  reduceAll(...texts.map(out))
    .cell.outputs.map((output) => (output.kind === 'stream' ? output.text : ''))
    .join('|');

describe('text', () => {
  test('of one stream is one output that grows', () => {
    const { cell, changes } = reduceAll(
      out('a\n'),
      out('b\n'),
      { kind: 'stream', name: 'stderr', text: 'c' },
      out('d'),
    );
    expect(cell.outputs.map((output) => output.kind === 'stream' && `${output.name} ${output.text}`)).toEqual([
      'stdout a\nb\n',
      'stderr c',
      'stdout d',
    ]);
    expect(changes.map(({ kind }) => kind)).toEqual(['append', 'appendText', 'append', 'append']);
  });

  test('a carriage return goes back over the line, as a terminal shows it', () => {
    expect(textOf('10 %\r20 %')).toBe('20 %');
    expect(textOf('done\nlong line\rshort')).toBe('done\nshortline');
    expect(textOf('50 %', '\r', '100 %\n', 'next')).toBe('100 %\nnext');
    expect(textOf('windows\r\nline\r\n')).toBe('windows\r\nline\r\n');
    expect(textOf('a\r', '\nb')).toBe('a\r\nb');
  });

  test('a backspace takes a character back, and stops at the start of the line', () => {
    expect(textOf('ab\bc')).toBe('ac');
    expect(textOf('x\n\b\by')).toBe('x\ny');
    expect(textOf('/', '\b-', '\b|')).toBe('|');
  });

  test('colours stay when a line is drawn again', () => {
    expect(textOf('\u001b[32m10 %\u001b[0m\r\u001b[32m20 %\u001b[0m')).toMatch(/20 %/);
    expect(textOf('\u001b[31mred\u001b[0m plain')).toBe('\u001b[31mred\u001b[0m plain');
  });
});

describe('displays', () => {
  test('an update replaces every output with its id, in place', () => {
    const { cell, changes } = reduceAll(display('1', 'a'), out('between'), display('2', 'a'), {
      kind: 'update',
      id: 'a',
      data: { 'text/plain': 'new' },
    });
    expect(cell.outputs.map((output) => (output.kind === 'display' ? output.data['text/plain'] : output.kind))).toEqual(
      ['new', 'stream', 'new'],
    );
    expect(changes.slice(3)).toMatchObject([
      { kind: 'replace', index: 0 },
      { kind: 'replace', index: 2 },
    ]);
  });

  test('an update of an output that is gone changes nothing', () => {
    const gone: OutputEvent = { kind: 'update', id: 'gone', data: {} };
    expect(reduceAll(display('1', 'a'), { kind: 'clear', wait: false }, gone).cell.outputs).toEqual([]);
  });
});

describe('clear', () => {
  test('empties the cell at once', () => {
    expect(reduceAll(out('a'), { kind: 'clear', wait: false }).changes.at(-1)).toEqual({ kind: 'clear' });
  });

  test('with wait empties it when the next output comes, so that nothing flickers', () => {
    const waiting = reduceAll(out('a'), { kind: 'clear', wait: true });
    expect(waiting.cell.outputs).toHaveLength(1);
    const { cell, changes } = reduce(waiting.cell, display('b'));
    expect(cell).toMatchObject({ outputs: [{ kind: 'display' }], clearPending: false });
    expect(changes.map(({ kind }) => kind)).toEqual(['clear', 'append']);
  });
});
