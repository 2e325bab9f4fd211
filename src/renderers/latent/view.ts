import {
  classNames,
  firstAxes,
  type LatentPart,
  type LatentProjection,
  type LatentView,
  latentLegend,
  nearestSample,
  paintLatent,
  projectLatent,
} from '../../drawing/latentPicture.ts';
import { compact } from '../../drawing/numbers.ts';
import { element, makeCanvas, prepareCanvas } from '../shared/elements.ts';
import { makeLegend } from '../shared/legend.ts';
import { type Frame, type Kind, type Surroundings, tool, type View } from '../shared/output.ts';
import { LookPanel } from './lookPanel.ts';
import { type LatentPayload, parseLatent } from './payload.ts';

const panelWidth = 166;
const widestMap = 620;
/** Below this the panel stands under the map. */
const narrow = 520;
/** How far from a point, in CSS pixels, the cursor still means it. */
const reach = 28;
const keyStep = 12;
const wholeIcon = 'M2.5 6v-3.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10';

class LatentMap implements View<LatentPayload> {
  readonly root = element('div');
  private readonly canvas = element('canvas', { role: 'img', tabindex: 0 });
  private readonly overlay = element('canvas', { class: 'aenb-latent-cursor', 'aria-hidden': 'true' });
  private readonly map = element('div', { class: 'aenb-latent-map' }, this.canvas, this.overlay);
  private readonly parts = element('div', { class: 'aenb-latent-parts' });
  private readonly wholeTool: HTMLElement;
  private readonly controls = element('div', { class: 'aenb-latent-controls' });
  private readonly legend = makeLegend(
    (name) => this.toggle(name),
    (name) => this.light(name),
  );
  private panel!: LookPanel;
  private axes!: LatentView['axes'];
  private readonly hidden = new Set<number>();
  private lit: number | undefined;
  private part: LatentPart | undefined;
  private grabbed: { place: [number, number]; part: LatentPart } | undefined;
  /** Which thumbnail shows a sample; -1 for none. */
  private thumbnailOf!: Int32Array;
  private projection: LatentProjection | undefined;
  private surroundings: Surroundings | undefined;
  private size = { width: 0, height: 0 };
  private cursor: [number, number] | undefined;
  /** The sample that the panel shows, with a ring around its point. */
  private sample: number | undefined;
  private decoding = false;
  private wanted: number[] | undefined;

  constructor(
    private payload: LatentPayload,
    private readonly frame: Frame,
  ) {
    frame.slot.append(this.controls, this.legend.root);
    this.wholeTool = tool(frame.words.wholeMap, wholeIcon, () => this.show(undefined));
    frame.addTool(this.wholeTool);
    this.parts.append(this.map);
    this.root.append(this.parts);
    this.take(payload);
    this.canvas.addEventListener('pointermove', (event) => {
      if (!this.drag(event)) this.move([event.offsetX, event.offsetY]);
    });
    this.canvas.addEventListener('pointerdown', (event) => this.grab(event));
    for (const end of ['pointerup', 'pointercancel'] as const) {
      this.canvas.addEventListener(end, () => this.map.removeAttribute('data-dragging'));
    }
    this.canvas.addEventListener('dblclick', () => this.show(undefined));
    this.canvas.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    this.canvas.addEventListener('pointerleave', () => this.move(undefined));
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    this.canvas.addEventListener('blur', () => this.move(undefined));
  }

  update(payload: LatentPayload): void {
    this.payload = payload;
    this.take(payload);
  }

  private take(payload: LatentPayload): void {
    this.axes = firstAxes(payload);
    this.part = undefined;
    this.thumbnailOf = new Int32Array(payload.samples).fill(-1);
    payload.thumbnails?.indices.forEach((sample, i) => {
      this.thumbnailOf[sample] = i;
    });
    // One sample is there from the start, so that the panel shows what it is for.
    this.sample = payload.thumbnails?.indices[0];
    this.panel?.root.remove();
    this.panel = new LookPanel(payload, this.frame.words, Boolean(payload.channel && this.frame.kernel.reachable));
    this.parts.append(this.panel.root);
    this.controls.replaceChildren(...(payload.latents > 2 ? [this.select(0), this.select(1)] : []));
    this.controls.hidden = payload.latents <= 2;
  }

  /** Which latent lies along an axis. */
  private select(axis: 0 | 1): HTMLElement {
    const { words } = this.frame;
    const options = Array.from({ length: this.payload.latents }, (_, i) =>
      element('option', { value: i, text: `${words.latent} ${i + 1}`, selected: i === this.axes[axis] }),
    );
    const select = element('select', {}, ...options);
    select.addEventListener('change', () => {
      const chosen = Number(select.value);
      this.axes = axis === 0 ? [chosen, this.axes[1]] : [this.axes[0], chosen];
      this.part = undefined;
      this.frame.repaint();
    });
    return element('label', {}, document.createTextNode(axis === 0 ? words.horizontal : words.vertical), select);
  }

  private view(): LatentView {
    return { axes: this.axes, hidden: this.hidden, lit: this.lit, part: this.part };
  }

  paint(surroundings: Surroundings): void {
    const { width, theme } = surroundings;
    this.surroundings = surroundings;
    const names = classNames(this.payload);
    this.legend.show(latentLegend(this.payload, theme), new Set([...this.hidden].map((one) => names[one]!)));
    this.canvas.setAttribute('aria-label', `${this.payload.text} ${this.frame.words.keyboardHint}`);
    const below = width < narrow;
    const mapWidth = Math.min(widestMap, below ? width : width - panelWidth);
    this.size = { width: mapWidth, height: Math.round(Math.min(520, Math.max(260, mapWidth * 0.84))) };
    this.panel.root.toggleAttribute('data-below', below);
    this.drawPart();
    this.showSample();
  }

  private drawPart(): void {
    this.wholeTool.hidden = !this.part;
    this.projection = projectLatent(this.payload, this.view(), this.size);
    this.drawMap();
    this.drawCursor();
  }

  /** Shows a part of the map, or all of it. */
  private show(part: LatentPart | undefined): void {
    this.part = part;
    this.drawPart();
  }

  /** The wheel alone scrolls the notebook; with Ctrl or Command, or a pinch, it zooms about the cursor. */
  private wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.008), [event.offsetX, event.offsetY]);
  }

  private zoom(factor: number, about: readonly [number, number]): void {
    const { low, high } = this.projection!;
    const centre = this.projection!.at(...about);
    const scaled = (edge: readonly [number, number]) =>
      edge.map((value, axis) => centre[axis]! + (value - centre[axis]!) * factor) as [number, number];
    this.show({ low: scaled(low), high: scaled(high) });
  }

  private grab(event: PointerEvent): void {
    this.grabbed = undefined;
    if (event.pointerType !== 'mouse' || event.button !== 0) return;
    const { low, high } = this.projection!;
    this.grabbed = { place: [event.offsetX, event.offsetY], part: { low, high } };
  }

  /** Moves the map with the mouse while its button is down; a few pixels are no drag. */
  private drag(event: PointerEvent): boolean {
    if (!this.grabbed || event.buttons !== 1) return false;
    const [fromX, fromY] = this.grabbed.place;
    const [dx, dy] = [event.offsetX - fromX, event.offsetY - fromY];
    if (!this.map.hasAttribute('data-dragging')) {
      if (Math.hypot(dx, dy) < 4) return false;
      this.map.setAttribute('data-dragging', '');
      this.canvas.setPointerCapture(event.pointerId);
    }
    const { part } = this.grabbed;
    const { area } = this.projection!;
    const by = [
      (-dx / area.width) * (part.high[0] - part.low[0]),
      (dy / area.height) * (part.high[1] - part.low[1]),
    ] as const;
    const moved = (edge: readonly [number, number]): [number, number] => [edge[0] + by[0], edge[1] + by[1]];
    this.show({ low: moved(part.low), high: moved(part.high) });
    return true;
  }

  private drawMap(): void {
    const context = prepareCanvas(this.canvas, this.size.width, this.size.height);
    paintLatent(context, this.payload, this.view(), this.projection!, {
      theme: this.surroundings!.theme,
      words: this.frame.words,
      ratio: devicePixelRatio || 1,
      make: makeCanvas,
    });
  }

  private toggle(name: string): void {
    const one = classNames(this.payload).indexOf(name);
    if (!this.hidden.delete(one)) this.hidden.add(one);
    this.frame.repaint();
  }

  private light(name: string | undefined): void {
    const one = name === undefined ? -1 : classNames(this.payload).indexOf(name);
    const lit = one < 0 || this.hidden.has(one) ? undefined : one;
    if (lit === this.lit) return;
    this.lit = lit;
    this.drawMap();
  }

  /** The cursor went somewhere, by mouse or by keys; or it left, and the last sample stays. */
  private move(to: [number, number] | undefined): void {
    this.cursor = to;
    if (to) {
      this.sample = this.sampleAt(to);
      this.showSample();
      void this.decode(this.codeAt(to));
    }
    this.drawCursor();
  }

  private showSample(): void {
    const thumbnail = this.sample === undefined ? -1 : this.thumbnailOf[this.sample]!;
    this.panel.showSample(this.about(this.sample), thumbnail < 0 ? undefined : thumbnail);
  }

  /** Cross and ring go on a canvas of their own: seventy thousand points are not drawn again for them. */
  private drawCursor(): void {
    const context = prepareCanvas(this.overlay, this.size.width, this.size.height);
    const { theme } = this.surroundings!;
    if (this.cursor) {
      const [x, y] = this.cursor;
      context.strokeStyle = theme.text;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(x - 5, y);
      context.lineTo(x + 5, y);
      context.moveTo(x, y - 5);
      context.lineTo(x, y + 5);
      context.stroke();
    }
    if (this.sample === undefined) return;
    const { area } = this.projection!;
    const [px, py] = [this.projection!.x(this.sample), this.projection!.y(this.sample)];
    if (px < area.x || px > area.x + area.width || py < area.y || py > area.y + area.height) return;
    for (const [width, colour] of [
      [4, theme.background],
      [2, theme.text],
    ] as const) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      context.arc(px, py, 6, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  /** A sample that can be shown, if one is near; else any. */
  private sampleAt(place: [number, number]): number | undefined {
    const near = (wanted?: (sample: number) => boolean) =>
      nearestSample(this.payload, this.view(), this.projection!, place, reach, wanted);
    return (this.payload.thumbnails && near((sample) => this.thumbnailOf[sample]! >= 0)) ?? near();
  }

  private about(sample: number | undefined): string {
    const { words } = this.frame;
    const { at, x: xOf, y: yOf } = this.projection!;
    const place = this.cursor ?? (sample === undefined ? [0, 0] : [xOf(sample), yOf(sample)]);
    const [x, y] = at(place[0]!, place[1]!);
    const code = this.axes[1] === 'class' ? compact(x, 3) : `${compact(x, 3)}, ${compact(y, 3)}`;
    if (sample === undefined) return this.cursor ? code : '';
    const one = this.payload.classes?.[sample];
    const name = one === undefined ? '' : `\n${words.class} ${classNames(this.payload)[one]}`;
    return `${code}\n${words.sample} ${sample}${name}`;
  }

  /** A whole code at a place of the map: the latents that are not drawn have their mean. */
  private codeAt(place: [number, number]): number[] {
    const code = [...this.payload.means];
    const [x, y] = this.projection!.at(...place);
    code[this.axes[0]] = x;
    if (this.axes[1] !== 'class') code[this.axes[1]] = y;
    return code;
  }

  /** One question at a time; while it is out, only the newest place waits. */
  private async decode(code: number[]): Promise<void> {
    const { channel } = this.payload;
    if (!channel || !this.frame.kernel.reachable) return;
    this.wanted = code;
    if (this.decoding) return;
    this.decoding = true;
    while (this.wanted) {
      const asked = this.wanted;
      this.wanted = undefined;
      this.panel.showDecoded(await this.frame.kernel.ask(channel, asked));
    }
    this.decoding = false;
  }

  private key(event: KeyboardEvent): void {
    const step = event.shiftKey ? 4 * keyStep : keyStep;
    const steps: Record<string, [number, number]> = {
      ArrowRight: [step, 0],
      ArrowLeft: [-step, 0],
      ArrowDown: [0, step],
      ArrowUp: [0, -step],
    };
    if (event.key === 'Escape') {
      this.move(undefined);
      return;
    }
    const by = steps[event.key];
    const zoom = { '+': 0.8, '-': 1.25, '0': 0 }[event.key];
    if (!by && zoom === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const { area } = this.projection!;
    const from = this.cursor ?? [area.x + area.width / 2, area.y + area.height / 2];
    if (!by) {
      if (zoom) this.zoom(zoom, from);
      else this.show(undefined);
      return;
    }
    this.move([
      Math.min(area.x + area.width, Math.max(area.x, from[0] + by[0])),
      Math.min(area.y + area.height, Math.max(area.y, from[1] + by[1])),
    ]);
    this.frame.say(this.about(this.sample).replaceAll('\n', ', '));
  }

  data() {
    const { payload } = this;
    const { words } = this.frame;
    const names = classNames(payload);
    return {
      columns: [
        words.sample,
        ...(payload.classes ? [words.class] : []),
        ...Array.from({ length: payload.latents }, (_, u) => `${words.latent} ${u + 1}`),
      ],
      rows: Array.from({ length: payload.samples }, (_, i) => [
        i,
        ...(payload.classes ? [names[payload.classes[i]!]!] : []),
        ...payload.codes.subarray(i * payload.latents, (i + 1) * payload.latents),
      ]),
    };
  }

  picture() {
    const legend = latentLegend(this.payload, this.surroundings!.theme).filter((_, i) => !this.hidden.has(i));
    return { canvas: this.canvas, heading: { title: this.payload.title, legend } };
  }
}

export const latentKind: Kind<LatentPayload> = {
  name: 'latent',
  parse: parseLatent,
  create: (payload, frame) => new LatentMap(payload, frame),
};
