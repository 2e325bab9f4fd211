/**
 * Convolutions as products: for some rows of a sample's output, what lies under the filter becomes the rows of a matrix
 * (Chellapilla, Puri & Simard 2006).
 */
import { addFloats, clearFloats, copyFloats } from './floats';
import { Geometry } from './geometry';
import { multiply, productScratch } from './product';

/** Between a sample and the matrix of rows [top, bottom) of the output: out of the sample, or added to it. */
// @ts-ignore: decorator
@inline
function movePatches(g: Geometry, sample: usize, patches: usize, top: i32, bottom: i32, add: bool): void {
  const channels = g.inChannels;
  const column = 4 * channels;
  const row = g.inWidth * column;
  for (let y = top; y < bottom; y++) {
    for (let x = 0; x < g.outWidth; x++) {
      const left = x * g.strideWidth - g.padLeft;
      for (let i = 0; i < g.filterHeight; i++) {
        const down = y * g.strideHeight - g.padTop + i * g.dilationHeight;
        if (down < 0 || down >= g.inHeight) {
          if (!add) clearFloats(patches, g.filterWidth * channels);
          patches += g.filterWidth * column;
          continue;
        }
        const line = sample + down * row;
        if (g.dilationWidth == 1 && left >= 0 && left + g.filterWidth <= g.inWidth) {
          const n = g.filterWidth * channels;
          if (add) addFloats(line + left * column, patches, n);
          else copyFloats(patches, line + left * column, n);
          patches += g.filterWidth * column;
          continue;
        }
        for (let j = 0; j < g.filterWidth; j++, patches += column) {
          const across = left + j * g.dilationWidth;
          if (across >= 0 && across < g.inWidth) {
            if (add) addFloats(line + across * column, patches, channels);
            else copyFloats(patches, line + across * column, channels);
          } else if (!add) {
            clearFloats(patches, channels);
          }
        }
      }
    }
  }
}

/** Rows of output whose matrix has room in so many bytes, but at least one. */
function rowsAtOnce(g: Geometry, bytes: i32): i32 {
  return max(1, min(g.outHeight, bytes / (4 * g.outWidth * g.depth)));
}

/** @param scratch of `bytes`, what products need among them */
export function convolve(g: Geometry, x: usize, filter: usize, y: usize, scratch: usize, bytes: i32): void {
  const patches = scratch + productScratch;
  const step = rowsAtOnce(g, bytes - productScratch);
  const depth = g.depth;
  for (let i = 0; i < g.batch; i++, x += g.inBytes, y += g.outBytes) {
    for (let top = 0; top < g.outHeight; top += step) {
      const bottom = min(top + step, g.outHeight);
      movePatches(g, x, patches, top, bottom, false);
      const to = y + 4 * top * g.outWidth * g.outChannels;
      const rows = (bottom - top) * g.outWidth;
      multiply(rows, g.outChannels, depth, patches, depth, 1, filter, g.outChannels, 1, to, false, scratch);
    }
  }
}

/** The gradient of the input; also what a transposed convolution computes. */
export function convolveInputGradient(g: Geometry, dy: usize, filter: usize, dx: usize, scratch: usize, bytes: i32): void {
  const patches = scratch + productScratch;
  const step = rowsAtOnce(g, bytes - productScratch);
  const depth = g.depth;
  memory.fill(dx, 0, g.batch * g.inBytes);
  for (let i = 0; i < g.batch; i++, dx += g.inBytes, dy += g.outBytes) {
    for (let top = 0; top < g.outHeight; top += step) {
      const bottom = min(top + step, g.outHeight);
      const from = dy + 4 * top * g.outWidth * g.outChannels;
      const rows = (bottom - top) * g.outWidth;
      multiply(rows, depth, g.outChannels, from, g.outChannels, 1, filter, 1, g.outChannels, patches, false, scratch);
      movePatches(g, dx, patches, top, bottom, true);
    }
  }
}

/** Parts of a filter's gradient, each over some of the samples. */
export function convolveFilterGradient(
  g: Geometry, parts: i32, x: usize, dy: usize, partial: usize, scratch: usize, bytes: i32,
): void {
  const patches = scratch + productScratch;
  const step = rowsAtOnce(g, bytes - productScratch);
  const depth = g.depth;
  for (let part = 0; part < parts; part++, partial += 4 * depth * g.outChannels) {
    let more = false;
    const end = (g.batch * (part + 1)) / parts;
    for (let i = (g.batch * part) / parts; i < end; i++) {
      for (let top = 0; top < g.outHeight; top += step) {
        const bottom = min(top + step, g.outHeight);
        movePatches(g, x + i * g.inBytes, patches, top, bottom, false);
        const from = dy + i * g.outBytes + 4 * top * g.outWidth * g.outChannels;
        const rows = (bottom - top) * g.outWidth;
        multiply(depth, g.outChannels, rows, patches, 1, depth, from, g.outChannels, 1, partial, more, scratch);
        more = true;
      }
    }
    if (!more) memory.fill(partial, 0, 4 * depth * g.outChannels);
  }
}
