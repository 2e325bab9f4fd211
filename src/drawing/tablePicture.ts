import type { TableColumn, TablePayload, TableValue } from '../renderers/table/payload.ts';
import { type Context, fitText, font } from './canvas.ts';
import { fixed, grouped } from './numbers.ts';
import type { Theme } from './theme.ts';

/** A value as its column shows it: all numbers with the same decimals, thousands set apart. */
export function cellText(value: TableValue, column: TableColumn): string {
  if (value === null) return '';
  if (typeof value !== 'number' || column.digits === undefined) return String(value);
  if (value !== 0 && Math.abs(value) < 0.5 * 10 ** -column.digits) return value.toExponential(1).replace(/-/g, '−');
  const text = fixed(value, column.digits);
  const [whole = '', fraction] = text.split('.');
  return grouped(whole) + (fraction ? `.${fraction}` : '');
}

const rowHeight = 26;
const padding = 12;
const widestColumn = 240;
const mostRows = 20;

/** @returns the size it needs; nothing is painted without a context of that size */
export function layOutTable(context: Context, payload: TablePayload, theme: Theme) {
  context.font = font(theme);
  const rows = payload.rows.slice(0, mostRows);
  const widths = payload.columns.map((column, c) => {
    const texts = [column.name, ...rows.map((row) => cellText(row[c]!, column))];
    return (
      Math.min(widestColumn, Math.ceil(Math.max(...texts.map((text) => context.measureText(text).width)))) + 2 * padding
    );
  });
  const more = payload.total > rows.length ? 1 : 0;
  return {
    rows,
    widths,
    width: widths.reduce((sum, width) => sum + width, 0),
    height: (rows.length + 1 + more) * rowHeight + 1,
  };
}

export function paintTable(
  context: Context,
  payload: TablePayload,
  layout: ReturnType<typeof layOutTable>,
  theme: Theme,
): void {
  context.textBaseline = 'middle';
  const line = (row: number, texts: readonly string[], weight: number, colour: string) => {
    let x = 0;
    texts.forEach((text, c) => {
      const { numeric } = payload.columns[c]!;
      const width = layout.widths[c]!;
      context.font = font(theme, theme.fontSize, weight);
      context.fillStyle = colour;
      context.textAlign = numeric ? 'right' : 'left';
      const shown = fitText(context, text, width - 2 * padding + 1);
      context.fillText(shown, numeric ? x + width - padding : x + padding, (row + 0.5) * rowHeight);
      x += width;
    });
    context.fillStyle = theme.grid;
    context.fillRect(0, (row + 1) * rowHeight, layout.width, 1);
  };
  line(
    0,
    payload.columns.map((column) => column.name),
    600,
    theme.text,
  );
  layout.rows.forEach((row, r) => {
    line(
      r + 1,
      row.map((value, c) => cellText(value, payload.columns[c]!)),
      400,
      theme.text,
    );
  });
  if (payload.total > layout.rows.length) {
    context.textAlign = 'left';
    context.fillStyle = theme.muted;
    context.font = font(theme, theme.fontSize - 1);
    const rest = payload.total - layout.rows.length;
    context.fillText(`… ${grouped(rest)} more rows`, padding, (layout.rows.length + 1.5) * rowHeight);
  }
}
