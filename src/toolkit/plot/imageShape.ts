import { finiteRange, type Rows, width } from './inputs.ts';

export type ImageShape = readonly [height: number, width: number, channels: number];

const smallestSide = 8;

/**
 * What says that samples are pictures: a shape that was given, four axes, or values in [0,1] of a square's count
 * (784 = 28 x 28).
 *
 * @throws RangeError if a given shape does not have the samples' number of values
 */
export function imageShapeOf(rows: Rows, given?: ImageShape): ImageShape | undefined {
  const values = width(rows);
  if (given) {
    if (given.length !== 3 || given[0] * given[1] * given[2] !== values) {
      throw new RangeError(
        `imageShape must be [height, width, channels] of ${values} values, got [${given.join(', ')}]`,
      );
    }
    return given[2] === 1 || given[2] === 3 ? given : undefined;
  }
  const [, height, breadth, channels] = rows.shape;
  if (rows.shape.length === 4 && (channels === 1 || channels === 3)) return [height!, breadth!, channels];
  if (rows.shape.length === 3) return [height!, breadth!, 1];
  if (rows.shape.length !== 2) return undefined;
  const range = finiteRange(rows.data);
  if (!range || range[0] < 0 || range[1] > 1) return undefined;
  for (const channels of [1, 3]) {
    const side = Math.sqrt(values / channels);
    if (Number.isInteger(side) && side >= smallestSide) return [side, side, channels];
  }
  return undefined;
}

/** 8-bit levels of values between low and high. */
export function toLevels(values: ArrayLike<number>, [low, high]: readonly [number, number]): Uint8Array {
  const scale = 255 / (high - low);
  return Uint8Array.from(values, (value) => Math.min(255, Math.max(0, Math.round((value - low) * scale))) || 0);
}

/** [0,1] for values that lie there, else their own range. */
export function levelRange(...arrays: ArrayLike<number>[]): [number, number] {
  const [low, high] = finiteRange(...arrays) ?? [0, 1];
  if (low >= 0 && high <= 1) return [0, 1];
  return low < high ? [low, high] : [low - 0.5, low + 0.5];
}
