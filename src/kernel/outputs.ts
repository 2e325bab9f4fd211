/**
 * What a kernel's events change in a cell's outputs. Pure; VS Code's driver and the command line's document both use
 * it, so a notebook looks the same wherever it ran.
 */
import type { CellError, MimeBundle, OutputEvent } from './protocol';

export type CellOutput =
  | { readonly kind: 'stream'; readonly name: 'stdout' | 'stderr'; readonly text: string }
  | { readonly kind: 'display'; readonly id?: string; readonly data: MimeBundle; readonly metadata: MimeBundle }
  | { readonly kind: 'result'; readonly data: MimeBundle; readonly metadata: MimeBundle }
  | { readonly kind: 'error'; readonly error: CellError };

export interface CellState {
  readonly outputs: readonly CellOutput[];
  /** The next output empties the cell first. */
  readonly clearPending: boolean;
}

export type OutputChange =
  | { readonly kind: 'append'; readonly output: CellOutput }
  /** More text for the stream output at `index`. */
  | { readonly kind: 'appendText'; readonly index: number; readonly text: string }
  | { readonly kind: 'replace'; readonly index: number; readonly output: CellOutput }
  | { readonly kind: 'clear' };

type Reduction = { cell: CellState; changes: OutputChange[] };

export const emptyCell: CellState = { outputs: [], clearPending: false };

export function reduce(cell: CellState, event: OutputEvent): Reduction {
  if (event.kind === 'clear') {
    if (event.wait) return { cell: { ...cell, clearPending: true }, changes: [] };
    return { cell: emptyCell, changes: [{ kind: 'clear' }] };
  }
  if (event.kind === 'update') return update(cell, event.id, event.data, event.metadata ?? {});
  if (cell.clearPending) {
    const { cell: next, changes } = add(emptyCell, event);
    return { cell: next, changes: [{ kind: 'clear' }, ...changes] };
  }
  return add(cell, event);
}

function add(cell: CellState, event: Exclude<OutputEvent, { kind: 'clear' | 'update' }>): Reduction {
  switch (event.kind) {
    case 'stream':
      return stream(cell, event.name, event.text);
    case 'display':
      return append(cell, {
        kind: 'display',
        ...(event.id === undefined ? {} : { id: event.id }),
        data: event.data,
        metadata: event.metadata ?? {},
      });
    case 'result':
      return append(cell, { kind: 'result', data: event.data, metadata: event.metadata ?? {} });
    case 'error':
      return append(cell, { kind: 'error', error: event.error });
  }
}

function append(cell: CellState, output: CellOutput): Reduction {
  return { cell: { ...cell, outputs: [...cell.outputs, output] }, changes: [{ kind: 'append', output }] };
}

function replace(cell: CellState, index: number, output: CellOutput): Reduction {
  return {
    cell: { ...cell, outputs: cell.outputs.with(index, output) },
    changes: [{ kind: 'replace', index, output }],
  };
}

/** Every output with this id shows the new value. */
function update(cell: CellState, id: string, data: MimeBundle, metadata: MimeBundle): Reduction {
  const changes: OutputChange[] = [];
  const outputs = cell.outputs.map((output, index) => {
    if (output.kind !== 'display' || output.id !== id) return output;
    const next: CellOutput = { kind: 'display', id, data, metadata };
    changes.push({ kind: 'replace', index, output: next });
    return next;
  });
  return { cell: { ...cell, outputs }, changes };
}

function stream(cell: CellState, name: 'stdout' | 'stderr', text: string): Reduction {
  const index = cell.outputs.length - 1;
  const last = cell.outputs[index];
  const continues = last?.kind === 'stream' && last.name === name;
  if (!REDRAWS.test(text) && !(continues && last.text.endsWith('\r'))) {
    if (!continues) return append(cell, { kind: 'stream', name, text });
    const output: CellOutput = { ...last, text: last.text + text };
    return {
      cell: { ...cell, outputs: cell.outputs.with(index, output) },
      changes: [{ kind: 'appendText', index, text }],
    };
  }
  const before = continues ? last.text : '';
  const lineStart = before.lastIndexOf('\n') + 1;
  const redrawn: CellOutput = {
    kind: 'stream',
    name,
    text: before.slice(0, lineStart) + redraw(before.slice(lineStart) + text),
  };
  return continues ? replace(cell, index, redrawn) : append(cell, redrawn);
}

/** A carriage return that goes back over a line, or a backspace. A carriage return at the very end waits for what follows. */
const REDRAWS = /\r(?!\n)|[\b]/;

/** The text as a terminal shows it, in which a carriage return goes back to the line's start and writing overwrites. */
function redraw(text: string): string {
  return text.split('\n').map(redrawLine).join('\n');
}

function redrawLine(line: string): string {
  const ended = line.endsWith('\r');
  const body = ended ? line.slice(0, -1) : line;
  if (!REDRAWS.test(body)) return line;
  const cells: string[] = [];
  let at = 0;
  for (const token of body.match(TOKENS) ?? []) {
    if (token === '\r') at = 0;
    else if (token === '\b') at = Math.max(0, at - 1);
    else if (token.startsWith('\u001b')) cells[at] = token + (cells[at] ?? '');
    else cells[at++] = token;
  }
  return cells.join('') + (ended ? '\r' : '');
}

/** Characters as people count them, colour sequences as one, and the control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape character begins a colour sequence
const TOKENS = /\u001b\[[0-9;]*[A-Za-z]|[\s\S]/gu;
