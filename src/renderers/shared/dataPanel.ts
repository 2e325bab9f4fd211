import { compact, grouped } from '../../drawing/numbers.ts';
import type { DataTable } from './csv.ts';
import { element } from './elements.ts';
import type { Words } from './words.ts';

const rowsAtFirst = 200;
/** A press shows so many: a window that has to lay out a million would stand still. */
const rowsAtOnce = 5_000;
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
  const panel = element('div', { class: 'aenb-data', tabindex: 0 });
  panel.append(element('table', {}, element('thead', {}, head), body));
  const { length } = table.rows;
  const first = Math.min(length, rowsAtFirst);
  addRows(0, first);
  if (first < length) panel.append(moreRows(first, length, addRows, words));
  return panel;
}

/** How many rows are shown of how many, and a button for more. */
function moreRows(
  first: number,
  total: number,
  addRows: (from: number, to: number) => void,
  words: Words,
): HTMLElement {
  const text = document.createTextNode('');
  const more = element('button', { class: 'aenb-tool', type: 'button' });
  const note = element('div', { class: 'aenb-note' }, text, more);
  let shown = first;
  const tell = () => {
    text.data = `${words.firstRows(grouped(shown), grouped(total))} `;
    more.textContent = total - shown > rowsAtOnce ? words.showMore : words.showAll;
  };
  more.addEventListener('click', () => {
    const to = Math.min(total, shown + rowsAtOnce);
    addRows(shown, to);
    shown = to;
    if (shown === total) note.remove();
    else tell();
  });
  tell();
  return note;
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
