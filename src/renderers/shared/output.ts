/** One output: its head with title, legend and tools, its picture, its data, and everything that keeps it current. */
import type { Context } from '../../drawing/canvas.ts';
import { type Heading, headingHeight, paintHeading } from '../../drawing/heading.ts';
import type { Theme } from '../../drawing/theme.ts';
import { type DataTable, fileName, toCsv } from './csv.ts';
import { dataPanel } from './dataPanel.ts';
import { element, icon, makeCanvas } from './elements.ts';
import type { Kernel } from './messages.ts';
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
  /** The picture and what stands above it, to be saved as a PNG. */
  picture?(): { canvas: HTMLCanvasElement; heading: Heading };
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
};

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

  constructor(
    kind: Kind<P>,
    private payload: P,
    readonly host: HTMLElement,
    kernel: Kernel,
  ) {
    const slot = element('div', { class: 'aenb-slot' });
    const tools = element('div', { class: 'aenb-tools', role: 'toolbar' });
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
    this.view.dispose?.();
    this.root.remove();
  }

  private describe(): void {
    this.title.textContent = this.payload.title ?? '';
    this.title.hidden = !this.payload.title;
    this.root.setAttribute('aria-label', this.payload.title ?? this.payload.text);
  }

  private paint(): void {
    this.paintedWidth = this.root.clientWidth || widthUnknown;
    this.view.paint({ theme: readTheme(this.root), width: this.paintedWidth });
  }

  /** Repaints when the theme or the room changes. */
  private follow(): void {
    this.subscriptions.push(onThemeChange(() => this.paint()));
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
    if (this.view.picture) tools.push(tool(this.words.savePng, icons.png, () => this.savePng()));
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
    const { canvas, heading } = this.view.picture!();
    const theme = readTheme(this.root);
    composed(canvas, heading, theme).toBlob((blob) => blob && save(blob, this.name('png')));
  }

  private name(extension: string): string {
    return fileName(this.payload.title ?? this.root.className.split('-').at(-1)!, extension);
  }
}

export function tool(label: string, path: string, press: () => void): HTMLElement {
  const button = element('button', { class: 'aenb-tool', type: 'button', title: label, 'aria-label': label });
  button.append(icon(path));
  button.addEventListener('click', press);
  return button;
}

/** The picture as it stands on the page, with its heading, on one canvas. */
function composed(picture: HTMLCanvasElement, heading: Heading, theme: Theme): HTMLCanvasElement {
  const margin = 16;
  const width = Number.parseFloat(picture.style.width) || picture.width;
  const height = (picture.height * width) / picture.width;
  const ratio = picture.width / width;
  const ruler = makeCanvas(1, 1).getContext('2d') as Context;
  const top = headingHeight(ruler, heading, width, theme);
  const canvas = makeCanvas((width + 2 * margin) * ratio, (top + height + 2 * margin) * ratio);
  const context = canvas.getContext('2d')!;
  context.scale(ratio, ratio);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.translate(margin, margin);
  paintHeading(context, heading, width, theme);
  context.drawImage(picture, 0, top, width, height);
  return canvas;
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
