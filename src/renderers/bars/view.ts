import {
  type BarsLayout,
  barsLegend,
  type BarsView as Look,
  layOutBars,
  paintBars,
} from '../../drawing/barsPicture.ts';
import type { Context } from '../../drawing/canvas.ts';
import { compact } from '../../drawing/numbers.ts';
import { element, prepareCanvas } from '../shared/elements.ts';
import { makeLegend } from '../shared/legend.ts';
import { type Frame, type Kind, type Surroundings, tool, type View } from '../shared/output.ts';
import { Tip } from '../shared/tip.ts';
import { type BarsPayload, parseBars } from './payload.ts';

const logIcon = 'M2.5 2.5v11h11M4.5 11.5c.6-5.5 2.5-8 9-8.5';

class BarsView implements View<BarsPayload> {
  readonly root = element('div');
  private readonly canvas = element('canvas', { role: 'img', tabindex: 0 });
  private readonly tip = new Tip();
  private readonly logTool: HTMLElement;
  private readonly slider = element('input', { type: 'range', min: 0, step: 1 });
  private readonly frameText = element('span');
  private readonly controls = element('div', { class: 'aenb-controls' });
  private readonly legend = makeLegend((name) => {
    if (!this.hidden.delete(name)) this.hidden.add(name);
    this.frame.repaint();
  });
  private readonly hidden = new Set<string>();
  private log: boolean;
  private at: number;
  private active: Look['active'];
  private layout: BarsLayout | undefined;
  private surroundings: Surroundings | undefined;

  constructor(
    private payload: BarsPayload,
    private readonly frame: Frame,
  ) {
    this.log = payload.log;
    this.at = payload.frame;
    this.logTool = tool(frame.words.logarithmic, logIcon, () => {
      this.log = !this.log;
      frame.repaint();
    });
    frame.addTool(this.logTool);
    this.controls.append(element('label', {}, this.slider, this.frameText));
    frame.slot.append(this.controls, this.legend.root);
    this.root.append(element('div', { class: 'aenb-figure' }, this.canvas, this.tip.root));
    this.slider.addEventListener('input', () => {
      this.at = Number(this.slider.value);
      this.frame.repaint();
    });
    this.canvas.addEventListener('pointermove', (event) => this.hover(event));
    this.canvas.addEventListener('pointerleave', () => this.attend(undefined));
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    this.canvas.addEventListener('blur', () => this.attend(undefined));
  }

  update(payload: BarsPayload): void {
    this.payload = payload;
    this.at = payload.frame;
    this.active = undefined;
  }

  private look(): Look {
    return { log: this.log, frame: this.at, hidden: this.hidden, active: this.active };
  }

  paint(surroundings: Surroundings): void {
    this.surroundings = surroundings;
    const { payload } = this;
    this.logTool.setAttribute('aria-pressed', String(this.log));
    this.controls.hidden = payload.frames.length < 2;
    this.slider.max = String(payload.frames.length - 1);
    this.slider.value = String(this.at);
    this.frameText.textContent = `${this.frameName()} ${payload.frames[this.at]}`;
    this.slider.setAttribute('aria-label', this.frameName());
    this.slider.setAttribute('aria-valuetext', this.frameText.textContent);
    this.legend.show(barsLegend(payload, surroundings.theme), this.hidden);
    this.canvas.setAttribute('aria-label', `${payload.text} ${this.frame.words.keyboardHint}`);
    this.layout = layOutBars(payload, this.look(), surroundings.width);
    this.draw();
  }

  private frameName(): string {
    const { frameName } = this.payload;
    return frameName === 'epoch' ? this.frame.words.epoch : (frameName ?? '');
  }

  private draw(): void {
    const layout = this.layout!;
    const context = prepareCanvas(this.canvas, layout.width, layout.height);
    paintBars(context, this.payload, this.look(), layout, this.surroundings!.theme);
  }

  private hover({ offsetX: x, offsetY: y }: PointerEvent): void {
    const { area } = this.layout!;
    const category = Math.floor(((x - area.x) / area.width) * this.payload.categories.length);
    if (category < 0 || category >= this.payload.categories.length || y > area.y + area.height) {
      this.attend(undefined);
      return;
    }
    const series = this.payload.series.findIndex((_, i) => {
      const slot = this.layout!.slot(i, category);
      return slot && x >= slot.x - 1 && x < slot.x + slot.width + 1;
    });
    this.attend(series < 0 ? undefined : { series, category }, [x, y]);
  }

  private attend(active: Look['active'], at?: readonly [number, number]): void {
    const changed = active?.series !== this.active?.series || active?.category !== this.active?.category;
    this.active = active;
    if (!active) this.tip.hide();
    else if (at) this.tip.show(this.about(active), at[0], at[1], this.layout!.width);
    if (changed) this.draw();
  }

  private about({ series, category }: NonNullable<Look['active']>): string {
    const { payload } = this;
    const one = payload.series[series]!;
    const value = compact(one.values[this.at]![category]);
    const frame = payload.frames.length > 1 ? `\n${this.frameName()} ${payload.frames[this.at]}` : '';
    return `${one.name}: ${payload.categories[category]}\n${value}${frame}`;
  }

  /** Left and right walk through the categories, up and down through the series. */
  private key(event: KeyboardEvent): void {
    const { payload } = this;
    const shown = payload.series.flatMap(({ name }, i) => (this.hidden.has(name) ? [] : [i]));
    if (!shown.length || !payload.categories.length) return;
    const { series, category } = this.active ?? { series: shown[0]!, category: -1 };
    const place = Math.max(0, shown.indexOf(series));
    const moves: Record<string, readonly [number, number]> = {
      ArrowRight: [place, category + 1],
      ArrowLeft: [place, category - 1],
      ArrowUp: [place - 1, category],
      ArrowDown: [place + 1, category],
      Home: [place, 0],
      End: [place, payload.categories.length - 1],
    };
    if (event.key === 'Escape') this.attend(undefined);
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    const next = {
      series: shown[Math.min(shown.length - 1, Math.max(0, move[0]))]!,
      category: Math.min(payload.categories.length - 1, Math.max(0, move[1])),
    };
    const slot = this.layout!.slot(next.series, next.category)!;
    this.attend(next, [slot.x + slot.width / 2, this.layout!.area.y + 30]);
    this.frame.say(this.about(next).replaceAll('\n', ', '));
  }

  data() {
    const { payload } = this;
    const { words } = this.frame;
    return {
      columns: [this.frameName() || words.step, words.series, ...payload.categories],
      rows: payload.frames.flatMap((frame, f) => payload.series.map((one) => [frame, one.name, ...one.values[f]!])),
    };
  }

  sheet({ theme, width }: Surroundings) {
    const { payload } = this;
    const look = { ...this.look(), active: undefined };
    const layout = layOutBars(payload, look, width);
    return {
      width,
      height: layout.height,
      heading: {
        title: payload.title,
        subtitle: payload.frames.length > 1 ? `${this.frameName()} ${payload.frames[this.at]}` : undefined,
        legend: barsLegend(payload, theme).filter((entry) => !this.hidden.has(entry.name)),
      },
      paint: (context: Context) => paintBars(context, payload, look, layout, theme),
    };
  }
}

export const barsKind: Kind<BarsPayload> = {
  name: 'bars',
  parse: parseBars,
  create: (payload, frame) => new BarsView(payload, frame),
};
