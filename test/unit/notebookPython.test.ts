import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { codeCell, emptyNotebook, markdownCell, parse, print } from '../../src/notebook/index.ts';
import { pythonWith } from '../python.ts';

const found = pythonWith({ nbformat: '5.11.1' });
const python = 'python' in found ? found.python : '';
if ('missing' in found) console.warn(`Not compared with Jupyter's own reader and writer. ${found.missing}`);

const folder = mkdtempSync(join(tmpdir(), 'aenb-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a notebook with Jupyter's library: what is hard to write the same way elsewhere. */
const WRITE = String.raw`
import sys, nbformat
from nbformat.v4 import new_notebook, new_code_cell, new_markdown_cell, new_raw_cell, new_output
numbers = [1e-7, 1e16, 1e22, 12345678901234567890, float("nan"), float("-inf"), -0.0, 1.5e300, 100000.0, 0.1, 3]
data = {
    "text/plain": "a\nb", "text/html": "", "image/png": "aGk=\n", "image/svg+xml": "<svg>\n</svg>",
    "application/javascript": "a\nb", "application/json": "text\nof lines",
    "application/vnd.plotly.v1+json": {"b": 1.0, "a": [1.0, 2.50, {"k": 3.0}], "lines": ["x\n", "y"], "none": None, "yes": True},
}
notebook = new_notebook(metadata={"numbers": numbers, "é😀": "x", "\uffff": 1, "😀": 2, "Z": {}, "a": [], "_": "\x01\x1f\x7f\u2028\"\\/"})
notebook.cells = [
    new_markdown_cell("# T\n\ntext\r\nx\x0cy\u2028z\x85w\x1c.\x0b", attachments={"a.png": {"image/png": "iVBO\n"}, "b": {"text/plain": "x\ny"}}),
    new_raw_cell(""),
    new_code_cell("let a = 1\n\n", execution_count=3, metadata={"tags": ["parameters"], "scrolled": False}, outputs=[
        new_output("stream", name="stdout", text="a\rb\r\nc\n\x1b[31mred\x1b[0m\x85\x7f"),
        new_output("stream", name="stderr", text=""),
        new_output("display_data", data=data, metadata={"image/png": {"width": 1.0}}),
        new_output("execute_result", data={"text/plain": "7", "application/json": 2.0}, execution_count=3),
        new_output("error", ename="E", evalue="v\nw", traceback=["a\nb", "c"]),
    ]),
]
nbformat.write(notebook, sys.argv[1])
`;

/** Reads, validates and writes again with Jupyter's library. */
const REWRITE = `
import sys, nbformat
notebook = nbformat.read(sys.argv[1], as_version=4)
nbformat.validate(notebook)
nbformat.write(notebook, sys.argv[2])
`;

function run(script: string, ...args: string[]): void {
  execFileSync(python, ['-W', 'error', '-c', script, ...args], { stdio: 'pipe' });
}

describe.skipIf(!python)('beside the Python package nbformat', () => {
  test('what Jupyter wrote comes back byte for byte', () => {
    const path = join(folder, 'jupyter.ipynb');
    run(WRITE, path);
    const text = readFileSync(path, 'utf8');
    expect(text).toContain('1e-07');
    expect(print(parse(text))).toBe(text);
  });

  test('what we wrote is valid for Jupyter, which writes it again byte for byte', () => {
    const cells = [markdownCell('# 題\n\n“text”\u2028\r\n'), codeCell('const a = `x`;\n\na'), codeCell('')];
    cells[1]!.execution_count = 1;
    cells[1]!.outputs = [
      { output_type: 'stream', name: 'stdout', text: '1\r2\n\u001b[1mbold\u001b[0m' },
      {
        output_type: 'display_data',
        data: {
          'application/vnd.aenb.curves.v1+json': { loss: [0.5, 1e-3, null] },
          'image/png': 'iVBORw0K',
          'text/plain': 'a\nb',
        },
        metadata: {},
      },
      { output_type: 'execute_result', data: { 'text/plain': '1' }, metadata: {}, execution_count: 1 },
      { output_type: 'error', ename: 'Error', evalue: 'x', traceback: ['Error: x', '    at Cell In[1], line 1'] },
    ];
    const path = join(folder, 'ours.aenb');
    const again = join(folder, 'again.ipynb');
    const text = print({ ...emptyNotebook(), cells });
    writeFileSync(path, text);
    run(REWRITE, path, again);
    expect(readFileSync(again, 'utf8')).toBe(text);
  });

  test('a file of an older minor version is valid for Jupyter after reading and writing', () => {
    const path = join(folder, 'old.aenb');
    const old = { cell_type: 'code', metadata: {}, source: '1', outputs: [], execution_count: null };
    writeFileSync(
      path,
      print(parse(JSON.stringify({ nbformat: 4, nbformat_minor: 2, metadata: {}, cells: [old, old] }))),
    );
    run(REWRITE, path, join(folder, 'old-again.ipynb'));
    expect(readFileSync(join(folder, 'old-again.ipynb'), 'utf8')).toBe(readFileSync(path, 'utf8'));
  });
});
