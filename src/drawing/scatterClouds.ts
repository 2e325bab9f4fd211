/** The points of big scatter plots, which Chart.js would draw one by one. */
import type { ScatterPayload, ScatterSeries } from '../renderers/scatter/payload.ts';
import { type Context, pointRadius } from './canvas.ts';
import { contains, type Part, type Seen, toCanvas } from './plane.ts';
import { cloudColours, type PaintCloud } from './pointCloud.ts';
import { levelsOf } from './pointLayer.ts';

/** Fewer points than this, of all series that are no lines, are left to Chart.js. */
const pointsForCloud = 1_500;

export function isClouded({ series }: ScatterPayload): boolean {
  return series.reduce((sum, one) => sum + (one.line ? 0 : one.count), 0) > pointsForCloud;
}

/** Series one over the other that have points of nearly one size: drawn at once. */
interface Layer {
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** Which series each point belongs to. */
  readonly groups: Uint8Array;
  readonly series: readonly number[];
}

/** Counts that differ by less than this factor have points of nearly one size. */
const alike = 3;

const known = new WeakMap<ScatterPayload, readonly Layer[]>();

/** From the lowest layer to the uppermost: what others are compared with, then the series in their order. */
function layersOf(payload: ScatterPayload): readonly Layer[] {
  let layers = known.get(payload);
  if (!layers) {
    const { series } = payload;
    const order = [...series.keys()].filter((i) => !series[i]!.line && series[i]!.count);
    order.sort((a, b) => Number(series[b]!.background) - Number(series[a]!.background) || a - b);
    const runs: number[][] = [];
    for (const i of order) {
      const first = runs.at(-1)?.[0];
      const ratio = first === undefined ? Number.POSITIVE_INFINITY : series[i]!.count / series[first]!.count;
      if (ratio < alike && ratio > 1 / alike) runs.at(-1)!.push(i);
      else runs.push([i]);
    }
    layers = runs.map((run) => makeLayer(series, run));
    known.set(payload, layers);
  }
  return layers;
}

/** Points that are not finite lie nowhere. */
function makeLayer(all: readonly ScatterSeries[], series: readonly number[]): Layer {
  const room = series.reduce((sum, i) => sum + all[i]!.count, 0);
  const [x, y, groups] = [new Float32Array(room), new Float32Array(room), new Uint8Array(room)];
  let filled = 0;
  for (const group of series) {
    const { points, count } = all[group]!;
    for (let i = 0; i < count; i++) {
      const [across, up] = [points[2 * i]!, points[2 * i + 1]!];
      if (!Number.isFinite(across) || !Number.isFinite(up)) continue;
      x[filled] = across;
      y[filled] = up;
      groups[filled++] = group;
    }
  }
  return { x: x.subarray(0, filled), y: y.subarray(0, filled), groups: groups.subarray(0, filled), series };
}

/** What a series looks like: its colour as #rrggbb and its opacity, 0 where it is switched off. */
export interface CloudLook {
  readonly colour: string;
  readonly opacity: number;
}

/** @param looks of every series */
export function paintClouds(
  context: Context,
  payload: ScatterPayload,
  looks: readonly CloudLook[],
  seen: Seen,
  ratio: number,
  paint: PaintCloud,
): void {
  const colours = looks.map(({ colour }) => levelsOf(colour));
  for (const { x, y, groups, series } of layersOf(payload)) {
    if (series.every((one) => !looks[one]!.opacity)) continue;
    const { low, high, area } = seen;
    const opacities = cloudColours(colours, (group) => looks[group]?.opacity ?? 0);
    const radius = pointRadius(mostInSight({ x, y, groups }, seen));
    paint(context, { x, y, groups, colours: opacities, low, high, area, radius }, ratio);
  }
}

/** Of the series with the most points in the part that is shown, how many: fewer, when zoomed, can be larger. */
function mostInSight({ x, y, groups }: Pick<Layer, 'x' | 'y' | 'groups'>, part: Part): number {
  const counts = new Uint32Array(256);
  for (let i = 0; i < x.length; i++) if (contains(part, x[i]!, y[i]!)) counts[groups[i]!]!++;
  return Math.max(...counts);
}

/** A point of a scatter plot. */
export interface ScatterPoint {
  readonly series: number;
  readonly index: number;
}

/** The point nearest to a place of the canvas, of the series that are shown, within `reach` CSS pixels. */
export function nearestPoint(
  { series }: ScatterPayload,
  hidden: ReadonlySet<string>,
  seen: Seen,
  place: readonly [number, number],
  reach: number,
): ScatterPoint | undefined {
  const [originX, originY] = toCanvas(seen, [0, 0]);
  const perX = seen.area.width / (seen.high[0] - seen.low[0]);
  const perY = seen.area.height / (seen.high[1] - seen.low[1]);
  let nearest: ScatterPoint | undefined;
  let least = reach ** 2;
  for (const [s, { name, points, count }] of series.entries()) {
    if (hidden.has(name)) continue;
    for (let i = 0; i < count; i++) {
      const distance =
        (originX + points[2 * i]! * perX - place[0]) ** 2 + (originY - points[2 * i + 1]! * perY - place[1]) ** 2;
      // Of points that lie on one another, the uppermost.
      if (!(distance <= least)) continue;
      least = distance;
      nearest = { series: s, index: i };
    }
  }
  return nearest;
}
