import type { Context } from '../../drawing/canvas.ts';
import { grouped } from '../../drawing/numbers.ts';
import { cellText, layOutTable, paintTable } from '../../drawing/tablePicture.ts';
import { toCsv } from '../shared/csv.ts';
import { element, makeCanvas } from '../shared/elements.ts';
import { type Frame, type Kind, type Surroundings, tool, type View } from '../shared/output.ts';
import { parseTable, type TablePayload, type TableValue } from './payload.ts';

const copyIcon = 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z';
const rowsAtFirst = 200;

class TableView implements View<TablePayload> {
  readonly root = element('div', { class: 'aenb-table-scroll' });
  private sorted: { column: number; down: boolean } | undefined;
  private all = false;

  constructor(
    private payload: TablePayload,
    private readonly frame: Frame,
  ) {
    frame.addTool(
      tool(frame.words.copyCsv, copyIcon, () => {
        const csv = toCsv(this.data());
        void navigator.clipboard.writeText(csv).then(() => frame.say(frame.words.copied));
      }),
    );
    this.fill();
  }

  update(payload: TablePayload): void {
    this.payload = payload;
    this.sorted = undefined;
    this.fill();
  }

  /** The table is HTML, which follows the theme by itself. */
  paint(): void {}

  private fill(): void {
    const { payload } = this;
    const { words } = this.frame;
    const head = element('tr', {}, ...payload.columns.map((_, c) => this.heading(c)));
    const rows = this.rows();
    const shown = this.all ? rows : rows.slice(0, rowsAtFirst);
    const body = element(
      'tbody',
      {},
      ...shown.map((row) => element('tr', {}, ...row.map((value, c) => this.cell(value, c)))),
    );
    this.root.replaceChildren(element('table', {}, element('thead', {}, head), body));
    if (shown.length === payload.total) return;
    const note = element('div', {
      class: 'aenb-note',
      text: words.firstRows(grouped(shown.length), grouped(payload.total)),
    });
    if (shown.length < rows.length) {
      const more = element('button', { class: 'aenb-tool', type: 'button', text: words.showAll });
      more.addEventListener('click', () => {
        this.all = true;
        this.fill();
      });
      note.append(' ', more);
    }
    this.root.append(note);
  }

  private heading(column: number): HTMLElement {
    const { name, numeric } = this.payload.columns[column]!;
    const direction = this.sorted?.column !== column ? undefined : this.sorted.down ? 'descending' : 'ascending';
    const button = element('button', { type: 'button', text: name });
    button.addEventListener('click', () => {
      // First press: greatest figures first, texts from A; the third press gives the rows' own order back.
      const first = { column, down: numeric };
      if (!direction) this.sorted = first;
      else this.sorted = this.sorted!.down === numeric ? { column, down: !numeric } : undefined;
      this.fill();
      this.root.querySelectorAll<HTMLElement>('th button')[column]!.focus();
    });
    return element(
      'th',
      { scope: 'col', class: numeric ? 'aenb-number' : undefined, 'aria-sort': direction ?? 'none' },
      button,
    );
  }

  private cell(value: TableValue, column: number): HTMLElement {
    const about = this.payload.columns[column]!;
    const cell = element('td', { class: about.numeric ? 'aenb-number' : undefined, text: cellText(value, about) });
    if (typeof value === 'number') cell.title = String(value);
    return cell;
  }

  private rows(): readonly (readonly TableValue[])[] {
    const { sorted } = this;
    if (!sorted) return this.payload.rows;
    const sign = sorted.down ? -1 : 1;
    return this.payload.rows.toSorted((a, b) => sign * compare(a[sorted.column]!, b[sorted.column]!));
  }

  data() {
    return { columns: this.payload.columns.map((column) => column.name), rows: this.rows() };
  }

  sheet({ theme }: Surroundings) {
    const payload = { ...this.payload, rows: this.rows() };
    const layout = layOutTable(makeCanvas(1, 1).getContext('2d')!, payload, theme);
    return {
      width: Math.max(layout.width, 240),
      height: layout.height,
      heading: { title: this.payload.title },
      paint: (context: Context) => paintTable(context, payload, layout, theme),
    };
  }
}

/** Numbers by value, texts as people sort them, nothing last. */
function compare(a: TableValue, b: TableValue): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

export const tableKind: Kind<TablePayload> = {
  name: 'table',
  tabular: true,
  parse: parseTable,
  create: (payload, frame) => new TableView(payload, frame),
};
