/**
 * Convolutions as products: for some rows of a sample's output, what lies under the filter becomes the rows of a matrix
 * (Chellapilla, Puri & Simard 2006).
 */
import { addFloats, clearFloats, copyFloats } from './floats';
import { Geometry } from './geometry';
import { multiply, productScratch } from './product';

/** Numbers under a filter's row that begins at column `left` of the image: out of the line or added to it, one place at a time. */
function moveAtEdge(g: Geometry, line: usize, left: i32, patch: usize, add: bool): void {
  const channels = g.inChannels;
  const column = channels << 2;
  for (let j = 0; j < g.filterWidth; j++, patch += column) {
    const across = left + j * g.dilationWidth;
    if (across < 0 || across >= g.inWidth) {
      if (!add) clearFloats(patch, channels);
    } else if (add) {
      addFloats(line + across * column, patch, channels);
    } else {
      copyFloats(patch, line + across * column, channels);
    }
  }
}

/**
 * Between a sample and the matrix of rows [top, bottom) of the output: out of the sample, or added to it. One row of the
 * filter after the other, so that most of it is a loop over windows that lie in the image.
 */
function movePatches(g: Geometry, sample: usize, patches: usize, top: i32, bottom: i32, add: bool): void {
  const outWidth = g.outWidth, stride = g.strideWidth, padLeft = g.padLeft;
  const column = g.inChannels << 2;
  const step = stride * column;
  const run = g.filterWidth * g.inChannels;
  const patch = g.depth << 2;
  // columns of the output under whose filter numbers lie beside each other
  const room = g.inWidth - g.filterWidth + padLeft;
  const isWhole = g.dilationWidth == 1 && room >= 0;
  const begin = isWhole ? min(outWidth, (padLeft + stride - 1) / stride) : outWidth;
  const end = isWhole ? max(begin, min(outWidth, room / stride + 1)) : outWidth;
  for (let y = top; y < bottom; y++, patches += outWidth * patch) {
    for (let i = 0; i < g.filterHeight; i++) {
      const down = y * g.strideHeight - g.padTop + i * g.dilationHeight;
      let to = patches + ((i * run) << 2);
      if (down < 0 || down >= g.inHeight) {
        if (!add) for (let x = 0; x < outWidth; x++, to += patch) clearFloats(to, run);
        continue;
      }
      const line = sample + down * g.inWidth * column;
      for (let x = 0; x < begin; x++, to += patch) moveAtEdge(g, line, x * stride - padLeft, to, add);
      let from = line + (begin * stride - padLeft) * column;
      if (add) for (let x = begin; x < end; x++, to += patch, from += step) addFloats(from, to, run);
      else for (let x = begin; x < end; x++, to += patch, from += step) copyFloats(to, from, run);
      for (let x = end; x < outWidth; x++, to += patch) moveAtEdge(g, line, x * stride - padLeft, to, add);
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
