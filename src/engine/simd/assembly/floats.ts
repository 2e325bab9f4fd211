/** Floats in a row: copied, added or cleared. They may begin anywhere, and nothing is read or written behind them. */

// @ts-ignore: decorator
@inline
export function copyFloats(to: usize, from: usize, n: i32): void {
  for (; n >= 4; n -= 4, to += 16, from += 16) v128.store(to, v128.load(from));
  if (n & 2) {
    store<i64>(to, load<i64>(from));
    to += 8;
    from += 8;
  }
  if (n & 1) store<f32>(to, load<f32>(from));
}

// @ts-ignore: decorator
@inline
export function addFloats(to: usize, from: usize, n: i32): void {
  for (; n >= 4; n -= 4, to += 16, from += 16) v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
  for (; n > 0; n--, to += 4, from += 4) store<f32>(to, load<f32>(to) + load<f32>(from));
}

// @ts-ignore: decorator
@inline
export function clearFloats(to: usize, n: i32): void {
  for (; n >= 4; n -= 4, to += 16) v128.store(to, f32x4.splat(0));
  for (; n > 0; n--, to += 4) store<f32>(to, 0);
}
