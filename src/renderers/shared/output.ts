/** One output: its head with title, legend and tools, its picture, its data, and everything that keeps it current. */
import { layOutSheet, paintSheet, type Sheet } from '../../drawing/sheet.ts';
import type { Theme } from '../../drawing/theme.ts';
import { type DataTable, fileName, toCsv } from './csv.ts';
import { dataPanel } from './dataPanel.ts';
import { element, icon, makeCanvas } from './elements.ts';
import type { Kernel } from './messages.ts';
import { toSvg } from './svg.ts';
import { onThemeChange, readTheme } from './theme.ts';
import { type Words, words } from './words.ts';

export interface Surroundings {
  readonly theme: Theme;
  /** Room for the picture, in CSS pixels. */
  readonly width: number;
}

/** What a kind draws below the head. */
export interface View<P> {
  readonly root: HTMLElement;
  /** Takes a newer payload; `paint` follows. */
  update(payload: P): void;
  /** Draws everything for a theme and a width. */
  paint(surroundings: Surroundings): void;
  /** The numbers behind the picture. */
  data(): DataTable;
  /** The picture as it is shown, with what stands above it, to be saved. */
  sheet(surroundings: Surroundings): Sheet;
  dispose?(): void;
}

/** What an output lends to its view. */
export interface Frame {
  readonly words: Words;
  readonly kernel: Kernel;
  /** Below the title, for a legend or controls. */
  readonly slot: HTMLElement;
  repaint(): void;
  /** Adds a tool before the common ones. */
  addTool(button: HTMLElement): void;
  /** Tells a screen reader. */
  say(text: string): void;
}

export interface Kind<P> {
  readonly name: string;
  /** The picture is itself a table: it needs no second one. */
  readonly tabular?: boolean;
  readonly parse: (value: unknown) => P;
  readonly create: (payload: P, frame: Frame) => View<P>;
}

const icons = {
  data: 'M2.5 3.5h11v9h-11zM2.5 6.5h11M2.5 9.5h11M6.5 3.5v9',
  csv: 'M8 2v7M5 6.5 8 9.5l3-3M2.5 11v2.5h11V11',
  png: 'M2.5 3h11v10h-11zM2.5 11l3.5-3.5 2.5 2.5 2-2 3 3M10.4 5.9h.2',
  svg: 'M3.5 12.5C4 6 9 3.5 12.5 3.5M2 11h3v3H2zM11 2h3v3h-3zM3.5 3.5h5M12.5 7.5v5',
};

/** Device pixels per CSS pixel of a saved PNG. */
const pngRatio = 2;

/** Room to draw in before the page has given the output its width. */
const widthUnknown = 640;

export class Output<P extends { readonly title?: string; readonly text: string }> {
  readonly root: HTMLElement;
  private readonly title = element('div', { class: 'aenb-title', role: 'heading', 'aria-level': 4 });
  private readonly said = element('div', { class: 'aenb-said', 'aria-live': 'polite' });
  private readonly view: View<P>;
  private readonly words = words();
  private readonly subscriptions: { dispose(): void }[] = [];
  private panel: HTMLElement | undefined;
  private paintedWidth = 0;
  /** As long as it lasts: reading it costs as much as a small picture. */
  private theme: Theme | undefined;

  constructor(
    kind: Kind<P>,
    private payload: P,
    readonly host: HTMLElement,
    kernel: Kernel,
  ) {
    const slot = element('div', { class: 'aenb-slot' });
    const tools = element('div', { class: 'aenb-tools', role: 'toolbar', 'aria-label': this.words.tools });
    const head = element('div', { class: 'aenb-head' }, tools, this.title, slot);
    this.root = element('section', { class: `aenb aenb-${kind.name}` }, head);
    host.replaceChildren(this.root);
    this.view = kind.create(payload, {
      words: this.words,
      kernel,
      slot,
      repaint: () => this.paint(),
      addTool: (button) => tools.append(button),
      say: (text) => {
        this.said.textContent = text;
      },
    });
    this.root.append(this.view.root, this.said);
    tools.append(...this.commonTools(kind.tabular === true));
    this.describe();
    this.paint();
    this.follow();
  }

  update(payload: P): void {
    this.payload = payload;
    this.view.update(payload);
    this.describe();
    this.paint();
    if (this.panel) this.showData();
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    // First, since what is taken out of the page loses the focus: the view hears of it while it still can draw.
    this.root.remove();
    this.view.dispose?.();
  }

  private describe(): void {
    const title = this.payload.title ?? '';
    if (this.title.textContent !== title) this.title.textContent = title;
    this.title.hidden = !title;
    this.root.setAttribute('aria-label', this.payload.title ?? this.payload.text);
  }

  private paint(): void {
    this.paintedWidth = this.root.clientWidth || widthUnknown;
    this.theme ??= readTheme(this.root);
    this.view.paint({ theme: this.theme, width: this.paintedWidth });
  }

  /** Repaints when the theme or the room changes. */
  private follow(): void {
    this.subscriptions.push(
      onThemeChange(() => {
        this.theme = undefined;
        this.paint();
      }),
    );
    const observer = new ResizeObserver(() => {
      const width = this.root.clientWidth;
      if (width && width !== this.paintedWidth) this.paint();
    });
    observer.observe(this.root);
    this.subscriptions.push({ dispose: () => observer.disconnect() });
  }

  private commonTools(tabular: boolean): HTMLElement[] {
    const tools: HTMLElement[] = [];
    if (!tabular) {
      const data = tool(this.words.showData, icons.data, () => {
        if (this.panel) this.hideData();
        else this.showData();
        data.setAttribute('aria-pressed', String(Boolean(this.panel)));
      });
      tools.push(data);
    }
    tools.push(
      tool(this.words.saveCsv, icons.csv, () => {
        // The byte order mark tells spreadsheets that it is UTF-8.
        save(new Blob(['\ufeff', toCsv(this.view.data())], { type: 'text/csv' }), this.name('csv'));
      }),
    );
    tools.push(
      tool(this.words.savePng, icons.png, () => this.savePng()),
      tool(this.words.saveSvg, icons.svg, () => this.saveSvg()),
    );
    return tools;
  }

  private showData(): void {
    const panel = dataPanel(this.view.data(), this.words);
    if (this.panel) this.panel.replaceWith(panel);
    else this.root.append(panel);
    this.panel = panel;
  }

  private hideData(): void {
    this.panel?.remove();
    this.panel = undefined;
  }

  private savePng(): void {
    const { sheet, theme, layout } = this.sheet();
    const canvas = makeCanvas(layout.width * pngRatio, layout.height * pngRatio);
    const context = canvas.getContext('2d')!;
    context.scale(pngRatio, pngRatio);
    paintSheet(context, sheet, layout, theme, makeCanvas);
    canvas.toBlob((blob) => blob && save(blob, this.name('png')));
  }

  private saveSvg(): void {
    const { sheet, theme, layout } = this.sheet();
    const svg = toSvg(layout.width, layout.height, (context, make) => paintSheet(context, sheet, layout, theme, make));
    save(new Blob([svg], { type: 'image/svg+xml' }), this.name('svg'));
  }

  private sheet() {
    const theme = readTheme(this.root);
    const sheet = this.view.sheet({ theme, width: this.paintedWidth });
    return { sheet, theme, layout: layOutSheet(makeCanvas(1, 1).getContext('2d')!, sheet, theme) };
  }

  private name(extension: string): string {
    return fileName(this.payload.title ?? this.root.className.split('-').at(-1)!, extension);
  }
}

export function tool(label: string, path: string, press: () => void): HTMLButtonElement {
  const button = element('button', { class: 'aenb-tool', type: 'button', title: label, 'aria-label': label });
  button.append(icon(path));
  button.addEventListener('click', press);
  return button;
}

/** VS Code answers a click on such a link with its dialog for saving. */
function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = element('a', { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  // The download has started, or VS Code has fetched it, long before.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
