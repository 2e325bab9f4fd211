import { element } from './elements.ts';

/** A small note beside the mouse, kept within the picture's width. */
export class Tip {
  readonly root = element('div', { class: 'aenb-tip', hidden: true });

  /** @param x,y place in the figure; the note goes to that side of it which has room */
  show(text: string, x: number, y: number, width: number): void {
    if (this.root.textContent !== text) this.root.textContent = text;
    this.root.hidden = false;
    const size = { width: this.root.offsetWidth, height: this.root.offsetHeight };
    const right = x + 14 + size.width <= width;
    this.root.style.left = `${Math.max(0, right ? x + 14 : x - 14 - size.width)}px`;
    this.root.style.top = `${Math.max(0, y - size.height - 8)}px`;
  }

  hide(): void {
    this.root.hidden = true;
  }
}
