/**
 * Pooling and nearest-neighbour resizing of images [batch, height, width, channels], and their gradients. Four channels
 * are worked off at a time, and those that are left one by one: T is v128 or f32.
 */
import { addFloats, copyFloats } from './floats';
import { choose } from './functions';
import { Geometry } from './geometry';

/** Numbered as in ../../kernels/operations.ts. */
enum Pooling {
  maximum,
  maximumGradient,
  average,
  averageGradient,
}

// the window, as far as it lies in the image: places, and bytes from one to the next; the module is not entered twice at a time
let down: i32 = 0;
let across: i32 = 0;
let row: i32 = 0;
let column: i32 = 0;

// @ts-ignore: decorator
@inline
function get<T>(from: usize): v128 {
  return sizeof<T>() == 16 ? v128.load(from) : v128.load32_zero(from);
}

// @ts-ignore: decorator
@inline
function put<T>(to: usize, x: v128): void {
  if (sizeof<T>() == 16) v128.store(to, x);
  else store<f32>(to, f32x4.extract_lane(x, 0));
}

/** What is not a number is the largest. */
function maximum<T>(x: usize, y: usize): void {
  let best = f32x4.splat(-Infinity);
  const places = across, step = column, line = row;
  for (let i = down; i > 0; i--, x += line) {
    for (let j = 0, at = x; j < places; j++, at += step) {
      const here = get<T>(at);
      best = choose(v128.or(f32x4.gt(here, best), f32x4.ne(here, here)), here, best);
    }
  }
  put<T>(y, best);
}

/** The gradient goes to the first place that holds the maximum. */
function maximumGradient<T>(dy: usize, x: usize, y: usize, dx: usize): void {
  const best = get<T>(y);
  let rest = get<T>(dy);
  const places = across, step = column, line = row;
  for (let i = down; i > 0; i--, x += line, dx += line) {
    for (let j = 0, at = 0; j < places; j++, at += step) {
      const here = get<T>(x + at);
      const found = v128.or(f32x4.eq(here, best), f32x4.ne(here, here));
      put<T>(dx + at, f32x4.add(get<T>(dx + at), v128.and(rest, found)));
      rest = v128.andnot(rest, found);
    }
  }
}

/** The mean of the places in the image. */
function average<T>(x: usize, y: usize): void {
  let sum = f32x4.splat(0);
  const places = across, step = column, line = row;
  for (let i = down; i > 0; i--, x += line) {
    for (let j = 0, at = x; j < places; j++, at += step) sum = f32x4.add(sum, get<T>(at));
  }
  put<T>(y, f32x4.div(sum, f32x4.splat(<f32>(down * across))));
}

function averageGradient<T>(dy: usize, dx: usize): void {
  const share = f32x4.div(get<T>(dy), f32x4.splat(<f32>(down * across)));
  const places = across, step = column, line = row;
  for (let i = down; i > 0; i--, dx += line) {
    for (let j = 0, at = dx; j < places; j++, at += step) put<T>(at, f32x4.add(get<T>(at), share));
  }
}

// @ts-ignore: decorator
@inline
function poolWindow<T>(kind: i32, x: usize, y: usize, dy: usize, dx: usize): void {
  switch (kind) {
    case Pooling.maximum: return maximum<T>(x, y);
    case Pooling.maximumGradient: return maximumGradient<T>(dy, x, y, dx);
    case Pooling.average: return average<T>(x, y);
    default: return averageGradient<T>(dy, dx);
  }
}

/** Of a window's side that begins at `start`: the first place in the image. */
// @ts-ignore: decorator
@inline
function firstInside(start: i32, dilation: i32): i32 {
  return start < 0 ? start + ((-start + dilation - 1) / dilation) * dilation : start;
}

/** How many of the side's places lie in the image. */
// @ts-ignore: decorator
@inline
function countInside(start: i32, first: i32, filter: i32, dilation: i32, size: i32): i32 {
  const end = min(size, start + (filter - 1) * dilation + 1);
  return max(0, (end - first + dilation - 1) / dilation);
}

/** @param x, y, dy addresses of the input, the result and its gradient, as far as the kind needs them */
export function pool(g: Geometry, kind: i32, x: usize, y: usize, dy: usize, output: usize): void {
  const channels = g.inChannels;
  const isGradient = kind == Pooling.maximumGradient || kind == Pooling.averageGradient;
  if (isGradient) memory.fill(output, 0, g.batch * g.inBytes);
  else y = output;
  row = 4 * g.inWidth * channels * g.dilationHeight;
  column = 4 * channels * g.dilationWidth;
  let place = 0;
  for (let i = 0; i < g.batch; i++) {
    for (let v = 0; v < g.outHeight; v++) {
      const top = v * g.strideHeight - g.padTop;
      const firstRow = firstInside(top, g.dilationHeight);
      down = countInside(top, firstRow, g.filterHeight, g.dilationHeight, g.inHeight);
      for (let h = 0; h < g.outWidth; h++) {
        const left = h * g.strideWidth - g.padLeft;
        const firstColumn = firstInside(left, g.dilationWidth);
        across = countInside(left, firstColumn, g.filterWidth, g.dilationWidth, g.inWidth);
        let at = i * g.inBytes + 4 * (firstRow * g.inWidth + firstColumn) * channels;
        let c = 0;
        for (; c + 4 <= channels; c += 4, at += 16, place += 16) {
          poolWindow<v128>(kind, x + at, y + place, dy + place, output + at);
        }
        for (; c < channels; c++, at += 4, place += 4) {
          poolWindow<f32>(kind, x + at, y + place, dy + place, output + at);
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
      for (let k = 0; k < across; k++, y += column) copyFloats(y, x, channels);
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
  memory.fill(dx, 0, batch * height * width * column);
  for (let i = 0; i < batch * height; i++, dx += width * column) {
    for (let k = 0; k < down; k++) {
      for (let j = 0, to = dx; j < width; j++, to += column) {
        for (let l = 0; l < across; l++, dy += column) addFloats(to, dy, channels);
      }
    }
  }
}
