import type { Context } from '../../drawing/canvas.ts';
import { confusionAt, ratesOf } from '../../drawing/detection.ts';
import {
  type HistogramLayout,
  type HistogramParts,
  histogramLegend,
  type HistogramView as Look,
  layOutHistogram,
  paintHistogram,
  prefersLog,
  prepareHistogram,
  ratesLine,
} from '../../drawing/histogramPicture.ts';
import { compact, grouped } from '../../drawing/numbers.ts';
import { element, prepareCanvas } from '../shared/elements.ts';
import { kernelNote } from '../shared/kernelNote.ts';
import { makeLegend } from '../shared/legend.ts';
import { type Frame, type Kind, type Surroundings, tool, type View } from '../shared/output.ts';
import { Tip } from '../shared/tip.ts';
import { type HistogramPayload, parseHistogram } from './payload.ts';

const logIcon = 'M2.5 2.5v11h11M4.5 11.5c.6-5.5 2.5-8 9-8.5';

class HistogramView implements View<HistogramPayload> {
  readonly root = element('div');
  private readonly canvas = element('canvas', { tabindex: 0 });
  private readonly tip = new Tip();
  private readonly facts = element('dl', { class: 'aenb-facts' });
  private readonly logTool: HTMLElement;
  private readonly legend = makeLegend((name) => {
    if (!this.hidden.delete(name)) this.hidden.add(name);
    this.frame.repaint();
  });
  private readonly hidden = new Set<string>();
  private readonly use: HTMLButtonElement;
  private readonly used = element('span', { class: 'aenb-note' });
  private readonly note: HTMLElement;
  private log: boolean;
  private threshold: number | undefined;
  /** The bin that the arrow keys have reached, where there is no threshold for them. */
  private bin: number | undefined;
  private parts: HistogramParts;
  private layout: HistogramLayout | undefined;
  private surroundings: Surroundings | undefined;

  constructor(
    private payload: HistogramPayload,
    private readonly frame: Frame,
  ) {
    const { words } = frame;
    this.log = prefersLog(payload);
    this.threshold = payload.threshold;
    this.parts = prepareHistogram(payload, this.log);
    this.logTool = tool(words.logarithmic, logIcon, () => {
      this.log = !this.log;
      this.parts = prepareHistogram(this.payload, this.log);
      frame.repaint();
    });
    frame.addTool(this.logTool);
    this.use = element('button', { class: 'aenb-button', type: 'button', text: words.useThreshold, hidden: true });
    this.use.addEventListener('click', () => void this.useThreshold());
    this.note = kernelNote(frame, () => this.payload.channel);
    frame.slot.append(this.facts, this.legend.root);
    const figure = element('div', { class: 'aenb-figure aenb-histogram-figure' }, this.canvas, this.tip.root);
    this.root.append(figure, element('div', {}, this.use, this.used), this.note);
    this.canvas.addEventListener('pointerdown', (event) => this.grab(event));
    this.canvas.addEventListener('pointermove', (event) => this.pointer(event));
    this.canvas.addEventListener('pointerleave', () => this.tip.hide());
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    this.canvas.addEventListener('blur', () => this.visit(undefined));
  }

  update(payload: HistogramPayload): void {
    this.payload = payload;
    this.threshold = payload.threshold;
    this.bin = undefined;
    this.parts = prepareHistogram(payload, this.log);
  }

  private look(): Look {
    return { log: this.log, threshold: this.threshold, hidden: this.hidden, bin: this.bin };
  }

  paint(surroundings: Surroundings): void {
    this.surroundings = surroundings;
    const { payload } = this;
    this.logTool.setAttribute('aria-pressed', String(this.log));
    this.facts.hidden = !payload.facts.length;
    this.facts.replaceChildren(
      ...payload.facts.map(([name, value]) =>
        element('div', { class: 'aenb-fact' }, element('dt', { text: name }), element('dd', { text: value })),
      ),
    );
    this.legend.show(histogramLegend(payload, surroundings.theme), this.hidden);
    this.layout = layOutHistogram(this.parts, surroundings.width);
    const hint = this.frame.words.keyboardHint;
    // With a threshold the picture is a slider for it.
    this.canvas.setAttribute('role', this.threshold === undefined ? 'img' : 'slider');
    this.canvas.setAttribute('aria-label', `${payload.text} ${hint}`);
    this.draw();
  }

  private draw(): void {
    const layout = this.layout!;
    const context = prepareCanvas(this.canvas, layout.width, layout.height);
    const { theme } = this.surroundings!;
    paintHistogram(context, this.payload, this.parts, this.look(), layout, { theme, words: this.frame.words });
    if (this.threshold === undefined) return;
    const { scale } = this.parts;
    this.canvas.setAttribute('aria-valuemin', String(scale.low));
    this.canvas.setAttribute('aria-valuemax', String(scale.high));
    this.canvas.setAttribute('aria-valuenow', String(this.threshold));
    this.canvas.setAttribute('aria-valuetext', this.said());
  }

  private said(): string {
    const { words } = this.frame;
    const { detection } = this.parts;
    const at = `${words.threshold} ${compact(this.threshold)}`;
    if (!detection || this.threshold === undefined) return at;
    const confusion = confusionAt(detection, this.threshold);
    const counts = [
      `${words.truePositives} ${confusion.tp}`,
      `${words.falsePositives} ${confusion.fp}`,
      `${words.falseNegatives} ${confusion.fn}`,
      `${words.trueNegatives} ${confusion.tn}`,
    ];
    return [at, ...counts, ratesLine(ratesOf(confusion), words)].join(', ');
  }

  private grab(event: PointerEvent): void {
    if (this.threshold === undefined || event.button !== 0) return;
    const { bins } = this.layout!;
    if (event.offsetX > bins.x + bins.width + 8 || event.offsetY > bins.y + bins.height + 12) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.moveTo(event.offsetX);
  }

  private pointer(event: PointerEvent): void {
    if (event.buttons === 1 && this.canvas.hasPointerCapture(event.pointerId)) this.moveTo(event.offsetX);
    else this.hover(event);
  }

  private hover({ offsetX: x, offsetY: y }: PointerEvent): void {
    const { bins: area, width } = this.layout!;
    const share = (x - area.x) / area.width;
    if (share < 0 || share >= 1 || y < area.y || y > area.y + area.height) {
      this.tip.hide();
      return;
    }
    this.tip.show(this.about(Math.floor(share * this.binCount)), x, y, width);
  }

  private get binCount(): number {
    return this.parts.bins[0]?.length ?? 0;
  }

  /** From where to where a bin goes, and how many of each group it holds. */
  private about(bin: number): string {
    const { bins, scale } = this.parts;
    const edge = (at: number) => compact(scale.value(at / this.binCount), 3);
    const counts = this.payload.groups
      .filter(({ name }) => !this.hidden.has(name))
      .map(({ name }) => `${name}: ${grouped(bins[this.indexOf(name)]![bin]!)}`);
    return [`${edge(bin)} – ${edge(bin + 1)}`, ...counts].join('\n');
  }

  private indexOf(name: string): number {
    return this.payload.groups.findIndex((group) => group.name === name);
  }

  private moveTo(x: number): void {
    const { bins } = this.layout!;
    this.setThreshold(this.parts.scale.value(Math.min(1, Math.max(0, (x - bins.x) / bins.width))));
    this.tip.hide();
  }

  private setThreshold(threshold: number): void {
    this.threshold = threshold;
    this.use.hidden = !this.payload.channel || !this.frame.kernel.reachable;
    this.used.textContent = '';
    this.draw();
  }

  private key(event: KeyboardEvent): void {
    const handled = this.threshold === undefined ? this.walk(event) : this.slide(event, this.threshold);
    if (!handled) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The arrow keys move the threshold. */
  private slide(event: KeyboardEvent, threshold: number): boolean {
    const { scale } = this.parts;
    const share = scale.share(threshold);
    const step = event.shiftKey ? 0.05 : 0.005;
    const to: Record<string, number> = {
      ArrowRight: share + step,
      ArrowUp: share + step,
      ArrowLeft: share - step,
      ArrowDown: share - step,
      Home: 0,
      End: 1,
    };
    const next = to[event.key];
    if (next === undefined) return false;
    this.setThreshold(scale.value(Math.min(1, Math.max(0, next))));
    this.frame.say(this.said());
    return true;
  }

  /** The arrow keys walk through the bins. */
  private walk(event: KeyboardEvent): boolean {
    const last = this.binCount - 1;
    const from = this.bin ?? -1;
    const to: Record<string, number> = { ArrowRight: from + 1, ArrowLeft: from - 1, Home: 0, End: last };
    if (event.key === 'Escape') this.visit(undefined);
    const next = to[event.key];
    if (next === undefined || last < 0) return false;
    this.visit(Math.max(0, Math.min(last, next)));
    return true;
  }

  private visit(bin: number | undefined): void {
    if (bin === this.bin) return;
    this.bin = bin;
    this.draw();
    if (bin === undefined) {
      this.tip.hide();
      return;
    }
    const { bins: area, width } = this.layout!;
    this.tip.show(this.about(bin), area.x + ((bin + 0.5) / this.binCount) * area.width, area.y + 20, width);
    this.frame.say(this.about(bin).replaceAll('\n', ', '));
  }

  private async useThreshold(): Promise<void> {
    const answer = await this.frame.kernel.ask(this.payload.channel!, { threshold: this.threshold });
    this.note.hidden = answer !== undefined;
    this.used.textContent = answer === undefined ? '' : this.frame.words.used;
  }

  data() {
    const { words } = this.frame;
    return {
      columns: [words.group, words.value],
      rows: this.payload.groups.flatMap(({ name, values }) => Array.from(values, (value) => [name, value])),
    };
  }

  sheet({ theme, width }: Surroundings) {
    const { payload, parts } = this;
    const layout = layOutHistogram(parts, width);
    const look = this.look();
    return {
      width,
      height: layout.height,
      heading: {
        title: payload.title,
        subtitle: payload.facts.map((fact) => fact.join(' ')).join(' · ') || undefined,
        legend: histogramLegend(payload, theme).filter((entry) => !this.hidden.has(entry.name)),
      },
      paint: (context: Context) =>
        paintHistogram(context, payload, parts, look, layout, { theme, words: this.frame.words }),
    };
  }
}

export const histogramKind: Kind<HistogramPayload> = {
  name: 'histogram',
  parse: parseHistogram,
  create: (payload, frame) => new HistogramView(payload, frame),
};
