import type { LatentPayload } from '../renderers/latent/payload.ts';
import { type Context, crisp, fitText, font, type MakeCanvas, pointRadius, type Rectangle } from './canvas.ts';
import type { LegendEntry } from './legend.ts';
import { compact, ticks } from './numbers.ts';
import { seriesColour, type Theme, withAlpha } from './theme.ts';
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
  place(sample: number): readonly [x: number, y: number];
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
  const toCanvas = ([x, y]: readonly [number, number]): [number, number] => [
    area.x + ((x - lowX) / (highX - lowX)) * area.width,
    area.y + (1 - (y - lowY) / (highY - lowY)) * area.height,
  ];
  return {
    area,
    low: [lowX, lowY],
    high: [highX, highY],
    toCanvas,
    place: (sample) => toCanvas([payload.codes[sample * payload.latents + across]!, vertical(sample)]),
    at: (x, y) => [
      lowX + ((x - area.x) / area.width) * (highX - lowX),
      lowY + (1 - (y - area.y) / area.height) * (highY - lowY),
    ],
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
  const radius = pointRadius(payload.samples);
  const alpha = theme.contrast ? 1 : payload.samples > 20_000 ? 0.5 : payload.samples > 1_000 ? 0.72 : 0.85;
  const stamps = new Map<number, HTMLCanvasElement>();
  const stampSize = Math.ceil(radius * 2 * ratio) + 2;
  const stamp = (one: number) => {
    let canvas = stamps.get(one);
    if (!canvas) {
      canvas = make(stampSize, stampSize);
      const pen = canvas.getContext('2d')!;
      const dim = view.lit !== undefined && view.lit !== one;
      pen.fillStyle = withAlpha(seriesColour(theme, one), dim ? 0.1 : alpha);
      pen.beginPath();
      pen.arc(stampSize / 2, stampSize / 2, radius * ratio, 0, 2 * Math.PI);
      pen.fill();
      stamps.set(one, canvas);
    }
    return canvas;
  };
  const side = stampSize / ratio;
  // In the order of the samples, not class by class: no class hides another only for being drawn later.
  const draw = (only: (one: number) => boolean) => {
    for (let i = 0; i < payload.samples; i++) {
      const one = payload.classes ? payload.classes[i]! : 0;
      if (view.hidden.has(one) || !only(one)) continue;
      const [x, y] = projection.place(i);
      context.drawImage(stamp(one), x - side / 2, y - side / 2, side, side);
    }
  };
  if (view.lit === undefined) draw(() => true);
  else {
    draw((one) => one !== view.lit);
    draw((one) => one === view.lit);
  }
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
  const places = names.map(() => [[] as number[], [] as number[]]);
  for (let i = 0; i < payload.samples; i++) {
    const [x, y] = projection.place(i);
    const [xs, ys] = places[payload.classes![i]!]!;
    xs!.push(x);
    ys!.push(y);
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;
  const labels = names.flatMap((name, one) => {
    const [xs, ys] = places[one]!;
    if (!xs!.length || view.hidden.has(one) || (view.lit !== undefined && view.lit !== one)) return [];
    return [{ name, x: median(xs!), y: median(ys!) }];
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
    const [px, py] = projection.place(i);
    const distance = (px - x) ** 2 + (py - y) ** 2;
    if (distance <= least) {
      least = distance;
      nearest = i;
    }
  }
  return nearest;
}
