/** [row, column, height, width] */
export type Box = [number, number, number, number];

/** Of the blurred map's greatest value: what is above belongs to a fault. */
const share = 0.35;

/**
 * Regions that stick out of an error map, the worst first: the map is blurred, cut at a share of its peak, and what hangs
 * together is one region.
 *
 * @param errors [height * width * channels], nothing below 0
 * @param top at most so many
 */
export function faultBoxes(errors: Float32Array, shape: readonly [number, number, number], top: number): Box[] {
  const [height, width, channels] = shape;
  const map = new Float64Array(height * width);
  for (let i = 0; i < errors.length; i++) map[Math.floor(i / channels)] += errors[i];
  const blurred = blur(map, height, width);
  const peak = blurred.reduce((most, value) => Math.max(most, value), 0);
  if (!(peak > 0)) return [];
  const seen = new Uint8Array(map.length);
  const regions: { box: Box; mass: number }[] = [];
  for (let start = 0; start < map.length; start++) {
    if (seen[start] || blurred[start] < share * peak) continue;
    let [first, last, left, right, mass] = [height, -1, width, -1, 0];
    const open = [start];
    seen[start] = 1;
    while (open.length > 0) {
      const place = open.pop()!;
      const [row, column] = [Math.floor(place / width), place % width];
      [first, last, left, right] = [
        Math.min(first, row),
        Math.max(last, row),
        Math.min(left, column),
        Math.max(right, column),
      ];
      mass += blurred[place];
      for (const [y, x] of [
        [row - 1, column],
        [row + 1, column],
        [row, column - 1],
        [row, column + 1],
      ]) {
        const next = y * width + x;
        if (y < 0 || y >= height || x < 0 || x >= width || seen[next] || blurred[next] < share * peak) continue;
        seen[next] = 1;
        open.push(next);
      }
    }
    regions.push({ box: [first, left, last - first + 1, right - left + 1], mass });
  }
  return regions
    .sort((a, b) => b.mass - a.mass)
    .slice(0, top)
    .map(({ box }) => box);
}

/** Mean of the square of 3 x 3 around every pixel; beyond the edge there is nothing. */
function blur(map: Float64Array, height: number, width: number): Float64Array {
  const out = new Float64Array(map.length);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      let sum = 0;
      for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++) {
        for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x++) sum += map[y * width + x];
      }
      out[row * width + column] = sum / 9;
    }
  }
  return out;
}
