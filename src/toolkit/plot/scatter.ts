import { SCATTER_MIME } from '../../renderers/scatter/payload.ts';
import { counted, type Displayable, displayable, floatsToBase64, type Picture, spoken } from './display.ts';
import { count, finiteRange, type Rows, type SamplesLike, toRows, width } from './inputs.ts';

export interface ScatterOptions {
  /** Titles of the axes. */
  x?: string;
  y?: string;
  title?: string;
  /** Series to draw as lines; true for all, false for none. Default: those whose points lie along a curve. */
  lines?: boolean | readonly string[];
}

/**
 * Points and lines in the plane, several series over each other. With several, the first is drawn in quiet grey and
 * the others, in colour, are compared with it.
 *
 * @param series [n, 2] by name; of wider samples the first two features are drawn, of single numbers a row per sample
 * @throws TypeError if there is no series
 */
export function scatter(series: Readonly<Record<string, SamplesLike>>, options: ScatterOptions = {}): Displayable {
  const entries = Object.entries(series ?? {});
  if (!entries.length) throw new TypeError('scatter needs at least one series, as { name: samples }, got none');
  if (Array.isArray(options.lines)) {
    const unknown = options.lines.find((name) => !entries.some(([known]) => known === name));
    if (unknown)
      throw new RangeError(`lines must name series (${entries.map(([name]) => name).join(', ')}), got ${unknown}`);
  }
  return displayable(
    Promise.all(entries.map(async ([name, samples]) => [name, pairs(await toRows(samples, name), name)] as const)).then(
      (all) => scatterPicture(all, options),
    ),
  );
}

function scatterPicture(entries: readonly (readonly [string, Float32Array])[], options: ScatterOptions): Picture {
  const series = entries.map(([name, points], i) => {
    const asked = typeof options.lines === 'boolean' ? options.lines : options.lines?.includes(name);
    const path = asked === false ? undefined : alongCurve(points, asked === true);
    return {
      name,
      count: points.length / 2,
      points: floatsToBase64(path ?? points),
      line: Boolean(path),
      background: i === 0 && entries.length > 1 && !path,
    };
  });
  const said = entries.map(([name, points]) => {
    const axis = (offset: number) => finiteRange(points.filter((_, i) => i % 2 === offset));
    const [x, y] = [axis(0), axis(1)];
    const where =
      x && y ? `x ${spoken(x[0])} to ${spoken(x[1])}, y ${spoken(y[0])} to ${spoken(y[1])}` : 'nothing finite';
    return `${name}, ${counted(points.length / 2, 'point')} (${where})`;
  });
  return {
    mime: SCATTER_MIME,
    payload: {
      title: options.title,
      text: `Scatter plot: ${said.join('; ')}.`,
      xLabel: options.x,
      yLabel: options.y,
      series,
    },
  };
}

/** x, y, x, y, …; points that are not finite are left out. */
function pairs(rows: Rows, name: string): Float32Array {
  const d = width(rows);
  if (d < 1) throw new TypeError(`${name} must have samples of two numbers, got shape [${rows.shape.join(', ')}]`);
  const points: number[] = [];
  for (let i = 0; i < count(rows); i++) {
    const x = d === 1 ? i : rows.data[i * d]!;
    const y = d === 1 ? rows.data[i]! : rows.data[i * d + 1]!;
    if (Number.isFinite(x) && Number.isFinite(y)) points.push(x, y);
  }
  return Float32Array.from(points);
}

/** Fewer points than this are points. */
const fewestOnCurve = 12;
/** A path through scattered points is many times as long as its span; along a curve it is not much longer. */
const longestPath = 3;

/**
 * The points in their order along a curve, or undefined if they do not lie on one: those of a one-dimensional code's
 * reconstruction do, in whatever order the samples came. Compared after both axes are scaled to [0,1].
 */
function alongCurve(points: Float32Array, always: boolean): Float32Array | undefined {
  const n = points.length / 2;
  if (!always && n < fewestOnCurve) return undefined;
  const scale = [0, 1].map((offset) => {
    const [low, high] = finiteRange(points.filter((_, i) => i % 2 === offset)) ?? [0, 1];
    return high > low ? 1 / (high - low) : 0;
  });
  const pathLength = (order: readonly number[]) => {
    let length = 0;
    for (let i = 1; i < order.length; i++) {
      const [a, b] = [order[i - 1]!, order[i]!];
      length += Math.hypot(
        (points[2 * b]! - points[2 * a]!) * scale[0]!,
        (points[2 * b + 1]! - points[2 * a + 1]!) * scale[1]!,
      );
    }
    return length;
  };
  const given = Array.from({ length: n }, (_, i) => i);
  const byX = given.toSorted((a, b) => points[2 * a]! - points[2 * b]! || points[2 * a + 1]! - points[2 * b + 1]!);
  const byY = given.toSorted((a, b) => points[2 * a + 1]! - points[2 * b + 1]! || points[2 * a]! - points[2 * b]!);
  // As given first: a closed curve or a spiral is a path only in its own order.
  const best = [given, byX, byY].find((order) => pathLength(order) <= longestPath) ?? (always ? given : undefined);
  return best && Float32Array.from(best.flatMap((i) => [points[2 * i]!, points[2 * i + 1]!]));
}
