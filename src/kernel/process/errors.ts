/** Errors in terms of cells: stacks that name `Cell In[3], line 4`, without frames of Node and the kernel. */
import { dirname, sep } from 'node:path';
import { inspect } from 'node:util';
import type { CellError } from '../protocol';
import { CellSyntaxError } from './erase';

interface Script {
  readonly cell: string;
  readonly count: number;
  readonly source: string;
  readonly position: (line: number, column: number) => { line: number; column: number } | undefined;
}

/** Local files and cells whose code was rewritten before V8 saw it, by the name that V8 knows. */
const scripts = new Map<string, Script>();
const files = new Map<string, Script['position']>();
/** Files of the kernel's own making, which no stack should show. */
const hidden = new Set<string>();

export function hideFile(file: string): void {
  hidden.add(file);
}

export const scriptName = (count: number): string => `Cell In[${count}]`;
/** The name of the cell's own function, which no stack should show. */
const CELL_FRAME = /^(async )?(?:(?:Object|Function)\.)?<anonymous> \((.*)\)$/;

export function registerScript(script: Script): void {
  scripts.set(scriptName(script.count), script);
}

/** A file that was compiled on its way in. */
export function registerFile(file: string, position: Script['position']): void {
  files.set(file, position);
}

/** Where in a cell an error was made, innermost. */
const places = new WeakMap<object, { count: number; line: number; column: number }>();

/** Makes `error.stack` speak of cells, wherever it is read. */
export function installStackTraces(kernelFile: string): void {
  hideFile(kernelFile);
  const bundles = dirname(kernelFile) + sep;
  Error.stackTraceLimit = 30;
  Error.prepareStackTrace = (error, frames) => {
    const lines: string[] = [];
    for (const frame of frames) {
      const file = frame.getFileName() ?? frame.getScriptNameOrSourceURL() ?? frame.getEvalOrigin() ?? undefined;
      if (file !== undefined && (hidden.has(file) || file.startsWith('node:') || file.startsWith(bundles))) continue;
      lines.push(`\n    at ${frameText(frame, file, error)}`);
    }
    return header(error) + lines.join('');
  };
}

function header(error: unknown): string {
  try {
    return String(error) === '[object Object]' ? 'Error' : Error.prototype.toString.call(error);
  } catch {
    return 'Error';
  }
}

function frameText(frame: NodeJS.CallSite, file: string | undefined, error: object): string {
  const text = String(frame);
  const line = frame.getLineNumber() ?? 1;
  const column = frame.getColumnNumber() ?? 1;
  const script = file === undefined ? undefined : scripts.get(file);
  if (script !== undefined) {
    const place = script.position(line, column) ?? { line, column };
    if (!places.has(error)) places.set(error, { count: script.count, ...place });
    const where = `${scriptName(script.count)}, line ${place.line}`;
    const top = CELL_FRAME.exec(text);
    if (top?.[2] === `${file}:${line}:${column}`) return where;
    return text.replace(`${file}:${line}:${column}`, where);
  }
  const position = file === undefined ? undefined : files.get(file);
  const place = position?.(line, column);
  return place ? text.replace(`:${line}:${column}`, `:${place.line}:${place.column}`) : text;
}

const FRAME = /Cell In\[(\d+)\], line (\d+)/;

/** What a cell shows when `thrown` ended it. */
export function asCellError(thrown: unknown, running?: { cell: string; count: number; source: string }): CellError {
  if (thrown instanceof CellSyntaxError && thrown.file === undefined && running !== undefined) {
    return syntaxError(thrown, running);
  }
  if (!isError(thrown)) {
    const message = typeof thrown === 'string' ? thrown : inspect(thrown, { depth: 2 });
    return { name: 'Uncaught', message, stack: `Uncaught ${message}` };
  }
  const name = safely(() => String(thrown.name), 'Error');
  const message = safely(() => String(thrown.message), '');
  const lines = fullStack(thrown).split('\n');
  const found = places.get(thrown);
  const script = found && scripts.get(scriptName(found.count));
  if (found === undefined || script === undefined) return { name, message, stack: lines.join('\n') };
  const sourceLine = script.source.split('\n')[found.line - 1] ?? '';
  const at = lines.findIndex((line) => /^\s+at /.test(line) && FRAME.test(line));
  if (at >= 0) lines.splice(at + 1, 0, `        ${sourceLine.trim()}`);
  const place = { cell: script.cell, count: found.count, line: found.line, column: found.column };
  return { name, message, stack: lines.join('\n'), place, sourceLine };
}

function syntaxError(error: CellSyntaxError, running: { cell: string; count: number; source: string }): CellError {
  const sourceLine = running.source.split('\n')[error.line - 1] ?? '';
  const stack = [
    `SyntaxError: ${error.message}`,
    `    at ${scriptName(running.count)}, line ${error.line}`,
    `        ${sourceLine}`,
    `        ${sourceLine.slice(0, error.column - 1).replace(/\S/g, ' ')}^`,
  ].join('\n');
  const place = { cell: running.cell, count: running.count, line: error.line, column: error.column };
  return { name: 'SyntaxError', message: error.message, stack, place, sourceLine };
}

function fullStack(error: Error, depth = 0): string {
  let text = safely(() => String(error.stack ?? error), String(error.name));
  if (error instanceof AggregateError && depth < 4) {
    for (const inner of error.errors.slice(0, 10))
      text += `\n${indent(isError(inner) ? fullStack(inner, depth + 1) : inspect(inner))}`;
  }
  const cause = safely(() => error.cause, undefined);
  if (cause !== undefined && depth < 4) {
    text += `\n  [cause]: ${isError(cause) ? fullStack(cause, depth + 1) : inspect(cause)}`;
  }
  return text;
}

const indent = (text: string): string => text.replace(/^/gm, '  ');

function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

function safely<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
