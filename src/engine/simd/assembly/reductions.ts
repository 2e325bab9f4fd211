/** Sums, products and extremes along an axis of [outer, size, inner]; numbered as in ../../kernels/operations.ts. */
enum Reduction {
  sum,
  product,
  maximum,
  minimum,
}

// @ts-ignore: decorator
@inline
function combine(kind: i32, a: v128, b: v128): v128 {
  if (kind == Reduction.sum) return f32x4.add(a, b);
  if (kind == Reduction.product) return f32x4.mul(a, b);
  if (kind == Reduction.maximum) return f32x4.max(a, b);
  return f32x4.min(a, b);
}

// @ts-ignore: decorator
@inline
function combineNumbers(kind: i32, a: f32, b: f32): f32 {
  return f32x4.extract_lane(combine(kind, f32x4.splat(a), f32x4.splat(b)), 0);
}

function neutral(kind: i32): f32 {
  if (kind == Reduction.sum) return 0;
  if (kind == Reduction.product) return 1;
  return kind == Reduction.maximum ? -Infinity : Infinity;
}

function reduceRow(kind: i32, x: usize, n: i32): f32 {
  const start = f32x4.splat(neutral(kind));
  let p0 = start, p1 = start, p2 = start, p3 = start;
  let i = 0;
  for (; i + 16 <= n; i += 16, x += 64) {
    p0 = combine(kind, p0, v128.load(x));
    p1 = combine(kind, p1, v128.load(x, 16));
    p2 = combine(kind, p2, v128.load(x, 32));
    p3 = combine(kind, p3, v128.load(x, 48));
  }
  for (; i + 4 <= n; i += 4, x += 16) p0 = combine(kind, p0, v128.load(x));
  let all = combine(kind, combine(kind, p0, p1), combine(kind, p2, p3));
  all = combine(kind, all, v128.shuffle<u32>(all, all, 2, 3, 0, 1));
  all = combine(kind, all, v128.shuffle<u32>(all, all, 1, 0, 3, 2));
  let one = f32x4.extract_lane(all, 0);
  for (; i < n; i++, x += 4) one = combineNumbers(kind, one, load<f32>(x));
  return one;
}

function reduceColumns(kind: i32, x: usize, size: i32, inner: i32, scale: f32, y: usize): void {
  const start = f32x4.splat(neutral(kind));
  const row = inner << 2;
  let i = 0;
  for (; i + 4 <= inner; i += 4, x += 16, y += 16) {
    let p0 = start, p1 = start;
    let from = x;
    let s = 0;
    for (; s + 2 <= size; s += 2, from += 2 * row) {
      p0 = combine(kind, p0, v128.load(from));
      p1 = combine(kind, p1, v128.load(from + row));
    }
    if (s < size) p0 = combine(kind, p0, v128.load(from));
    v128.store(y, f32x4.mul(combine(kind, p0, p1), f32x4.splat(scale)));
  }
  for (; i < inner; i++, x += 4, y += 4) {
    let one = neutral(kind);
    for (let s = 0; s < size; s++) one = combineNumbers(kind, one, load<f32>(x + s * row));
    store<f32>(y, one * scale);
  }
}

export function reduce(kind: i32, outer: i32, size: i32, inner: i32, x: usize, y: usize, scale: f32): void {
  for (let o = 0; o < outer; o++) {
    const part = x + ((o * size * inner) << 2);
    if (inner == 1) store<f32>(y + 4 * o, reduceRow(kind, part, size) * scale);
    else reduceColumns(kind, part, size, inner, scale, y + ((o * inner) << 2));
  }
}
