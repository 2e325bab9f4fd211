import type { Context } from '../../drawing/canvas.ts';
import { layOutModel, type ModelLayout, nameOf, paintModel } from '../../drawing/modelPicture.ts';
import { grouped } from '../../drawing/numbers.ts';
import { element, prepareCanvas } from '../shared/elements.ts';
import type { Frame, Kind, Surroundings, View } from '../shared/output.ts';
import { Tip } from '../shared/tip.ts';
import { type ModelPayload, parseModel } from './payload.ts';

class ModelView implements View<ModelPayload> {
  readonly root = element('div');
  private readonly canvas = element('canvas', { role: 'img', tabindex: 0 });
  private readonly tip = new Tip();
  private active: number | undefined;
  private layout: ModelLayout | undefined;
  private surroundings: Surroundings | undefined;
  private readonly total = element('div', { class: 'aenb-muted' });

  constructor(
    private payload: ModelPayload,
    private readonly frame: Frame,
  ) {
    frame.slot.append(this.total);
    this.root.append(element('div', { class: 'aenb-figure' }, this.canvas, this.tip.root));
    this.canvas.addEventListener('pointermove', (event) => this.hover(event));
    this.canvas.addEventListener('pointerleave', () => this.attend(undefined));
    this.canvas.addEventListener('blur', () => this.attend(undefined));
    this.canvas.addEventListener('keydown', (event) => this.key(event));
  }

  update(payload: ModelPayload): void {
    this.payload = payload;
    this.active = undefined;
  }

  paint(surroundings: Surroundings): void {
    this.surroundings = surroundings;
    this.total.textContent = `${grouped(this.payload.parameters)} ${this.frame.words.parameters}`;
    this.layout = layOutModel(this.payload, surroundings.width);
    this.canvas.setAttribute('aria-label', `${this.payload.text} ${this.frame.words.keyboardHint}`);
    this.draw();
  }

  private draw(): void {
    const layout = this.layout!;
    const context = prepareCanvas(this.canvas, layout.width, layout.height);
    const { theme } = this.surroundings!;
    paintModel(context, this.payload, layout, { theme, words: this.frame.words, active: this.active });
  }

  private hover({ offsetX: x, offsetY: y }: PointerEvent): void {
    const layer = this.layout!.bars.findIndex((bar) => y >= bar.y - 4 && y < bar.y + bar.height + 4);
    this.attend(layer < 0 ? undefined : layer);
    if (layer >= 0) this.tip.show(this.about(layer), x, y, this.layout!.width);
  }

  private attend(layer: number | undefined): void {
    if (layer === undefined) this.tip.hide();
    if (layer === this.active) return;
    this.active = layer;
    this.draw();
  }

  private about(i: number): string {
    const { words } = this.frame;
    const layer = this.payload.layers[i]!;
    const size = layer.shape.map((one) => grouped(one)).join(' × ');
    return `${words[layer.part]}: ${nameOf(this.payload, i, words)}\n${size}\n${grouped(layer.parameters)} ${words.parameters}`;
  }

  private key(event: KeyboardEvent): void {
    const last = this.payload.layers.length - 1;
    const from = this.active ?? -1;
    const steps: Record<string, number> = { ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: last };
    if (event.key === 'Escape') this.attend(undefined);
    const to = steps[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    event.stopPropagation();
    const layer = Math.max(0, Math.min(last, to));
    this.attend(layer);
    const bar = this.layout!.bars[layer]!;
    this.tip.show(this.about(layer), bar.x + bar.width / 2, bar.y, this.layout!.width);
    this.frame.say(this.about(layer).replaceAll('\n', ', '));
  }

  data() {
    const { words } = this.frame;
    return {
      columns: [words.layer, '', words.value, words.parameters],
      rows: this.payload.layers.map((layer, i) => [
        nameOf(this.payload, i, words),
        words[layer.part],
        layer.shape.join(' x '),
        layer.parameters,
      ]),
    };
  }

  sheet({ theme, width }: Surroundings) {
    const { payload } = this;
    const layout = layOutModel(payload, width);
    return {
      width: layout.width,
      height: layout.height,
      heading: {
        title: payload.title,
        subtitle: `${grouped(payload.parameters)} ${this.frame.words.parameters}`,
      },
      paint: (context: Context) => paintModel(context, payload, layout, { theme, words: this.frame.words }),
    };
  }
}

export const modelKind: Kind<ModelPayload> = {
  name: 'model',
  parse: parseModel,
  create: (payload, frame) => new ModelView(payload, frame),
};
