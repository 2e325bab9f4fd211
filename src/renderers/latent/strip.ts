import type { Theme } from '../../drawing/theme.ts';
import { element, prepareCanvas } from '../shared/elements.ts';
import { paintThumbnail, proportion, type ThumbnailShape } from './thumbnail.ts';

const tile = 44;
const gap = 4;

/** What a walk came past, or what a lasso caught: a line of text and a row of small pictures below the map. */
export class Strip {
  readonly root = element('div', { class: 'aenb-strip', hidden: true });
  private readonly head = element('div', { class: 'aenb-strip-head' });
  private readonly canvas = element('canvas', { class: 'aenb-strip-pictures', role: 'img' });
  private shown: { shape: ThumbnailShape; pictures: readonly { levels: Uint8Array; index: number }[] } | undefined;

  constructor() {
    this.root.append(this.head, this.canvas);
  }

  show(head: readonly (HTMLElement | string)[], label: string, shown: Strip['shown']): void {
    this.root.hidden = false;
    this.head.replaceChildren(...head);
    this.canvas.setAttribute('aria-label', label);
    this.shown = shown;
  }

  hide(): void {
    this.root.hidden = true;
    this.shown = undefined;
  }

  paint(width: number, theme: Theme): void {
    this.canvas.hidden = !this.shown?.pictures.length;
    if (!this.shown || this.canvas.hidden) return;
    const { shape, pictures } = this.shown;
    const tileWidth = Math.round(tile * proportion(shape));
    const columns = Math.max(1, Math.floor((width + gap) / (tileWidth + gap)));
    const rows = Math.ceil(pictures.length / columns);
    const across = Math.min(columns, pictures.length) * (tileWidth + gap) - gap;
    const context = prepareCanvas(this.canvas, across, rows * (tile + gap) - gap);
    pictures.forEach(({ levels, index }, i) => {
      const x = (i % columns) * (tileWidth + gap);
      const y = Math.floor(i / columns) * (tile + gap);
      paintThumbnail(context, shape, levels, index, { x, y, width: tileWidth, height: tile }, theme);
      context.strokeStyle = theme.grid;
      context.lineWidth = 1;
      context.strokeRect(x + 0.5, y + 0.5, tileWidth - 1, tile - 1);
    });
  }
}
