/** Pooling and nearest-neighbour resizing of images [batch, height, width, channels], and their gradients. */
import { Geometry } from './geometry';

/** Numbered as in ../../kernels/operations.ts. */
enum Pooling {
  maximum,
  maximumGradient,
  average,
  averageGradient,
}

/** Of windows that begin at `start`: the first place and the end of those in the image. */
// @ts-ignore: decorator
@inline
function firstInside(start: i32, dilation: i32): i32 {
  return start < 0 ? start + ((-start + dilation - 1) / dilation) * dilation : start;
}

/** @param x, y, dy addresses of the input, the result and its gradient, as far as the kind needs them */
export function pool(g: Geometry, kind: i32, x: usize, y: usize, dy: usize, output: usize): void {
  const channels = g.inChannels;
  const column = 4 * channels;
  const row = g.inWidth * column;
  const isGradient = kind == Pooling.maximumGradient || kind == Pooling.averageGradient;
  if (isGradient) memory.fill(output, 0, g.batch * g.inBytes);
  let place = 0;
  for (let i = 0; i < g.batch; i++) {
    const sample = i * g.inBytes;
    for (let v = 0; v < g.outHeight; v++) {
      const top = v * g.strideHeight - g.padTop;
      const bottom = min(g.inHeight, top + (g.filterHeight - 1) * g.dilationHeight + 1);
      for (let h = 0; h < g.outWidth; h++) {
        const left = h * g.strideWidth - g.padLeft;
        const right = min(g.inWidth, left + (g.filterWidth - 1) * g.dilationWidth + 1);
        const firstRow = firstInside(top, g.dilationHeight);
        const firstColumn = firstInside(left, g.dilationWidth);
        for (let c = 0; c < channels; c++, place += 4) {
          let best: f32 = kind == Pooling.maximumGradient ? load<f32>(y + place) : -Infinity;
          let sum: f32 = 0;
          let count = 0;
          let rest: f32 = isGradient ? load<f32>(dy + place) : 0;
          if (kind == Pooling.averageGradient) {
            for (let r = firstRow; r < bottom; r += g.dilationHeight)
              for (let q = firstColumn; q < right; q += g.dilationWidth) count++;
            rest /= <f32>count;
          }
          for (let r = firstRow; r < bottom; r += g.dilationHeight) {
            for (let q = firstColumn; q < right; q += g.dilationWidth) {
              const at = sample + r * row + q * column + 4 * c;
              if (kind == Pooling.averageGradient) {
                store<f32>(output + at, load<f32>(output + at) + rest);
                continue;
              }
              const here = load<f32>(x + at);
              if (kind == Pooling.maximum) {
                // a number that is none stays the largest
                if (here > best || here != here) best = here;
              } else if (kind == Pooling.average) {
                sum += here;
                count++;
              } else if (here == best || here != here) {
                // the gradient goes to the first place that holds the maximum
                store<f32>(output + at, load<f32>(output + at) + rest);
                rest = 0;
              }
            }
          }
          if (kind == Pooling.maximum) store<f32>(output + place, best);
          if (kind == Pooling.average) store<f32>(output + place, sum / <f32>count);
        }
      }
    }
  }
}

/** Every place of images repeated `down` times downwards and `across` times to the right. */
export function enlarge(batch: i32, height: i32, width: i32, channels: i32, down: i32, across: i32, x: usize, y: usize): void {
  const column = 4 * channels;
  const enlarged = width * across * column;
  for (let i = 0; i < batch * height; i++) {
    const line = y;
    for (let j = 0; j < width; j++, x += column) {
      for (let k = 0; k < across; k++, y += column) {
        for (let c = 0; c < column; c += 4) store<f32>(y + c, load<f32>(x + c));
      }
    }
    for (let k = 1; k < down; k++, y += enlarged) memory.copy(y, line, enlarged);
  }
}

/** Sums over what became of every place. */
export function enlargeGradient(
  batch: i32, height: i32, width: i32, channels: i32, down: i32, across: i32, dy: usize, dx: usize,
): void {
  const column = 4 * channels;
  const enlarged = width * across * column;
  for (let i = 0; i < batch * height; i++, dy += down * enlarged) {
    for (let j = 0; j < width; j++) {
      for (let c = 0; c < column; c += 4, dx += 4) {
        let sum: f32 = 0;
        for (let k = 0; k < down; k++) {
          for (let l = 0; l < across; l++) sum += load<f32>(dy + k * enlarged + (j * across + l) * column + c);
        }
        store<f32>(dx, sum);
      }
    }
  }
}
