/** The numbers behind a picture. */
export interface DataTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | boolean | null)[])[];
}

/** Comma-separated values as in RFC 4180; numbers in full. */
export function toCsv(table: DataTable): string {
  const field = (value: string | number | boolean | null) => {
    const text = value === null ? '' : String(value);
    // A text that a spreadsheet would take for a formula is kept a text.
    const safe = typeof value === 'string' && /^[=+@\t]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return `${[table.columns, ...table.rows].map((row) => row.map(field).join(',')).join('\r\n')}\r\n`;
}

/** A file name made of a title. */
export function fileName(title: string, extension: string): string {
  const base = title
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60);
  return `${base || 'aenb'}.${extension}`;
}
