import { mostRows, TABLE_MIME, type TableColumn, type TableValue } from '../../renderers/table/payload.ts';
import { counted, type Displayable, displayable, type Picture, tableValue } from './display.ts';

const significantDigits = 4;
const mostDecimals = 8;
const mostColumns = 200;

/**
 * Records as a table: numbers of a column share their decimals and are aligned, so that they can be compared.
 *
 * @param rows records; columns are the keys in the order in which they first occur
 */
export function table(
  rows: readonly Readonly<Record<string, unknown>>[],
  options: { title?: string } = {},
): Displayable {
  return displayable(tablePicture(rows, options));
}

export function tablePicture(
  input: readonly Readonly<Record<string, unknown>>[],
  options: { title?: string } = {},
): Picture {
  if (!Array.isArray(input) || input.some((row) => typeof row !== 'object' || row === null)) {
    throw new TypeError('table needs a list of records, such as [{ name: "PCA", error: 0.1 }]');
  }
  const names = [...new Set(input.flatMap((row) => Object.keys(row)))].slice(0, mostColumns);
  const rows = input
    .slice(0, mostRows)
    .map((row) => names.map((name) => tableValue((row as Record<string, unknown>)[name])));
  const columns = names.map((name, c) =>
    column(
      name,
      rows.map((row) => row[c]!),
    ),
  );
  const all = `${counted(input.length, 'row')} and ${counted(names.length, 'column')}`;
  return {
    mime: TABLE_MIME,
    payload: {
      title: options.title,
      text: asText(columns, rows, options.title ?? `Table of ${all}`, input.length),
      columns,
      rows,
      total: input.length,
    },
  };
}

function column(name: string, values: readonly TableValue[]): TableColumn {
  const numbers = values.filter((value) => typeof value === 'number');
  const others = values.filter(
    (value) => value !== null && typeof value !== 'number' && !/^-?(NaN|Infinity)$/.test(String(value)),
  );
  if (!numbers.length || others.length) return { name, numeric: false };
  return { name, numeric: true, digits: decimals(numbers) };
}

/** As many decimals as the greatest number needs for four significant digits, none for integers. */
function decimals(numbers: readonly number[]): number {
  if (numbers.every(Number.isInteger)) return 0;
  const greatest = Math.max(...numbers.map(Math.abs));
  const before = greatest > 0 ? Math.floor(Math.log10(greatest)) + 1 : 1;
  return Math.min(mostDecimals, Math.max(0, significantDigits - before));
}

const rowsInText = 20;

/** The table in aligned columns, as other viewers and the command line show it. */
function asText(
  columns: readonly TableColumn[],
  rows: readonly (readonly TableValue[])[],
  heading: string,
  total: number,
): string {
  const cells = rows.slice(0, rowsInText).map((row) => row.map((value, c) => cellText(value, columns[c]!)));
  const widths = columns.map((one, c) =>
    Math.min(40, Math.max(one.name.length, ...cells.map((row) => row[c]!.length))),
  );
  const line = (texts: readonly string[]) =>
    texts
      .map((text, c) => (columns[c]!.numeric ? text.padStart(widths[c]!) : text.padEnd(widths[c]!)))
      .join('  ')
      .trimEnd();
  const rest = total > rowsInText ? [`… ${total - rowsInText} more rows`] : [];
  return [heading, line(columns.map((one) => one.name)), ...cells.map(line), ...rest].join('\n').slice(0, 9_000);
}

export function cellText(value: TableValue, { digits }: TableColumn): string {
  if (value === null) return '';
  if (typeof value === 'number' && digits !== undefined) return value.toFixed(digits);
  return String(value);
}
