import type { Context, MakeCanvas, Rectangle } from './canvas.ts';
import { type Colour, PointLayer } from './pointLayer.ts';

/** Many points in one look: places in a picture's own units, and for each the entry of a list of 256 colours. */
export interface PointCloud {
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** Entry of every point; all take the first if absent. */
  readonly groups?: Uint8Array;
  /** Red, green, blue and opacity, 0 to 255 each, of every entry, [256, 4]; points without opacity are not drawn. */
  readonly colours: Uint8Array;
  /** The part that is seen, and where on the canvas it lies, in CSS pixels. */
  readonly low: readonly [number, number];
  readonly high: readonly [number, number];
  readonly area: Rectangle;
  /** In CSS pixels. */
  readonly radius: number;
}

/** Paints a cloud onto a canvas of `ratio` device pixels per CSS pixel: on the graphics card, or by `paintCloud`. */
export type PaintCloud = (context: Context, cloud: PointCloud, ratio: number) => void;

/** The colours of a cloud's groups. */
export function cloudColours(colours: readonly Colour[], opacity: (group: number) => number): Uint8Array {
  const table = new Uint8Array(256 * 4);
  for (let group = 0; group < 256; group++) {
    const [red, green, blue] = colours[group % colours.length]!;
    table.set([red, green, blue, Math.round(255 * opacity(group))], group * 4);
  }
  return table;
}

/** Paints a cloud in plain memory: for PNGs, and where there is no WebGL. */
export function paintCloud(context: Context, cloud: PointCloud, ratio: number, make: MakeCanvas): void {
  const { area, low, high, colours, groups } = cloud;
  const layer = new PointLayer(context, area, ratio, cloud.radius, make);
  const scaleX = area.width / (high[0] - low[0]);
  const scaleY = area.height / (high[1] - low[1]);
  for (let i = 0; i < cloud.x.length; i++) {
    const at = groups ? groups[i]! * 4 : 0;
    const alpha = colours[at + 3]!;
    if (!alpha) continue;
    const x = area.x + (cloud.x[i]! - low[0]) * scaleX;
    const y = area.y + area.height - (cloud.y[i]! - low[1]) * scaleY;
    layer.add(x, y, colours[at]!, colours[at + 1]!, colours[at + 2]!, alpha);
  }
  layer.draw();
}
