/** Moving about in a picture of the plane: the wheel zooms, dragging moves, a double click shows the whole again. */
import { atPlace, dragged, type Part, type Seen, zoomed } from '../../drawing/plane.ts';
import { type Frame, tool } from './output.ts';

export type Place = readonly [x: number, y: number];

/** A drag under way, in CSS pixels on the canvas. */
export interface Drag {
  readonly from: Place;
  readonly path: readonly Place[];
}

/** What moves about. */
export interface Roamer {
  /** What the picture shows now. */
  seen(): Seen;
  whole(): Part;
  /** Shows a part of the plane; all of it if undefined. */
  show(part: Part | undefined): void;
  /** The mouse is somewhere, without a button pressed; nowhere if it left. */
  hover(at: Place | undefined): void;
  /** A drag went on; true if it means something else than moving. */
  drag?(drag: Drag, at: Place): boolean;
  dropped?(drag: Drag): void;
}

const wholeIcon = 'M2.5 6v-3.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10';
/** CSS pixels; less is no drag. */
const leastDrag = 4;
const zoomKeys: Readonly<Record<string, number>> = { '+': 0.8, '=': 0.8, '-': 1.25, '0': 0 };

export class Roaming {
  private readonly wholeTool: HTMLElement;
  private grabbed: { from: Place; path: Place[]; part: Part; moved: boolean } | undefined;

  /** @param wholeLabel what the tool says that shows the whole again */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    frame: Frame,
    wholeLabel: string,
    private readonly roamer: Roamer,
  ) {
    this.wholeTool = tool(wholeLabel, wholeIcon, () => roamer.show(undefined));
    frame.addTool(this.wholeTool);
    canvas.addEventListener('pointermove', (event) => this.pointer(event));
    canvas.addEventListener('pointerdown', (event) => this.grab(event));
    canvas.addEventListener('pointerup', () => this.release());
    canvas.addEventListener('pointercancel', () => this.release());
    canvas.addEventListener('pointerleave', () => roamer.hover(undefined));
    canvas.addEventListener('dblclick', () => roamer.show(undefined));
    canvas.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
  }

  /** The tool stands there while there is something to go back to. */
  offerWhole(offered: boolean): void {
    this.wholeTool.hidden = !offered;
  }

  /** Plus and minus zoom about a place, 0 shows the whole; true if it was one of them. */
  key(event: KeyboardEvent, about: Place): boolean {
    const factor = event.ctrlKey || event.metaKey || event.altKey ? undefined : zoomKeys[event.key];
    if (factor === undefined) return false;
    if (factor) this.zoom(factor, about);
    else this.roamer.show(undefined);
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  /** The wheel alone scrolls the notebook; with Ctrl or Command, or a pinch, it zooms about the cursor. */
  private wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.008), [event.offsetX, event.offsetY]);
  }

  private zoom(factor: number, about: Place): void {
    const seen = this.roamer.seen();
    this.roamer.show(zoomed(seen, factor, atPlace(seen, about), this.roamer.whole()));
  }

  private grab(event: PointerEvent): void {
    this.grabbed = undefined;
    // A finger scrolls the notebook.
    if (event.pointerType === 'touch' || event.button !== 0) return;
    const { low, high } = this.roamer.seen();
    const from = [event.offsetX, event.offsetY] as const;
    this.grabbed = { from, path: [from], part: { low, high }, moved: false };
  }

  private pointer(event: PointerEvent): void {
    const at = [event.offsetX, event.offsetY] as const;
    const { grabbed } = this;
    if (!grabbed || event.buttons !== 1) {
      this.roamer.hover(at);
      return;
    }
    const by = [at[0] - grabbed.from[0], at[1] - grabbed.from[1]] as const;
    if (!grabbed.moved && Math.hypot(...by) < leastDrag) return;
    if (!grabbed.moved) {
      grabbed.moved = true;
      this.canvas.parentElement?.setAttribute('data-dragging', '');
      this.canvas.setPointerCapture(event.pointerId);
    }
    grabbed.path.push(at);
    if (this.roamer.drag?.(grabbed, at)) return;
    this.roamer.show(dragged(grabbed.part, by, this.roamer.seen().area));
  }

  private release(): void {
    const { grabbed } = this;
    this.grabbed = undefined;
    this.canvas.parentElement?.removeAttribute('data-dragging');
    if (grabbed?.moved) this.roamer.dropped?.(grabbed);
  }
}
