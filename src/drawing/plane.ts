/** The plane that points lie in, seen through a picture's area. */
import type { Rectangle } from './canvas.ts';

/** A rectangle of the plane, between low and high along each axis. */
export interface Part {
  readonly low: readonly [number, number];
  readonly high: readonly [number, number];
}

/** A part, and where on the canvas it lies, in CSS pixels. */
export interface Seen extends Part {
  readonly area: Rectangle;
}

/** Where a point of the plane lies on the canvas. */
export function toCanvas({ low, high, area }: Seen, [x, y]: readonly [number, number]): [number, number] {
  return [
    area.x + ((x - low[0]) / (high[0] - low[0])) * area.width,
    area.y + area.height - ((y - low[1]) / (high[1] - low[1])) * area.height,
  ];
}

/** The point of the plane at a place of the canvas. */
export function atPlace({ low, high, area }: Seen, [x, y]: readonly [number, number]): [number, number] {
  return [
    low[0] + ((x - area.x) / area.width) * (high[0] - low[0]),
    low[1] + ((area.y + area.height - y) / area.height) * (high[1] - low[1]),
  ];
}

export function contains({ low, high }: Part, x: number, y: number): boolean {
  return x >= low[0] && x <= high[0] && y >= low[1] && y <= high[1];
}

/** How far one may zoom, in spans of the whole: closer, neighbouring 32-bit floats are one place. */
const closest = 1e-5;
const farthest = 20;

/**
 * A part that is `factor` times as wide and high, with `about` where it was; as it was along an axis that would show
 * too little or too much of the whole.
 */
export function zoomed(part: Part, factor: number, about: readonly [number, number], whole: Part): Part {
  const fits = [0, 1].map((axis) => {
    const share = ((part.high[axis]! - part.low[axis]!) * factor) / (whole.high[axis]! - whole.low[axis]!);
    return factor < 1 ? share >= closest : share <= farthest;
  });
  const scaled = (edge: readonly [number, number]) =>
    edge.map((value, axis) => (fits[axis] ? about[axis]! + (value - about[axis]!) * factor : value)) as [
      number,
      number,
    ];
  return { low: scaled(part.low), high: scaled(part.high) };
}

/** A part that was dragged along with the canvas by so many CSS pixels. */
export function dragged(part: Part, [across, down]: readonly [number, number], area: Rectangle): Part {
  const by = [
    (-across / area.width) * (part.high[0] - part.low[0]),
    (down / area.height) * (part.high[1] - part.low[1]),
  ] as const;
  const moved = (edge: readonly [number, number]): [number, number] => [edge[0] + by[0], edge[1] + by[1]];
  return { low: moved(part.low), high: moved(part.high) };
}

/** As large a part with a point in its middle. */
export function centred({ low, high }: Part, on: readonly [number, number]): Part {
  const half = [(high[0] - low[0]) / 2, (high[1] - low[1]) / 2] as const;
  return { low: [on[0] - half[0], on[1] - half[1]], high: [on[0] + half[0], on[1] + half[1]] };
}
