import type { LatentPayload } from '../renderers/latent/payload.ts';
import { type Context, crisp, fitText, font, type MakeCanvas, pointRadius } from './canvas.ts';
import { errorColour, errorCss } from './colourScale.ts';
import type { LegendEntry } from './legend.ts';
import { compact, ticks, tickTexts } from './numbers.ts';
import { atPlace, contains, type Part, type Seen, toCanvas } from './plane.ts';
import { cloudColours, type PaintCloud, paintCloud } from './pointCloud.ts';
import { levelsOf } from './pointLayer.ts';
import { seriesColour, type Theme, withAlpha } from './theme.ts';
import type { PictureWords } from './words.ts';

/** A latent, counted from 0; beyond the last one a principal component; or the class, where there is but one latent. */
export type LatentAxis = number | 'class';

/** What the reader has chosen. */
export interface LatentView {
  /** What lies along the horizontal and the vertical axis. */
  readonly axes: readonly [LatentAxis, LatentAxis];
  /** Classes that are switched off. */
  readonly hidden: ReadonlySet<number>;
  readonly colour: 'class' | 'error';
  /** The class that stands out from the others. */
  readonly lit?: number;
  /** The part of the map that is shown; all of it if absent. */
  readonly part?: Part;
  /** A moment of the training: a snapshot, or a share of the way to the next one; the finished map if absent. */
  readonly moment?: number;
  /** Samples that were selected. */
  readonly selected?: ReadonlySet<number>;
}

/** Where the samples of a view lie: all of them, or the probe of a moment of the training. */
interface Places {
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** Which sample each place belongs to; its own number if absent. */
  readonly samples?: Uint32Array;
}

/** From codes to places on the canvas and back. */
export interface LatentProjection extends Seen {
  readonly places: Places;
  /** Where a sample is drawn; undefined if it is not on this map. */
  place(sample: number): [number, number] | undefined;
  /** The two codes at a place. */
  at(x: number, y: number): [number, number];
  toCanvas(codes: readonly [number, number]): [number, number];
}

const margin = { top: 10, right: 12, bottom: 38, left: 52 };

/** The first two latents; the first two principal components where there are many; or the one latent there is. */
export function firstView(payload: LatentPayload): LatentView {
  const { latents } = payload;
  const axes: LatentView['axes'] =
    latents === 1 ? [0, 'class'] : latents > 2 && payload.components ? [latents, latents + 1] : [0, 1];
  return { axes, hidden: new Set(), colour: !payload.classes && payload.errors ? 'error' : 'class' };
}

export function axisName(payload: LatentPayload, axis: LatentAxis, words: PictureWords): string {
  if (axis === 'class') return '';
  const { latents } = payload;
  return axis < latents ? `${words.latent} ${axis + 1}` : `${words.component} ${axis - latents + 1}`;
}

/** The whole code at a place of the map: what is not drawn is as in the mean code. */
export function codeAt(payload: LatentPayload, axes: LatentView['axes'], at: readonly [number, number]): number[] {
  const code = [...payload.means];
  axes.forEach((axis, i) => {
    if (axis === 'class') return;
    if (axis < payload.latents) code[axis] = at[i]!;
    else {
      const direction = payload.components![axis - payload.latents]!;
      direction.forEach((share, u) => {
        code[u]! += share * at[i]!;
      });
    }
  });
  return code;
}

/** What is derived from a payload, kept as long as the payload lives: zooming asks for it with every frame. */
interface Derived {
  readonly columns: Map<string, Float32Array>;
  readonly medians: Map<string, readonly (readonly [number, number] | undefined)[]>;
  readonly groups: Map<string, Uint8Array>;
}
const known = new WeakMap<LatentPayload, Derived>();

function derived<K extends keyof Derived>(
  payload: LatentPayload,
  kind: K,
  key: string,
  make: () => Derived[K] extends Map<string, infer V> ? V : never,
) {
  let all = known.get(payload);
  if (!all) {
    all = { columns: new Map(), medians: new Map(), groups: new Map() };
    known.set(payload, all);
  }
  const map = all[kind] as Map<string, ReturnType<typeof make>>;
  let value = map.get(key);
  if (!value) {
    value = make();
    map.set(key, value);
  }
  return value;
}

/** Values along an axis, of all samples or of a snapshot's. */
function column(payload: LatentPayload, axis: LatentAxis, snapshot?: number): Float32Array {
  return derived(payload, 'columns', `${axis} ${snapshot ?? ''}`, () => {
    const codes = snapshot === undefined ? payload.codes : payload.snapshots!.codes[snapshot]!;
    const { latents, means } = payload;
    const values = new Float32Array(codes.length / latents);
    for (let i = 0; i < values.length; i++) {
      if (axis === 'class') {
        const sample = snapshot === undefined ? i : payload.snapshots!.indices[i]!;
        values[i] = (payload.classes?.[sample] ?? 0) + jitter(sample);
      } else if (axis < latents) values[i] = codes[i * latents + axis]!;
      else {
        const direction = payload.components![axis - latents]!;
        let along = 0;
        for (let u = 0; u < latents; u++) along += (codes[i * latents + u]! - means[u]!) * direction[u]!;
        values[i] = along;
      }
    }
    return values;
  });
}

function placesOf(payload: LatentPayload, view: LatentView): Places {
  const [across, up] = view.axes;
  if (view.moment === undefined || !payload.snapshots) {
    return { x: column(payload, across), y: column(payload, up) };
  }
  const first = Math.floor(view.moment);
  const share = view.moment - first;
  const along = (axis: LatentAxis) => {
    const from = column(payload, axis, first);
    if (!share) return from;
    const to = column(payload, axis, first + 1);
    return from.map((value, i) => value + (to[i]! - value) * share);
  };
  return { x: along(across), y: along(up), samples: payload.snapshots.indices };
}

/** Least and greatest value along an axis, over the whole training where it can be replayed: the axes stand still. */
function extentOf(payload: LatentPayload, axis: LatentAxis): readonly [number, number] {
  if (axis === 'class') return [-0.6, Math.max(1, classNames(payload).length) - 0.4];
  const columns = [
    column(payload, axis),
    ...(payload.snapshots?.codes.map((_, snapshot) => column(payload, axis, snapshot)) ?? []),
  ];
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const values of columns) {
    for (let i = 0; i < values.length; i++) {
      if (values[i]! < low) low = values[i]!;
      if (values[i]! > high) high = values[i]!;
    }
  }
  if (low > high) return [-1, 1];
  const room = high > low ? (high - low) * 0.04 : 0.5;
  return [low - room, high + room];
}

/** All codes of the map, with a little room around them. */
export function wholeMap(payload: LatentPayload, axes: LatentView['axes']): Part {
  const [across, up] = [extentOf(payload, axes[0]), extentOf(payload, axes[1])];
  return { low: [across[0], up[0]], high: [across[1], up[1]] };
}

export function projectLatent(
  payload: LatentPayload,
  view: LatentView,
  size: { width: number; height: number },
): LatentProjection {
  const area = {
    x: margin.left,
    y: margin.top,
    width: Math.max(20, size.width - margin.left - margin.right),
    height: Math.max(20, size.height - margin.top - margin.bottom),
  };
  const seen = { area, ...(view.part ?? wholeMap(payload, view.axes)) };
  const places = placesOf(payload, view);
  return {
    ...seen,
    places,
    toCanvas: (codes) => toCanvas(seen, codes),
    place: (sample) => {
      const i = places.samples ? places.samples.indexOf(sample) : sample;
      return i < 0 || i >= places.x.length ? undefined : toCanvas(seen, [places.x[i]!, places.y[i]!]);
    },
    at: (x, y) => atPlace(seen, [x, y]),
  };
}

/** Up to 0.35 up or down, the same for a sample every time: spreads points that would lie on one line. */
function jitter(sample: number): number {
  return (((sample * 0.618034) % 1) - 0.5) * 0.7;
}

export function latentLegend(payload: LatentPayload, theme: Theme): LegendEntry[] {
  return classNames(payload).map((name, i) => ({ name, colour: seriesColour(theme, i), mark: 'point' as const }));
}

export function classNames(payload: LatentPayload): readonly string[] {
  if (!payload.classes) return [];
  if (payload.labels) return payload.labels;
  const greatest = payload.classes.reduce((most, one) => Math.max(most, one), 0);
  return Array.from({ length: greatest + 1 }, (_, i) => String(i));
}

export interface LatentStyle {
  readonly theme: Theme;
  readonly words: PictureWords;
  readonly ratio: number;
  readonly make: MakeCanvas;
  /** Paints points faster than plain memory does. */
  readonly paintCloud?: PaintCloud;
}

export function paintLatent(
  context: Context,
  payload: LatentPayload,
  view: LatentView,
  projection: LatentProjection,
  style: LatentStyle,
): void {
  paintAxes(context, payload, view, projection, style);
  const { area } = projection;
  context.save();
  context.beginPath();
  context.rect(area.x, area.y, area.width, area.height);
  context.clip();
  paintPoints(context, payload, view, projection, style);
  if (payload.prior) paintPrior(context, payload, view, projection, style.theme);
  paintClassNames(context, payload, view, projection, style.theme);
  context.restore();
  if (view.colour === 'error') paintErrorLegend(context, payload, projection, style);
}

function paintAxes(
  context: Context,
  payload: LatentPayload,
  view: LatentView,
  { area, low, high, toCanvas }: LatentProjection,
  { theme, words, ratio }: LatentStyle,
): void {
  context.font = font(theme, theme.fontSize - 1);
  context.lineWidth = 1;
  context.strokeStyle = theme.grid;
  context.fillStyle = theme.muted;
  const line = (fromX: number, fromY: number, toX: number, toY: number) => {
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.lineTo(toX, toY);
    context.stroke();
  };
  context.textAlign = 'center';
  context.textBaseline = 'top';
  const across = ticks(low[0], high[0], area.width / 60);
  tickTexts(across).forEach((text, i) => {
    const x = crisp(toCanvas([across[i]!, 0])[0], ratio);
    line(x, area.y, x, area.y + area.height);
    context.fillText(text, x, area.y + area.height + 6);
  });
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  const byClass = view.axes[1] === 'class';
  const names = classNames(payload);
  const up = byClass
    ? [...names.keys()].filter((one) => one >= low[1] && one <= high[1])
    : ticks(low[1], high[1], area.height / 60);
  const texts = byClass ? up.map((one) => fitText(context, names[one]!, margin.left - 10)) : tickTexts(up);
  up.forEach((tick, i) => {
    const y = crisp(toCanvas([0, tick])[1], ratio);
    line(area.x, y, area.x + area.width, y);
    context.fillText(texts[i]!, area.x - 7, y);
  });
  context.textAlign = 'center';
  context.textBaseline = 'bottom';
  const below = area.y + area.height + margin.bottom;
  context.fillText(axisName(payload, view.axes[0], words), area.x + area.width / 2, below);
  if (byClass) return;
  context.save();
  context.translate(2, area.y + area.height / 2);
  context.rotate(-Math.PI / 2);
  context.textBaseline = 'top';
  context.fillText(axisName(payload, view.axes[1], words), 0, 0);
  context.restore();
}

function paintPoints(
  context: Context,
  payload: LatentPayload,
  view: LatentView,
  projection: LatentProjection,
  style: LatentStyle,
): void {
  const { theme, ratio } = style;
  const { places, area, low, high } = projection;
  const count = places.x.length;
  const opacity = theme.contrast ? 1 : count > 20_000 ? 0.5 : count > 1_000 ? 0.72 : 0.85;
  const byError = view.colour === 'error' && payload.errors;
  const groups = groupsOf(payload, view, places.samples);
  const levels = byError ? errorLevels(theme) : theme.palette.map(levelsOf);
  const paint: PaintCloud = style.paintCloud ?? ((...given) => paintCloud(...given, style.make));
  // Classes beyond the palette take its colours again: the table holds 256.
  const draw = (opacityOf: (group: number) => number) =>
    paint(
      context,
      {
        x: places.x,
        y: places.y,
        groups,
        colours: cloudColours(levels, opacityOf),
        low,
        high,
        area,
        radius: pointRadius(inSight(projection)),
      },
      ratio,
    );
  const hides = (group: number) => !byError && view.hidden.has(group);
  // In the order of the samples, not class by class: no class hides another only for being drawn later.
  if (view.lit === undefined || byError) draw((group) => (hides(group) ? 0 : opacity));
  else {
    draw((group) => (hides(group) || group === view.lit ? 0 : 0.1));
    draw((group) => (group === view.lit ? opacity : 0));
  }
  if (view.selected?.size) paintSelected(context, view.selected, projection, theme);
}

/** A ring around every selected sample. */
function paintSelected(
  context: Context,
  selected: ReadonlySet<number>,
  projection: LatentProjection,
  theme: Theme,
): void {
  context.strokeStyle = theme.text;
  context.lineWidth = 1;
  context.beginPath();
  for (const sample of selected) {
    const place = projection.place(sample);
    if (!place) continue;
    context.moveTo(place[0] + 3, place[1]);
    context.arc(place[0], place[1], 3, 0, 2 * Math.PI);
  }
  context.stroke();
}

/** What decides on every point's colour: its class, or its error in 256 steps. */
function groupsOf(payload: LatentPayload, view: LatentView, samples: Uint32Array | undefined): Uint8Array | undefined {
  const all = groupOfEach(payload, view.colour);
  if (!samples || !all) return all;
  return derived(payload, 'groups', `${view.colour} probe`, () => Uint8Array.from(samples, (sample) => all[sample]!));
}

function groupOfEach(payload: LatentPayload, colour: LatentView['colour']): Uint8Array | undefined {
  const { errors } = payload;
  if (colour === 'class' || !errors) return payload.classes;
  return derived(payload, 'groups', 'error', () => {
    const [low, high] = errorRange(errors);
    return Uint8Array.from(errors, (error) => Math.round((255 * (Math.min(high, error) - low)) / (high - low || 1)));
  });
}

/** From the least error to the 99th of a hundred: a few outliers shall not make all others look alike. */
export function errorRange(errors: Float32Array): [number, number] {
  const sorted = errors.toSorted();
  return [sorted[0] ?? 0, sorted[Math.floor((sorted.length - 1) * 0.99)] ?? 1];
}

/** The scale of errors without the end that the ground swallows. */
function errorLevels(theme: Theme) {
  return Array.from({ length: 256 }, (_, i) => errorColour(errorShare(theme, i / 255)));
}
function errorShare(theme: Theme, share: number): number {
  return theme.dark ? 0.28 + 0.72 * share : 0.88 * share;
}

/** The scale of errors in the upper right corner, with its least and greatest value. */
function paintErrorLegend(
  context: Context,
  payload: LatentPayload,
  { area }: LatentProjection,
  { theme, words }: LatentStyle,
): void {
  if (!payload.errors) return;
  const [low, high] = errorRange(payload.errors);
  const width = 110;
  const x = area.x + area.width - width - 8;
  const y = area.y + 8;
  context.fillStyle = withAlpha(theme.background, 0.85);
  context.fillRect(x - 8, y - 6, width + 16, 42);
  for (let i = 0; i < width; i++) {
    context.fillStyle = errorCss(errorShare(theme, i / (width - 1)));
    context.fillRect(x + i, y + 14, 1.5, 7);
  }
  context.font = font(theme, theme.fontSize - 2);
  context.fillStyle = theme.muted;
  context.textBaseline = 'top';
  context.textAlign = 'left';
  context.fillText(`${words.error} (${payload.errorMetric ?? 'mse'})`, x, y - 1);
  context.fillText(compact(low, 2), x, y + 23);
  context.textAlign = 'right';
  context.fillText(compact(high, 2), x + width, y + 23);
}

/** One, two and three standard deviations of N(0, I), which a variational autoencoder draws its codes towards. */
function paintPrior(
  context: Context,
  payload: LatentPayload,
  view: LatentView,
  { toCanvas }: LatentProjection,
  theme: Theme,
): void {
  if (view.axes.includes('class')) return;
  // Seen along principal components, the middle is where the code 0 lies.
  const centre = view.axes.map((axis) => {
    if (axis === 'class' || axis < payload.latents) return 0;
    const direction = payload.components![axis - payload.latents]!;
    return -direction.reduce((sum, share, u) => sum + share * payload.means[u]!, 0);
  }) as [number, number];
  const middle = toCanvas(centre);
  const unit = toCanvas([centre[0] + 1, centre[1] + 1]);
  const [radiusX, radiusY] = [Math.abs(unit[0] - middle[0]), Math.abs(unit[1] - middle[1])];
  context.lineWidth = theme.contrast ? 2 : 1.25;
  context.strokeStyle = withAlpha(theme.text, theme.contrast ? 1 : 0.55);
  context.fillStyle = theme.text;
  context.font = font(theme, theme.fontSize - 2);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const deviations of [1, 2, 3]) {
    context.setLineDash([4, 4]);
    context.beginPath();
    context.ellipse(middle[0], middle[1], radiusX * deviations, radiusY * deviations, 0, 0, 2 * Math.PI);
    context.stroke();
    context.setLineDash([]);
    haloText(context, `${deviations}σ`, middle[0], middle[1] - radiusY * deviations, theme, 3);
  }
}

function haloText(context: Context, text: string, x: number, y: number, theme: Theme, width: number): void {
  context.lineJoin = 'round';
  context.lineWidth = width;
  context.strokeStyle = theme.background;
  context.strokeText(text, x, y);
  context.fillStyle = theme.text;
  context.fillText(text, x, y);
  context.strokeStyle = withAlpha(theme.text, theme.contrast ? 1 : 0.55);
  context.lineWidth = theme.contrast ? 2 : 1.25;
}

/** How many points lie in the part that is shown: fewer, when zoomed, can be larger. */
function inSight(projection: LatentProjection): number {
  const { x, y } = projection.places;
  let count = 0;
  for (let i = 0; i < x.length; i++) if (contains(projection, x[i]!, y[i]!)) count++;
  return count;
}

/** More classes than this have no names on the map: they would cover it. */
const mostNames = 24;

/** The name of every class at the middle of its points: no reader has to tell ten colours apart. */
function paintClassNames(
  context: Context,
  payload: LatentPayload,
  view: LatentView,
  projection: LatentProjection,
  theme: Theme,
): void {
  const names = classNames(payload);
  const named = names.length > 1 && names.length <= mostNames && view.colour === 'class';
  if (!named || view.axes.includes('class')) return;
  const labels = classMedians(payload, view, projection.places).flatMap((median, one) => {
    if (!median || view.hidden.has(one) || (view.lit !== undefined && view.lit !== one)) return [];
    const [x, y] = projection.toCanvas(median);
    return [{ name: names[one]!, x, y }];
  });
  context.font = font(theme, theme.fontSize + 1, 700);
  spread(labels, theme.fontSize + 5);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const { name, x, y } of labels) haloText(context, name, x, y, theme, 4);
}

/** Median place of every class; undefined for a class without samples. */
function classMedians(payload: LatentPayload, { axes, moment }: LatentView, { x, y, samples }: Places) {
  const make = () => {
    const members = classNames(payload).map(() => [] as number[]);
    for (let i = 0; i < x.length; i++) members[payload.classes![samples ? samples[i]! : i]!]!.push(i);
    const median = (of: readonly number[], values: Float32Array) =>
      Float32Array.from(of, (i) => values[i]!).sort()[of.length >> 1]!;
    return members.map((of) => (of.length ? ([median(of, x), median(of, y)] as const) : undefined));
  };
  const passing = moment !== undefined && !Number.isInteger(moment);
  return passing ? make() : derived(payload, 'medians', `${axes} ${moment ?? ''}`, make);
}

/** Moves names apart that would lie on one another, each pair by the same way, until all can be read. */
function spread(labels: { x: number; y: number }[], room: number): void {
  for (let round = 0; round < 30; round++) {
    for (const [i, a] of labels.entries()) {
      for (const b of labels.slice(i + 1)) {
        const [dx, dy] = [b.x - a.x || 0.1, b.y - a.y || 0.1];
        const distance = Math.hypot(dx, dy);
        if (distance >= room) continue;
        const by = (room - distance) / 2 / distance;
        a.x -= dx * by;
        a.y -= dy * by;
        b.x += dx * by;
        b.y += dy * by;
      }
    }
  }
}

/** The nearest sample that is drawn and wanted, within `reach` pixels. */
export function nearestSample(
  payload: LatentPayload,
  view: LatentView,
  { places, low, high, area, at }: LatentProjection,
  place: readonly [number, number],
  reach: number,
  wanted: (sample: number) => boolean = () => true,
): number | undefined {
  const [x, y] = at(...place);
  const perX = area.width / (high[0] - low[0]);
  const perY = area.height / (high[1] - low[1]);
  let nearest: number | undefined;
  let least = reach ** 2;
  for (let i = 0; i < places.x.length; i++) {
    const distance = ((places.x[i]! - x) * perX) ** 2 + ((places.y[i]! - y) * perY) ** 2;
    if (distance > least) continue;
    const sample = places.samples ? places.samples[i]! : i;
    if (isHidden(payload, view, sample) || !wanted(sample)) continue;
    least = distance;
    nearest = sample;
  }
  return nearest;
}

/** Samples that are drawn within a closed line, given by its corners in CSS pixels. */
export function samplesInside(
  payload: LatentPayload,
  view: LatentView,
  { places, at }: LatentProjection,
  corners: readonly (readonly [number, number])[],
): number[] {
  const outline = corners.map(([x, y]) => at(x, y));
  const inside: number[] = [];
  for (let i = 0; i < places.x.length; i++) {
    const sample = places.samples ? places.samples[i]! : i;
    if (!isHidden(payload, view, sample) && encloses(outline, places.x[i]!, places.y[i]!)) inside.push(sample);
  }
  return inside;
}

function isHidden(payload: LatentPayload, view: LatentView, sample: number): boolean {
  return view.colour === 'class' && Boolean(payload.classes) && view.hidden.has(payload.classes![sample]!);
}

/** A ray to the right meets the outline of what it starts in an odd number of times. */
function encloses(outline: readonly (readonly [number, number])[], x: number, y: number): boolean {
  let inside = false;
  outline.forEach(([toX, toY], i) => {
    const [fromX, fromY] = outline.at(i - 1)!;
    const crosses = fromY > y !== toY > y && x < ((toX - fromX) * (y - fromY)) / (toY - fromY) + fromX;
    if (crosses) inside = !inside;
  });
  return inside;
}
