import { Fields, PayloadError } from '../shared/parse.ts';

export const TABLE_MIME = 'application/vnd.aenb.table.v1+json';

export type TableValue = string | number | boolean | null;

/** Rows with named columns. */
export interface TablePayload {
  readonly title?: string;
  /** One sentence with the numbers, for screen readers. */
  readonly text: string;
  readonly columns: readonly TableColumn[];
  /** [rows][columns]; NaN and infinities are texts. */
  readonly rows: readonly (readonly TableValue[])[];
  /** Rows there were; more than `rows` holds when only the first are kept. */
  readonly total: number;
}
export interface TableColumn {
  readonly name: string;
  /** Aligned at the right, sorted by value. */
  readonly numeric: boolean;
  /** Digits after the decimal point that every number of the column is shown with; absent for texts. */
  readonly digits?: number;
}

const mostColumns = 200;
export const mostRows = 10_000;

export function parseTable(value: unknown): TablePayload {
  const record = new Fields(value, 'table');
  const columns = record.list('columns', mostColumns, (entry, path): TableColumn => {
    const column = new Fields(entry, path);
    return {
      name: column.text('name'),
      numeric: column.flag('numeric'),
      digits: column.has('digits') ? column.count('digits', 0, 20) : undefined,
    };
  });
  const rows = record.list('rows', mostRows, (entry, path) => {
    if (!Array.isArray(entry) || entry.length !== columns.length) {
      throw new PayloadError(`${path} must be a list of ${columns.length}, one value per column`);
    }
    for (const cell of entry) {
      const allowed = cell === null || typeof cell === 'boolean' || typeof cell === 'string' || Number.isFinite(cell);
      if (!allowed) throw new PayloadError(`${path} may hold texts, finite numbers, true, false and null`);
    }
    return entry as TableValue[];
  });
  return {
    title: record.optionalText('title'),
    text: record.text('text'),
    columns,
    rows,
    total: record.count('total', rows.length, Number.MAX_SAFE_INTEGER),
  };
}
