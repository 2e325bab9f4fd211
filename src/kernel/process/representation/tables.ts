/** An array of records is shown as a table, with the array's text beside it. */
import type { MimeBundle } from '../../protocol';
import { escapeHtml } from '../markup';
import { text } from './text';

const ROWS = 200;
const COLUMNS = 30;
const CELL = 200;

type Row = Record<string, unknown>;

export function tableBundle(value: unknown): MimeBundle | undefined {
  if (!Array.isArray(value) || value.length === 0 || !value.slice(0, ROWS).every(isRecord)) return undefined;
  const rows = value.slice(0, ROWS) as Row[];
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (columns.length === 0 || columns.length > COLUMNS) return undefined;
  return { 'text/html': html(rows, columns, value.length), 'text/plain': text(value) };
}

/** A plain object whose values are not records themselves: a table of trees helps nobody. */
function isRecord(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(Object.getOwnPropertyDescriptors(value)).every(
    ({ get, value: cell }) => get === undefined && isPlain(cell),
  );
}

function isPlain(cell: unknown): boolean {
  return (typeof cell !== 'object' && typeof cell !== 'function') || cell === null || cell instanceof Date;
}

function html(rows: readonly Row[], columns: readonly string[], total: number): string {
  const head = columns.map((name) => `<th>${escapeHtml(name)}</th>`).join('');
  const body = rows.map((row) => `<tr>${columns.map((name) => cell(row[name])).join('')}</tr>`).join('\n');
  const more = total > rows.length ? `<p>${total - rows.length} more rows</p>` : '';
  return `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table>${more}`;
}

function cell(value: unknown): string {
  if (value === undefined) return '<td></td>';
  const shown = value instanceof Date ? dateText(value) : String(value);
  const right = typeof value === 'number' || typeof value === 'bigint' ? ' style="text-align: right"' : '';
  return `<td${right}>${escapeHtml(shown.length > CELL ? `${shown.slice(0, CELL)}…` : shown)}</td>`;
}

function dateText(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'Invalid Date' : date.toISOString();
}
