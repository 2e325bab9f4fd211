import { compact, grouped } from '../../drawing/numbers.ts';
import type { DataTable } from './csv.ts';
import { element } from './elements.ts';
import type { Words } from './words.ts';

const rowsAtFirst = 200;
/** Wider tables are for the CSV file. */
const mostColumns = 40;

/** The numbers behind a picture as a table, for those who cannot or would rather not read the picture. */
export function dataPanel(full: DataTable, words: Words): HTMLElement {
  const table = cut(full);
  const numeric = table.columns.map((_, c) => table.rows.some((row) => typeof row[c] === 'number'));
  const cellClass = (c: number) => (numeric[c] ? 'aenb-number' : undefined);
  const head = element(
    'tr',
    {},
    ...table.columns.map((text, c) => element('th', { text, class: cellClass(c), scope: 'col' })),
  );
  const body = element('tbody');
  const addRows = (from: number, to: number) => {
    for (const row of table.rows.slice(from, to)) {
      body.append(
        element('tr', {}, ...row.map((value, c) => element('td', { text: shown(value), class: cellClass(c) }))),
      );
    }
  };
  addRows(0, rowsAtFirst);
  const panel = element('div', { class: 'aenb-data', tabindex: 0 });
  panel.append(element('table', {}, element('thead', {}, head), body));
  if (table.rows.length > rowsAtFirst) {
    const note = element('div', { class: 'aenb-note' });
    const all = element('button', { class: 'aenb-tool', type: 'button', text: words.showAll });
    all.addEventListener('click', () => {
      addRows(rowsAtFirst, table.rows.length);
      note.remove();
    });
    note.append(words.firstRows(grouped(rowsAtFirst), grouped(table.rows.length)), ' ', all);
    panel.append(note);
  }
  return panel;
}

function shown(value: string | number | boolean | null): string {
  if (value === null) return '–';
  return typeof value === 'number' ? compact(value, 6) : String(value);
}

function cut(table: DataTable): DataTable {
  if (table.columns.length <= mostColumns) return table;
  return {
    columns: [...table.columns.slice(0, mostColumns), '…'],
    rows: table.rows.map((row) => [...row.slice(0, mostColumns), '…']),
  };
}
