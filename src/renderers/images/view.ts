import type { Atlas, Context } from '../../drawing/canvas.ts';
import { type ImagesLayout, layOutImages, paintImages, prepareImages } from '../../drawing/imagesPicture.ts';
import { compact } from '../../drawing/numbers.ts';
import { element, makeCanvas, prepareCanvas } from '../shared/elements.ts';
import { type Frame, type Kind, type Surroundings, tool, type View } from '../shared/output.ts';
import { Pager } from '../shared/pager.ts';
import { Tip } from '../shared/tip.ts';
import { type ImagesPayload, parseImages } from './payload.ts';

const zoomSteps = [1, 1.6, 2.6, 4, 6];
const icons = {
  larger: 'M7 3a4 4 0 1 1 0 8 4 4 0 0 1 0-8M10 10l3.5 3.5M5 7h4M7 5v4',
  smaller: 'M7 3a4 4 0 1 1 0 8 4 4 0 0 1 0-8M10 10l3.5 3.5M5 7h4',
};

class ImagesView implements View<ImagesPayload> {
  readonly root = element('div');
  private readonly canvas = element('canvas', { role: 'img', tabindex: 0 });
  private readonly tip = new Tip();
  private atlas: Atlas;
  private layout: ImagesLayout | undefined;
  private surroundings: Surroundings | undefined;
  private active: number | undefined;
  private zoom = 0;
  private readonly pager: Pager;
  private readonly zoomTools: readonly [HTMLButtonElement, HTMLButtonElement];

  constructor(
    private payload: ImagesPayload,
    private readonly frame: Frame,
  ) {
    this.atlas = prepareImages(payload, makeCanvas);
    this.zoomTools = [
      tool(frame.words.zoomOut, icons.smaller, () => this.setZoom(this.zoom - 1)),
      tool(frame.words.zoomIn, icons.larger, () => this.setZoom(this.zoom + 1)),
    ];
    for (const one of this.zoomTools) frame.addTool(one);
    const scroller = element('div', { class: 'aenb-wide' }, this.canvas);
    this.pager = new Pager(frame, (answer) => {
      this.show(parseImages(answer));
      return this.payload.count;
    });
    this.pager.begin(payload, payload.count);
    this.root.append(element('div', { class: 'aenb-figure' }, scroller, this.tip.root), this.pager.root);
    this.canvas.addEventListener('pointermove', (event) => this.hover(event));
    this.canvas.addEventListener('pointerleave', () => this.attend(undefined));
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    this.canvas.addEventListener('blur', () => this.attend(undefined));
  }

  update(payload: ImagesPayload): void {
    this.show(payload);
    this.pager.begin(payload, payload.count);
  }

  private show(payload: ImagesPayload): void {
    this.payload = payload;
    this.atlas = prepareImages(payload, makeCanvas);
    this.active = undefined;
  }

  paint(surroundings: Surroundings): void {
    this.surroundings = surroundings;
    this.layout = layOutImages(this.payload, surroundings.width, devicePixelRatio || 1, zoomSteps[this.zoom]);
    this.zoomTools[0].disabled = this.zoom === 0;
    this.zoomTools[1].disabled = this.zoom === zoomSteps.length - 1;
    this.canvas.setAttribute('aria-label', `${this.payload.text} ${this.frame.words.keyboardHint}`);
    this.draw();
  }

  private setZoom(step: number): void {
    this.zoom = Math.max(0, Math.min(zoomSteps.length - 1, step));
    this.frame.repaint();
  }

  private draw(): void {
    const layout = this.layout!;
    const context = prepareCanvas(this.canvas, layout.width, layout.height);
    paintImages(context, this.payload, this.atlas, layout, this.surroundings!.theme, this.active);
  }

  private hover({ offsetX: x, offsetY: y }: PointerEvent): void {
    const { places, tile, width } = this.layout!;
    const image = places.findIndex((at) => x >= at.x && x < at.x + tile.width && y >= at.y && y < at.y + tile.height);
    this.attend(image < 0 ? undefined : image);
    if (image < 0) return;
    const [rows, columns, channels] = this.payload.imageShape;
    const { x: left, y: top } = places[image]!;
    const row = Math.min(rows - 1, Math.floor(((y - top) / tile.height) * rows));
    const column = Math.min(columns - 1, Math.floor(((x - left) / tile.width) * columns));
    const at = ((image * rows + row) * columns + column) * channels;
    const [low, high] = this.payload.range;
    const values = Array.from({ length: channels }, (_, c) =>
      compact(low + (this.payload.pixels[at + c]! / 255) * (high - low), 3),
    );
    const { words } = this.frame;
    this.tip.show(`${this.about(image)}\n${words.pixel} ${row}, ${column}: ${values.join(' ')}`, x, y, width);
  }

  private about(image: number): string {
    const title = this.payload.titles?.[image];
    const { columns } = this.layout!;
    const { columnTitles, rowTitles } = this.payload;
    if (columnTitles || rowTitles) {
      const names = [rowTitles?.[Math.floor(image / columns)], columnTitles?.[image % columns]];
      return [...names, title].filter(Boolean).join(', ');
    }
    return `${this.frame.words[this.payload.each ?? 'sample']} ${this.pager.from + image}${title ? `: ${title}` : ''}`;
  }

  private attend(image: number | undefined): void {
    if (image === undefined) this.tip.hide();
    if (image === this.active) return;
    this.active = image;
    this.draw();
  }

  private key(event: KeyboardEvent): void {
    const { columns, places, tile, width } = this.layout!;
    const from = this.active ?? -1;
    const steps: Record<string, number> = {
      ArrowRight: from + 1,
      ArrowLeft: from - 1,
      ArrowDown: from + columns,
      ArrowUp: from - columns,
      Home: 0,
      End: places.length - 1,
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
    if (next === undefined || !places.length) return;
    event.preventDefault();
    event.stopPropagation();
    const image = Math.max(0, Math.min(places.length - 1, next));
    this.attend(image);
    this.tip.show(this.about(image), places[image]!.x + tile.width / 2, places[image]!.y + 20, width);
    this.frame.say(this.about(image));
  }

  data() {
    const [height, width, channels] = this.payload.imageShape;
    const size = height * width * channels;
    const [low, high] = this.payload.range;
    return {
      columns: [this.frame.words[this.payload.each ?? 'sample'], ...Array.from({ length: size }, (_, i) => String(i))],
      rows: Array.from({ length: this.payload.count }, (_, i) => [
        this.payload.titles?.[i] ?? this.pager.from + i,
        ...Array.from(this.payload.pixels.subarray(i * size, (i + 1) * size), (level) =>
          Number((low + (level / 255) * (high - low)).toPrecision(4)),
        ),
      ]),
    };
  }

  sheet({ theme, width }: Surroundings) {
    const { payload, atlas } = this;
    const layout = layOutImages(payload, width, 2, zoomSteps[this.zoom]);
    return {
      width: layout.width,
      height: layout.height,
      heading: { title: payload.title },
      paint: (context: Context) => paintImages(context, payload, atlas, layout, theme),
    };
  }
}

export const imagesKind: Kind<ImagesPayload> = {
  name: 'images',
  parse: parseImages,
  create: (payload, frame) => new ImagesView(payload, frame),
};
