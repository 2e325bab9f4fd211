import type { LatentPayload } from '../renderers/latent/payload.ts';
import { type Context, crisp, fitText, font, type MakeCanvas, pointRadius, type Rectangle } from './canvas.ts';
import type { LegendEntry } from './legend.ts';
import { compact, ticks } from './numbers.ts';
import { levelsOf, PointLayer } from './pointLayer.ts';
import { seriesColour, type Theme } from './theme.ts';
import type { PictureWords } from './words.ts';

/** What the reader has chosen. */
export interface LatentView {
  /** The latents along the horizontal and the vertical axis; a code of one number is spread by class instead. */
  readonly axes: readonly [number, number | 'class'];
  /** Classes that are switched off. */
  readonly hidden: ReadonlySet<number>;
  /** The class that stands out from the others. */
  readonly lit?: number;
  /** The part of the map that is shown; all of it if absent. */
  readonly part?: LatentPart;
}

/** A rectangle of codes, between low and high along each axis. */
export interface LatentPart {
  readonly low: readonly [number, number];
  readonly high: readonly [number, number];
}

/** From codes to places on the canvas and back. */
export interface LatentProjection {
  readonly area: Rectangle;
  readonly low: readonly [number, number];
  readonly high: readonly [number, number];
  x(sample: number): number;
  y(sample: number): number;
  /** The two codes at a place. */
  at(x: number, y: number): [number, number];
  toCanvas(codes: readonly [number, number]): [number, number];
}

const margin = { top: 10, right: 12, bottom: 38, left: 52 };

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
  const [across, up] = view.axes;
  const padded = view.axes.map((latent) => {
    if (latent === 'class') return [-0.6, Math.max(1, classNames(payload).length) - 0.4] as const;
    const [low, high] = payload.ranges[latent]!;
    const room = high > low ? (high - low) * 0.04 : 0.5;
    return [low - room, high + room] as const;
  });
  const vertical = (sample: number) =>
    up === 'class' ? (payload.classes?.[sample] ?? 0) + jitter(sample) : payload.codes[sample * payload.latents + up]!;
  const [lowX, lowY] = view.part?.low ?? [padded[0]![0], padded[1]![0]];
  const [highX, highY] = view.part?.high ?? [padded[0]![1], padded[1]![1]];
  const scaleX = area.width / (highX - lowX);
  const scaleY = area.height / (highY - lowY);
  const toCanvas = ([x, y]: readonly [number, number]): [number, number] => [
    area.x + (x - lowX) * scaleX,
    area.y + area.height - (y - lowY) * scaleY,
  ];
  return {
    area,
    low: [lowX, lowY],
    high: [highX, highY],
    toCanvas,
    x: (sample) => area.x + (payload.codes[sample * payload.latents + across]! - lowX) * scaleX,
    y: (sample) => area.y + area.height - (vertical(sample) - lowY) * scaleY,
    at: (x, y) => [lowX + (x - area.x) / scaleX, lowY + (area.y + area.height - y) / scaleY],
  };
}

/** The first two latents, or the one there is. */
export function firstAxes(payload: LatentPayload): LatentView['axes'] {
  return [0, payload.latents > 1 ? 1 : 'class'];
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

export function paintLatent(
  context: Context,
  payload: LatentPayload,
  view: LatentView,
  projection: LatentProjection,
  style: { theme: Theme; words: PictureWords; ratio: number; make: MakeCanvas },
): void {
  paintAxes(context, payload, view, projection, style);
  const { area } = projection;
  context.save();
  context.beginPath();
  context.rect(area.x, area.y, area.width, area.height);
  context.clip();
  paintPoints(context, payload, view, projection, style);
  paintClassNames(context, payload, view, projection, style.theme);
  context.restore();
}

function paintAxes(
  context: Context,
  payload: LatentPayload,
  view: LatentView,
  { area, low, high, toCanvas }: LatentProjection,
  { theme, words, ratio }: { theme: Theme; words: PictureWords; ratio: number },
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
  for (const tick of ticks(low[0], high[0], area.width / 60)) {
    const x = crisp(toCanvas([tick, 0])[0], ratio);
    line(x, area.y, x, area.y + area.height);
    context.fillText(compact(tick), x, area.y + area.height + 6);
  }
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  const byClass = view.axes[1] === 'class';
  const names = classNames(payload);
  const rows = byClass ? [...names.keys()].filter((one) => one >= low[1] && one <= high[1]) : undefined;
  for (const tick of rows ?? ticks(low[1], high[1], area.height / 60)) {
    const y = crisp(toCanvas([0, tick])[1], ratio);
    line(area.x, y, area.x + area.width, y);
    context.fillText(byClass ? fitText(context, names[tick]!, margin.left - 10) : compact(tick), area.x - 7, y);
  }
  context.textAlign = 'center';
  context.textBaseline = 'bottom';
  context.fillText(
    `${words.latent} ${view.axes[0] + 1}`,
    area.x + area.width / 2,
    area.y + area.height + margin.bottom,
  );
  if (view.axes[1] === 'class') return;
  context.save();
  context.translate(2, area.y + area.height / 2);
  context.rotate(-Math.PI / 2);
  context.textBaseline = 'top';
  context.fillText(`${words.latent} ${view.axes[1] + 1}`, 0, 0);
  context.restore();
}

function paintPoints(
  context: Context,
  payload: LatentPayload,
  view: LatentView,
  projection: LatentProjection,
  { theme, ratio, make }: { theme: Theme; ratio: number; make: MakeCanvas },
): void {
  const alpha = theme.contrast ? 1 : payload.samples > 20_000 ? 0.5 : payload.samples > 1_000 ? 0.72 : 0.85;
  const layer = new PointLayer(context, projection.area, ratio, pointRadius(inSight(payload.samples, projection)));
  const colours = theme.palette.map(levelsOf);
  // In the order of the samples, not class by class: no class hides another only for being drawn later.
  const draw = (opacity: number, only?: (one: number) => boolean) => {
    for (let i = 0; i < payload.samples; i++) {
      const one = payload.classes ? payload.classes[i]! : 0;
      if (view.hidden.has(one) || only?.(one) === false) continue;
      layer.add(projection.x(i), projection.y(i), colours[one % colours.length]!, opacity);
    }
  };
  if (view.lit === undefined) draw(alpha);
  else {
    draw(0.1, (one) => one !== view.lit);
    draw(alpha, (one) => one === view.lit);
  }
  layer.draw(make);
}

/** How many samples lie in the part that is shown: fewer, when zoomed, can be larger. */
function inSight(samples: number, { area, x, y }: LatentProjection): number {
  let count = 0;
  for (let i = 0; i < samples; i++) {
    const [across, down] = [x(i) - area.x, y(i) - area.y];
    if (across >= 0 && across <= area.width && down >= 0 && down <= area.height) count++;
  }
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
  if (names.length < 2 || names.length > mostNames || view.axes[1] === 'class') return;
  const labels = classMedians(payload, view.axes[0], view.axes[1]).flatMap((median, one) => {
    if (!median || view.hidden.has(one) || (view.lit !== undefined && view.lit !== one)) return [];
    const [x, y] = projection.toCanvas(median);
    return [{ name: names[one]!, x, y }];
  });
  context.font = font(theme, theme.fontSize + 1, 700);
  spread(labels, theme.fontSize + 5);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.lineJoin = 'round';
  context.lineWidth = 4;
  for (const { name, x, y } of labels) {
    context.strokeStyle = theme.background;
    context.strokeText(name, x, y);
    context.fillStyle = theme.text;
    context.fillText(name, x, y);
  }
}

/** Medians that were computed already: zooming asks for them with every frame. */
const knownMedians = new WeakMap<LatentPayload, Map<string, readonly (readonly [number, number] | undefined)[]>>();

/** Median code of every class along two latents; undefined for a class without samples. */
function classMedians(payload: LatentPayload, across: number, up: number) {
  const known = knownMedians.get(payload) ?? new Map<string, readonly (readonly [number, number] | undefined)[]>();
  knownMedians.set(payload, known);
  const key = `${across} ${up}`;
  let medians = known.get(key);
  if (!medians) {
    const members = classNames(payload).map(() => [] as number[]);
    payload.classes!.forEach((one, sample) => {
      members[one]!.push(sample * payload.latents);
    });
    const median = (starts: readonly number[], latent: number) =>
      Float32Array.from(starts, (start) => payload.codes[start + latent]!).sort()[starts.length >> 1]!;
    medians = members.map((starts) =>
      starts.length ? ([median(starts, across), median(starts, up)] as const) : undefined,
    );
    known.set(key, medians);
  }
  return medians;
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
  projection: LatentProjection,
  [x, y]: readonly [number, number],
  reach: number,
  wanted: (sample: number) => boolean = () => true,
): number | undefined {
  let nearest: number | undefined;
  let least = reach ** 2;
  for (let i = 0; i < payload.samples; i++) {
    if ((payload.classes && view.hidden.has(payload.classes[i]!)) || !wanted(i)) continue;
    const distance = (projection.x(i) - x) ** 2 + (projection.y(i) - y) ** 2;
    if (distance <= least) {
      least = distance;
      nearest = i;
    }
  }
  return nearest;
}
