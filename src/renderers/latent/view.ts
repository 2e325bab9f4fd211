import type { Context } from '../../drawing/canvas.ts';
import {
  classNames,
  codeAt,
  firstView,
  type LatentProjection,
  type LatentView,
  latentLegend,
  nearestSample,
  paintLatent,
  projectLatent,
  samplesInside,
  wholeMap,
} from '../../drawing/latentPicture.ts';
import { compact, grouped } from '../../drawing/numbers.ts';
import type { Part } from '../../drawing/plane.ts';
import { element, makeCanvas, prepareCanvas } from '../shared/elements.ts';
import { GlPoints } from '../shared/glPoints.ts';
import { kernelNote } from '../shared/kernelNote.ts';
import { makeLegend } from '../shared/legend.ts';
import type { Frame, Kind, Surroundings, View } from '../shared/output.ts';
import { type Place, Roaming } from '../shared/roaming.ts';
import { LatentControls, type Mode } from './controls.ts';
import { LookPanel } from './lookPanel.ts';
import { type DecodedPoints, type LatentPayload, type LatentQuestion, parseLatent } from './payload.ts';
import { Strip } from './strip.ts';

const panelWidth = 176;
const widestMap = 620;
/** Below this the panel stands under the map. */
const narrow = 520;
/** How far from a point, in CSS pixels, the cursor still means it. */
const reach = 28;
const keyStep = 12;
/** Fewer points than this are drawn as quickly without the graphics card. */
const pointsForCard = 1_500;
const stepsOfWalk = 10;
const mostPictures = 60;

class LatentMap implements View<LatentPayload> {
  readonly root = element('div');
  private readonly canvas = element('canvas', { role: 'img', tabindex: 0 });
  private readonly overlay = element('canvas', { class: 'aenb-latent-cursor', 'aria-hidden': 'true' });
  private readonly map = element('div', { class: 'aenb-latent-map aenb-plane' }, this.canvas, this.overlay);
  private readonly parts = element('div', { class: 'aenb-latent-parts' });
  private readonly strip = new Strip();
  private readonly roaming: Roaming;
  private readonly legend = makeLegend(
    (name) => this.toggle(name),
    (name) => this.light(name),
  );
  private readonly points = new GlPoints();
  private readonly note: HTMLElement;
  private controls!: LatentControls;
  private panel!: LookPanel;
  private view!: LatentView;
  private mode: Mode = 'move';
  /** Which thumbnail shows a sample; -1 for none. */
  private thumbnailOf!: Int32Array;
  private projection: LatentProjection | undefined;
  private surroundings: Surroundings | undefined;
  private size = { width: 0, height: 0 };
  private cursor: Place | undefined;
  /** The sample that the panel shows, with a ring around its point. */
  private sample: number | undefined;
  private walk: readonly [Place, Place] | undefined;
  private lasso: readonly Place[] | undefined;
  private asking = false;
  private wanted: (() => Promise<void>) | undefined;
  private drawing: number | undefined;

  constructor(
    private payload: LatentPayload,
    private readonly frame: Frame,
  ) {
    this.note = kernelNote(frame, () => this.payload.channel);
    this.roaming = new Roaming(this.canvas, frame, frame.words.wholeMap, {
      seen: () => this.projection!,
      whole: () => wholeMap(this.payload, this.view.axes),
      show: (part) => this.show(part),
      hover: (at) => this.move(at),
      drag: ({ from, path }, at) => this.drag(from, path, at),
      dropped: ({ path }) => this.dropped(path),
    });
    this.parts.append(this.map);
    this.root.append(this.parts, this.strip.root);
    this.take(payload);
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    this.canvas.addEventListener('blur', () => this.move(undefined));
  }

  update(payload: LatentPayload): void {
    this.payload = payload;
    this.take(payload);
  }

  private take(payload: LatentPayload): void {
    const { words, kernel, slot } = this.frame;
    this.view = firstView(payload);
    this.walk = this.lasso = undefined;
    this.strip.hide();
    this.thumbnailOf = new Int32Array(payload.samples).fill(-1);
    payload.thumbnails?.indices.forEach((sample, i) => {
      this.thumbnailOf[sample] = i;
    });
    // One sample is there from the start, so that the panel shows what it is for.
    this.sample = payload.thumbnails?.indices[0];
    this.panel?.root.remove();
    this.panel = new LookPanel(payload, words, { decodes: this.canAsk, note: this.note });
    this.parts.append(this.panel.root);
    this.controls?.dispose();
    this.controls = new LatentControls(payload, words, {
      axes: (axes) => this.change({ axes, part: undefined }),
      colour: (colour) => this.change({ colour }),
      mode: (mode) => {
        this.mode = mode;
        this.map.dataset.mode = mode;
      },
      moment: (moment) => {
        this.view = { ...this.view, moment };
        this.redraw();
      },
    });
    this.controls.build(this.view, this.mode);
    slot.replaceChildren(this.controls.root, this.legend.root);
    this.note.hidden = kernel.reachable;
  }

  private get canAsk(): boolean {
    return Boolean(this.payload.channel && this.frame.kernel.reachable);
  }

  private change(changes: Partial<LatentView>): void {
    this.view = { ...this.view, ...changes };
    this.frame.repaint();
  }

  paint(surroundings: Surroundings): void {
    const { width, theme } = surroundings;
    this.surroundings = surroundings;
    const names = classNames(this.payload);
    const entries = this.view.colour === 'class' ? latentLegend(this.payload, theme) : [];
    this.legend.show(entries, new Set([...this.view.hidden].map((one) => names[one]!)));
    this.canvas.setAttribute('aria-label', `${this.payload.text} ${this.frame.words.keyboardHint}`);
    const below = width < narrow;
    this.size = sizeIn(below ? width : width - panelWidth);
    this.panel.root.toggleAttribute('data-below', below);
    this.panel.theme = theme;
    this.draw();
    this.showSample();
    this.strip.paint(width, theme);
  }

  /** With the next frame: a mouse moves more often than a screen is drawn. */
  private redraw(): void {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = undefined;
      this.draw();
    });
  }

  private draw(): void {
    this.roaming.offerWhole(this.view.part !== undefined);
    this.projection = projectLatent(this.payload, this.view, this.size);
    this.drawMap();
    this.drawCursor();
  }

  private drawMap(): void {
    const context = prepareCanvas(this.canvas, this.size.width, this.size.height);
    paintLatent(context, this.payload, this.view, this.projection!, {
      theme: this.surroundings!.theme,
      words: this.frame.words,
      ratio: devicePixelRatio || 1,
      make: makeCanvas,
      paintCloud: this.payload.samples > pointsForCard ? this.points.paint : undefined,
    });
  }

  /** Shows a part of the map, or all of it. */
  private show(part: Part | undefined): void {
    this.view = { ...this.view, part };
    this.redraw();
  }

  /** A drag walks or encircles, unless it moves the map. */
  private drag(from: Place, path: readonly Place[], at: Place): boolean {
    if (this.mode === 'walk') this.walkTo(from, at);
    else if (this.mode === 'lasso') {
      this.lasso = path;
      this.drawCursor();
    } else return false;
    return true;
  }

  private dropped(path: readonly Place[]): void {
    if (this.mode !== 'lasso') return;
    this.lasso = undefined;
    this.select(new Set(samplesInside(this.payload, this.view, this.projection!, path)));
  }

  /** The codes between two places, in equal steps, decoded. */
  private walkTo(from: Place, to: Place): void {
    this.walk = [from, to];
    this.drawCursor();
    const ends = [from, to].map((place) => codeAt(this.payload, this.view.axes, this.projection!.at(...place)));
    const decode = Array.from({ length: stepsOfWalk }, (_, i) =>
      ends[0]!.map((value, u) => value + ((ends[1]![u]! - value) * i) / (stepsOfWalk - 1)),
    );
    this.ask({ decode, label: this.label() }, (levels) => this.showWalk(levels));
  }

  private showWalk(levels: Uint8Array | undefined): void {
    const { thumbnails } = this.payload;
    if (!thumbnails || !levels || !this.walk) return;
    const { words } = this.frame;
    const text = words.steps(String(stepsOfWalk));
    this.strip.show([element('strong', { text })], text, {
      shape: thumbnails,
      pictures: Array.from({ length: stepsOfWalk }, (_, index) => ({ levels, index })),
    });
    this.strip.paint(this.surroundings!.width, this.surroundings!.theme);
  }

  /** Marks samples, shows them below the map, and gives them to the next cell. */
  private select(samples: ReadonlySet<number>): void {
    this.view = { ...this.view, selected: samples.size ? samples : undefined };
    this.walk = undefined;
    this.draw();
    const { words } = this.frame;
    if (!samples.size) {
      this.strip.hide();
      this.tellKernel([]);
      return;
    }
    const text = words.selected(grouped(samples.size));
    const clear = element('button', { class: 'aenb-button', type: 'button', text: words.clearSelection });
    clear.addEventListener('click', () => this.select(new Set()));
    const next = element('small');
    const counts = element('small', { text: this.countsOf(samples) });
    const { thumbnails } = this.payload;
    const seen = [...samples].filter((sample) => this.thumbnailOf[sample]! >= 0);
    const every = Math.max(1, Math.ceil(seen.length / mostPictures));
    const pictures = thumbnails
      ? seen
          .filter((_, i) => i % every === 0)
          .map((sample) => ({ levels: thumbnails.originals, index: this.thumbnailOf[sample]! }))
      : [];
    this.strip.show([element('strong', { text }), counts, next, clear], text, {
      shape: thumbnails ?? { form: 'image', imageShape: [1, 1, 1] },
      pictures,
    });
    this.strip.paint(this.surroundings!.width, this.surroundings!.theme);
    this.frame.say(text);
    this.tellKernel([...samples], () => {
      next.textContent = words.nextCell;
    });
  }

  private tellKernel(select: readonly number[], done?: () => void): void {
    const { channel } = this.payload;
    if (!channel || !this.canAsk) return;
    void this.frame.kernel.ask(channel, { select } satisfies LatentQuestion).then((answer) => {
      this.note.hidden = answer !== undefined;
      if (answer !== undefined) done?.();
    });
  }

  /** How many of each class. */
  private countsOf(samples: ReadonlySet<number>): string {
    const { classes } = this.payload;
    if (!classes) return '';
    const counts = new Map<number, number>();
    for (const sample of samples) counts.set(classes[sample]!, (counts.get(classes[sample]!) ?? 0) + 1);
    const names = classNames(this.payload);
    return [...counts]
      .sort((a, b) => b[1] - a[1])
      .slice(0, 6)
      .map(([one, count]) => `${names[one]}: ${grouped(count)}`)
      .join(' · ');
  }

  private toggle(name: string): void {
    const one = classNames(this.payload).indexOf(name);
    const hidden = new Set(this.view.hidden);
    if (!hidden.delete(one)) hidden.add(one);
    this.change({ hidden });
  }

  private light(name: string | undefined): void {
    const one = name === undefined ? -1 : classNames(this.payload).indexOf(name);
    const lit = one < 0 || this.view.hidden.has(one) ? undefined : one;
    if (lit === this.view.lit) return;
    this.view = { ...this.view, lit };
    this.drawMap();
  }

  /** The cursor went somewhere, by mouse or by keys; or it left, and the last sample stays. */
  private move(to: Place | undefined): void {
    this.cursor = to;
    if (to) {
      this.sample = this.sampleAt(to);
      this.showSample();
      this.look(to);
    }
    this.drawCursor();
  }

  private showSample(): void {
    const thumbnail = this.sample === undefined ? -1 : this.thumbnailOf[this.sample]!;
    this.panel.showSample(this.about(this.sample), thumbnail < 0 ? undefined : thumbnail);
  }

  /** Decodes the place under the cursor, and fetches the sample there if it has no thumbnail. */
  private look(place: Place): void {
    // Moments of the training have passed: their decoder is gone.
    if (this.view.moment !== undefined) return;
    const decode = [codeAt(this.payload, this.view.axes, this.projection!.at(...place))];
    const { sample } = this;
    this.ask({ decode, label: this.label() }, (levels) => {
      this.panel.showDecoded(levels);
      if (sample === undefined || sample !== this.sample || this.thumbnailOf[sample]! >= 0) return;
      if (this.wanted || !levels) return;
      this.ask({ sample }, (sent) => sent && sample === this.sample && this.panel.showSent(sent));
    });
  }

  /** The class that a decoder which asks for one is told: that of the sample the panel shows. */
  private label(): number | undefined {
    return this.sample === undefined ? undefined : this.payload.classes?.[this.sample];
  }

  /** One question at a time; while it is out, only the newest waits. */
  private ask(question: LatentQuestion, show: (levels: Uint8Array | undefined) => void): void {
    const { channel, thumbnails } = this.payload;
    if (!channel || !this.canAsk || !thumbnails) return;
    this.wanted = async () => {
      const answer = await this.frame.kernel.ask(channel, question);
      const count = 'decode' in question ? question.decode.length : 2;
      const levels = readLevels(answer, thumbnails.imageShape, count);
      this.note.hidden = levels !== undefined;
      show(levels);
    };
    if (!this.asking) void this.work();
  }

  private async work(): Promise<void> {
    this.asking = true;
    while (this.wanted) {
      const next = this.wanted;
      this.wanted = undefined;
      await next();
    }
    this.asking = false;
  }

  /** Cross, ring and lines go on a canvas of their own: seventy thousand points are not drawn again for them. */
  private drawCursor(): void {
    const context = prepareCanvas(this.overlay, this.size.width, this.size.height);
    const { theme } = this.surroundings!;
    const stroke = (width: number, colour: string, path: () => void) => {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.beginPath();
      path();
      context.stroke();
    };
    const outlined = (path: () => void) => {
      stroke(4, theme.background, path);
      stroke(2, theme.text, path);
    };
    if (this.cursor) {
      const [x, y] = this.cursor;
      stroke(1, theme.text, () => {
        context.moveTo(x - 5, y);
        context.lineTo(x + 5, y);
        context.moveTo(x, y - 5);
        context.lineTo(x, y + 5);
      });
    }
    if (this.walk) this.drawWalk(context, this.walk, outlined);
    if (this.lasso) {
      const path = this.lasso;
      outlined(() => {
        for (const place of path) context.lineTo(...place);
        context.closePath();
      });
    }
    const place = this.sample === undefined ? undefined : this.projection!.place(this.sample);
    const { area } = this.projection!;
    if (!place || this.walk) return;
    const [x, y] = place;
    if (x < area.x || x > area.x + area.width || y < area.y || y > area.y + area.height) return;
    outlined(() => context.arc(x, y, 6, 0, 2 * Math.PI));
  }

  private drawWalk(context: Context, [from, to]: readonly [Place, Place], outlined: (path: () => void) => void): void {
    outlined(() => {
      context.moveTo(...from);
      context.lineTo(...to);
    });
    for (let i = 0; i < stepsOfWalk; i++) {
      const share = i / (stepsOfWalk - 1);
      const [x, y] = [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
      outlined(() => context.arc(x, y, 2, 0, 2 * Math.PI));
    }
  }

  /** The nearest sample; where nobody can be asked for its picture, rather one that has one. */
  private sampleAt(place: Place): number | undefined {
    const near = (wanted?: (sample: number) => boolean) =>
      nearestSample(this.payload, this.view, this.projection!, place, reach, wanted);
    const nearest = near();
    if (nearest === undefined || !this.payload.thumbnails || this.thumbnailOf[nearest]! >= 0) return nearest;
    if (this.canAsk && this.note.hidden) return nearest;
    return near((sample) => this.thumbnailOf[sample]! >= 0) ?? nearest;
  }

  private about(sample: number | undefined): string {
    const { words } = this.frame;
    const { payload, view } = this;
    const place = this.cursor ?? (sample === undefined ? undefined : this.projection!.place(sample));
    if (!place) return '';
    const [x, y] = this.projection!.at(...place);
    const code = view.axes[1] === 'class' ? compact(x, 3) : `${compact(x, 3)}, ${compact(y, 3)}`;
    if (sample === undefined) return code;
    const one = payload.classes?.[sample];
    const name = one === undefined ? '' : `\n${words.class} ${classNames(payload)[one]}`;
    const error = payload.errors
      ? `\n${words.error} ${compact(payload.errors[sample], 3)} ${payload.errorMetric ?? ''}`
      : '';
    return `${code}\n${words.sample} ${sample}${name}${error.trimEnd()}`;
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
      this.walk = undefined;
      this.move(undefined);
      return;
    }
    const { area } = this.projection!;
    const from = this.cursor ?? [area.x + area.width / 2, area.y + area.height / 2];
    const by = steps[event.key];
    if (this.roaming.key(event, from) || (!by && event.key !== 'Enter')) return;
    event.preventDefault();
    event.stopPropagation();
    if (!by) this.press(from);
    else {
      this.move([
        Math.min(area.x + area.width, Math.max(area.x, from[0] + by[0])),
        Math.min(area.y + area.height, Math.max(area.y, from[1] + by[1])),
      ]);
      this.frame.say(this.about(this.sample).replaceAll('\n', ', '));
    }
  }

  /** Enter does at the cursor what dragging does: begins or ends a walk, or adds the samples around to the selection. */
  private press(at: Place): void {
    if (this.mode === 'walk') {
      const begun = this.walk && this.walk[0] === this.walk[1] ? this.walk[0] : undefined;
      if (begun) this.walkTo(begun, at);
      else {
        this.walk = [at, at];
        this.drawCursor();
      }
    } else if (this.mode === 'lasso') {
      const [x, y] = at;
      const around = Array.from({ length: 16 }, (_, i): Place => {
        const angle = (i * Math.PI) / 8;
        return [x + reach * Math.cos(angle), y + reach * Math.sin(angle)];
      });
      const added = samplesInside(this.payload, this.view, this.projection!, around);
      this.select(new Set([...(this.view.selected ?? []), ...added]));
    }
  }

  data() {
    const { payload, view } = this;
    const { words } = this.frame;
    const names = classNames(payload);
    return {
      columns: [
        words.sample,
        ...(payload.classes ? [words.class] : []),
        ...(payload.errors ? [`${words.error} (${payload.errorMetric ?? ''})`] : []),
        ...Array.from({ length: payload.latents }, (_, u) => `${words.latent} ${u + 1}`),
      ],
      rows: Array.from({ length: payload.samples }, (_, i) => i)
        .filter((i) => !view.selected || view.selected.has(i))
        .map((i) => [
          i,
          ...(payload.classes ? [names[payload.classes[i]!]!] : []),
          ...(payload.errors ? [payload.errors[i]!] : []),
          ...payload.codes.subarray(i * payload.latents, (i + 1) * payload.latents),
        ]),
    };
  }

  sheet({ theme }: Surroundings) {
    const { payload, view, size } = this;
    const legend = view.colour === 'class' ? latentLegend(payload, theme) : [];
    return {
      ...size,
      heading: { title: payload.title, legend: legend.filter((_, i) => !view.hidden.has(i)) },
      paint: (context: Context) =>
        paintLatent(context, payload, view, projectLatent(payload, view, size), {
          theme,
          words: this.frame.words,
          ratio: 2,
          make: makeCanvas,
        }),
    };
  }

  dispose(): void {
    if (this.drawing !== undefined) cancelAnimationFrame(this.drawing);
    this.controls.dispose();
    this.points.dispose();
  }
}

function sizeIn(room: number): { width: number; height: number } {
  const width = Math.min(widestMap, room);
  return { width, height: Math.round(Math.min(520, Math.max(260, width * 0.84))) };
}

/** The levels of a kernel's answer, if it has the form and the size of what was asked for. */
function readLevels(answer: unknown, shape: readonly [number, number, number], count: number): Uint8Array | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { levels } = answer as Partial<DecodedPoints>;
  if (typeof levels !== 'string') return undefined;
  try {
    const bytes = Uint8Array.from(atob(levels), (character) => character.charCodeAt(0));
    return bytes.length === count * shape[0] * shape[1] * shape[2] ? bytes : undefined;
  } catch {
    return undefined;
  }
}

export const latentKind: Kind<LatentPayload> = {
  name: 'latent',
  parse: parseLatent,
  create: (payload, frame) => new LatentMap(payload, frame),
};
