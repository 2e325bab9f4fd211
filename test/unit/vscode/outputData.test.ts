import { expect, test } from 'vitest';
import { fromFile, fromShown, toFile } from '../../../src/vscode/outputData.ts';

const text = (data: Uint8Array) => new TextDecoder().decode(data);

test('an error begins a line with its cell and line, which VS Code turns into a link', () => {
  const stack = 'TypeError: no\n    at f (Cell In[3], line 4)\n    at node:internal';
  const error = { name: 'TypeError', message: 'no', stack, place: { cell: 'c', count: 3, line: 4, column: 1 } };
  const { items } = fromShown({ kind: 'error', error }, 3);
  expect(items[0]!.mime).toBe('application/vnd.code.notebook.error');
  expect(JSON.parse(text(items[0]!.data)).stack.split('\n')).toEqual([
    'TypeError: no',
    'Cell In[3], line 4',
    '    at f (Cell In[3], line 4)',
    '    at node:internal',
  ]);
});

test('the line that was added for the link is not saved', () => {
  const traceback = ['TypeError: no', '    at f (Cell In[3], line 4)'];
  const saved = { output_type: 'error' as const, ename: 'TypeError', evalue: 'no', traceback };
  const data = fromFile(saved);
  expect(text(data.items[0]!.data)).toContain('\\nCell In[3], line 4\\n');
  expect(toFile(data)).toEqual([saved]);
});

test('our own picture comes first, then the still one, then words', () => {
  const { items } = fromShown(
    {
      kind: 'display',
      data: { 'text/plain': 'x', 'image/png': 'AAAA', 'application/vnd.aenb.table.v1+json': {} },
      metadata: {},
    },
    1,
  );
  expect(items.map(({ mime }) => mime)).toEqual(['application/vnd.aenb.table.v1+json', 'image/png', 'text/plain']);
});

test('images cross as bytes and are saved in base64', () => {
  const data = fromFile({
    output_type: 'display_data',
    data: { 'image/png': 'AQID', 'image/svg+xml': '<svg/>' },
    metadata: {},
  });
  expect([...data.items.find(({ mime }) => mime === 'image/png')!.data]).toEqual([1, 2, 3]);
  expect(toFile(data)).toEqual([
    { output_type: 'display_data', data: { 'image/png': 'AQID', 'image/svg+xml': '<svg/>' }, metadata: {} },
  ]);
});

test('pieces of one text stream are saved as one output, and the two streams apart', () => {
  const piece = (name: string, words: string) => ({
    mime: `application/vnd.code.notebook.${name}`,
    data: new TextEncoder().encode(words),
  });
  expect(toFile({ items: [piece('stdout', 'a'), piece('stdout', 'b'), piece('stderr', 'c')], metadata: {} })).toEqual([
    { output_type: 'stream', name: 'stdout', text: 'ab' },
    { output_type: 'stream', name: 'stderr', text: 'c' },
  ]);
});

test('outputs that another extension put into a notebook are saved', () => {
  const json = new TextEncoder().encode('{"a":1}');
  const error = new TextEncoder().encode('{"name":"E","message":"m","stack":"E: m"}');
  expect(toFile({ items: [{ mime: 'application/json', data: json }], metadata: {} })).toEqual([
    { output_type: 'display_data', data: { 'application/json': { a: 1 } }, metadata: {} },
  ]);
  expect(toFile({ items: [{ mime: 'application/vnd.code.notebook.error', data: error }], metadata: {} })).toEqual([
    { output_type: 'error', ename: 'E', evalue: 'm', traceback: ['E: m'] },
  ]);
});
