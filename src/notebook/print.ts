import {
  type MimeBundle,
  NBFORMAT,
  NBFORMAT_MINOR,
  type Notebook,
  type NotebookCell,
  type Output,
  uniqueIds,
} from './format.ts';
import { copyOf, printJson } from './json.ts';

/**
 * The canonical text of a notebook, as Jupyter writes it: keys sorted, one space of indentation, texts as arrays of
 * lines, a newline at the end. It always passes nbformat's validation: counts and outputs appear where the format wants
 * them, and a repeated id is replaced.
 */
export function print(notebook: Notebook): string {
  const ids = uniqueIds(notebook.cells);
  const cells = notebook.cells.map((cell, i) => printableCell(cell, ids[i]!));
  const file = { ...copyOf(notebook), nbformat: NBFORMAT, nbformat_minor: NBFORMAT_MINOR, cells };
  return `${printJson(file)}\n`;
}

function printableCell(cell: NotebookCell, id: string): Record<string, unknown> {
  const { outputs, execution_count: count, attachments, ...rest } = cell;
  const printable: Record<string, unknown> = { ...rest, id, source: splitLines(cell.source) };
  if (attachments) {
    printable.attachments = Object.fromEntries(
      Object.entries(attachments).map(([name, bundle]) => [name, printableBundle(bundle as MimeBundle)]),
    );
  }
  if (cell.cell_type === 'code') {
    printable.execution_count = count ?? null;
    printable.outputs = (outputs ?? []).map(printableOutput);
  }
  return printable;
}

function printableOutput(output: Output): Record<string, unknown> {
  switch (output.output_type) {
    case 'stream':
      return { ...output, text: splitLines(output.text) };
    case 'display_data':
    case 'execute_result':
      return { ...output, data: printableBundle(output.data) };
    default:
      return { ...output };
  }
}

/** Types that Jupyter splits into lines beside text/*; others, base64 above all, stay one string. */
const splitTypes = new Set(['application/javascript', 'image/svg+xml']);

function printableBundle(bundle: MimeBundle): MimeBundle {
  const printable = copyOf(bundle);
  for (const [mime, value] of Object.entries(bundle)) {
    if (typeof value === 'string' && (mime.startsWith('text/') || splitTypes.has(mime)))
      printable[mime] = splitLines(value);
  }
  return printable;
}

/** What Python's str.splitlines takes for the end of a line; Jupyter splits with it. */
const LINE_END = '\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029';
const LINE = new RegExp(`[^${LINE_END}]*(?:\\r\\n|[${LINE_END}])|[^${LINE_END}]+`, 'g');

function splitLines(text: string): string[] {
  return text.match(LINE) ?? [];
}
