import type { Context } from '../../drawing/canvas.ts';
import { compact } from '../../drawing/numbers.ts';
import {
  hitReconstruction,
  layOutReconstruction,
  type ReconstructionHit,
  type ReconstructionLayout,
} from '../../drawing/reconstructionLayout.ts';
import {
  paintReconstruction,
  prepareReconstruction,
  type ReconstructionParts,
} from '../../drawing/reconstructionPicture.ts';
import { element, makeCanvas, prepareCanvas } from '../shared/elements.ts';
import { type Frame, type Kind, type Surroundings, tool, type View } from '../shared/output.ts';
import { Pager } from '../shared/pager.ts';
import { Tip } from '../shared/tip.ts';
import { parseReconstruction, type ReconstructionPage, type ReconstructionPayload } from './payload.ts';

const zoomSteps = [1, 1.6, 2.6, 4];
const icons = {
  larger: 'M7 3a4 4 0 1 1 0 8 4 4 0 0 1 0-8M10 10l3.5 3.5M5 7h4M7 5v4',
  smaller: 'M7 3a4 4 0 1 1 0 8 4 4 0 0 1 0-8M10 10l3.5 3.5M5 7h4',
};
const sortIcon = 'M4.5 2.5v11M2 11l2.5 2.5L7 11M9 4h5M9 8h3.5M9 12h2';

class ReconstructionView implements View<ReconstructionPayload> {
  readonly root = element('div');
  private readonly canvas = element('canvas', { role: 'img', tabindex: 0 });
  private readonly tip = new Tip();
  private readonly sortTool: HTMLElement;
  private parts: ReconstructionParts;
  private layout: ReconstructionLayout | undefined;
  private surroundings: Surroundings | undefined;
  private sorted = false;
  private order: number[] = [];
  private active: number | undefined;
  private zoom = 0;
  private readonly pager: Pager;
  private readonly zoomTools: readonly [HTMLButtonElement, HTMLButtonElement];

  constructor(
    private payload: ReconstructionPayload,
    private readonly frame: Frame,
  ) {
    this.parts = prepareReconstruction(payload, makeCanvas);
    this.arrange();
    const { words } = frame;
    this.sortTool = tool(words.sortByError, sortIcon, () => this.sort());
    this.zoomTools = [
      tool(words.zoomOut, icons.smaller, () => this.setZoom(this.zoom - 1)),
      tool(words.zoomIn, icons.larger, () => this.setZoom(this.zoom + 1)),
    ];
    for (const one of [this.sortTool, ...this.zoomTools]) frame.addTool(one);
    this.pager = new Pager(
      frame,
      (answer) => {
        this.show(parseReconstruction(answer));
        return this.payload.samples;
      },
      (): Pick<ReconstructionPage, 'sorted'> => ({ sorted: this.sorted }),
    );
    this.pager.begin(payload, payload.samples);
    this.root.append(element('div', { class: 'aenb-figure' }, this.canvas, this.tip.root), this.pager.root);
    this.canvas.addEventListener('pointermove', (event) => this.hover(event));
    this.canvas.addEventListener('pointerleave', () => this.attend(undefined));
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    this.canvas.addEventListener('blur', () => this.attend(undefined));
  }

  update(payload: ReconstructionPayload): void {
    this.show(payload);
    this.pager.begin(payload, payload.samples);
  }

  private show(payload: ReconstructionPayload): void {
    this.payload = payload;
    this.parts = prepareReconstruction(payload, makeCanvas);
    this.active = undefined;
    this.arrange();
  }

  paint(surroundings: Surroundings): void {
    this.surroundings = surroundings;
    this.layout = this.layOut(this.zoom);
    this.showZoom();
    this.canvas.setAttribute('aria-label', `${this.payload.text} ${this.frame.words.keyboardHint}`);
    this.sortTool.setAttribute('aria-pressed', String(this.sorted));
    this.draw();
  }

  private arrange(): void {
    const error = (sample: number) => this.payload.errors[sample] ?? Number.POSITIVE_INFINITY;
    this.order = Array.from({ length: this.payload.samples }, (_, i) => i);
    if (this.sorted) this.order.sort((a, b) => error(b) - error(a));
  }

  /** Worst first; of all the samples where the kernel is there, else of those that are shown. */
  private sort(): void {
    this.sorted = !this.sorted;
    this.arrange();
    this.frame.repaint();
    void this.pager.turn(0);
  }

  private setZoom(step: number): void {
    this.zoom = Math.max(0, Math.min(zoomSteps.length - 1, step));
    this.frame.repaint();
  }

  private layOut(zoom: number): ReconstructionLayout {
    return layOutReconstruction(this.payload, this.surroundings!.width, devicePixelRatio || 1, zoomSteps[zoom]);
  }

  /** A step that would change nothing, since a sample fills the room already, is not offered. */
  private showZoom(): void {
    const [smaller, larger] = this.zoomTools;
    const last = this.zoom === zoomSteps.length - 1;
    smaller.disabled = this.zoom === 0;
    larger.disabled = last || this.layOut(this.zoom + 1).tile.width <= this.layout!.tile.width;
  }

  private draw(): void {
    const layout = this.layout!;
    const context = prepareCanvas(this.canvas, layout.width, layout.height);
    paintReconstruction(context, this.payload, this.parts, layout, {
      theme: this.surroundings!.theme,
      words: this.frame.words,
      order: this.order,
      active: this.active,
    });
  }

  private hover(event: PointerEvent): void {
    const hit = hitReconstruction(this.layout!, event.offsetX, event.offsetY);
    this.attend(hit?.position);
    if (hit) this.tip.show(this.details(hit), event.offsetX, event.offsetY, this.layout!.width);
    else this.tip.hide();
  }

  private attend(position: number | undefined): void {
    if (position === undefined) this.tip.hide();
    if (position === this.active) return;
    this.active = position;
    this.draw();
  }

  private key(event: KeyboardEvent): void {
    const { columns, blocks } = this.layout!;
    const from = this.active ?? -1;
    const steps: Record<string, number> = {
      ArrowRight: from + 1,
      ArrowLeft: from - 1,
      ArrowDown: from + columns,
      ArrowUp: from - columns,
      Home: 0,
      End: blocks.length - 1,
    };
    const zoom = event.ctrlKey || event.metaKey ? 0 : ({ '+': 1, '=': 1, '-': -1 }[event.key] ?? 0);
    if (zoom) {
      event.preventDefault();
      event.stopPropagation();
      this.setZoom(this.zoom + zoom);
      return;
    }
    if (event.key === 'Escape') {
      this.attend(undefined);
      return;
    }
    const next = steps[event.key];
    if (next === undefined || !blocks.length) return;
    event.preventDefault();
    event.stopPropagation();
    const position = Math.max(0, Math.min(blocks.length - 1, next));
    this.attend(position);
    const text = this.about(position);
    const block = blocks[position]!;
    this.tip.show(text, block.x + this.layout!.tile.width / 2, block.y + 20, this.layout!.width);
    this.frame.say(text.replaceAll('\n', ', '));
  }

  /** Which sample it is, and how well it came out. */
  private about(position: number): string {
    const { words } = this.frame;
    const { payload } = this;
    const sample = this.order[position]!;
    const label = payload.labels?.[sample];
    return (
      `${words.sample} ${payload.indices?.[sample] ?? sample}${label === undefined ? '' : `, ${words.label} ${label}`}\n` +
      `${payload.metric} ${compact(payload.errors[sample])}`
    );
  }

  /** The values under the mouse. */
  private details({ position, across, down }: ReconstructionHit): string {
    const { payload } = this;
    const { words } = this.frame;
    const start = this.order[position]! * payload.features;
    if (payload.form === 'images') {
      const [height, width, channels] = payload.imageShape!;
      const [row, column] = [Math.floor(down * height), Math.floor(across * width)];
      const at = start + (row * width + column) * channels;
      const values = (data: Float32Array) =>
        Array.from({ length: channels }, (_, c) => compact(data[at + c], 3)).join(' ');
      return (
        `${this.about(position)}\n${words.pixel} ${row}, ${column}: ` +
        `${values(payload.originals)} → ${values(payload.reconstructions)}`
      );
    }
    const steps = payload.form === 'bars' ? payload.features : payload.features - 1;
    const feature = payload.form === 'bars' ? Math.floor(across * steps) : Math.round(across * steps);
    const name = payload.featureNames?.[feature] ?? `${words.feature} ${feature}`;
    const [before, after] = [payload.originals[start + feature], payload.reconstructions[start + feature]];
    return `${this.about(position)}\n${name}: ${compact(before)} → ${compact(after)}`;
  }

  data() {
    const { payload } = this;
    const { words } = this.frame;
    return {
      columns: [words.sample, ...(payload.labels ? [words.label] : []), payload.metric],
      rows: this.order.map((sample) => [
        payload.indices?.[sample] ?? sample,
        ...(payload.labels ? [payload.labels[sample]!] : []),
        payload.errors[sample] ?? null,
      ]),
    };
  }

  sheet({ theme, width }: Surroundings) {
    const { payload, parts, order } = this;
    const { words } = this.frame;
    const layout = layOutReconstruction(payload, width, 2, zoomSteps[this.zoom]);
    return {
      width,
      height: layout.height,
      heading: { title: payload.title },
      paint: (context: Context) => paintReconstruction(context, payload, parts, layout, { theme, words, order }),
    };
  }
}

export const reconstructionKind: Kind<ReconstructionPayload> = {
  name: 'reconstruction',
  parse: parseReconstruction,
  create: (payload, frame) => new ReconstructionView(payload, frame),
};
