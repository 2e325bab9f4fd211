/**
 * Functions of four floats at a time, within a few units in the last place. What is not a number stays so. The same rules as
 * in ../../kernels/native/functions.h.
 */

// @ts-ignore: decorator
@inline
export function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/** a where the mask is set, b elsewhere. */
// @ts-ignore: decorator
@inline
export function choose(mask: v128, a: v128, b: v128): v128 {
  return v128.bitselect(a, b, mask);
}

// @ts-ignore: decorator
@inline
export function onesWhere(mask: v128): v128 {
  return v128.and(mask, splat(1));
}

/** x y + z */
// @ts-ignore: decorator
@inline
function chain(x: v128, y: v128, z: f32): v128 {
  return f32x4.add(f32x4.mul(x, y), splat(z));
}

/** 2^n r for x = n ln 2 + r; zero instead of denormal numbers. */
export function exponential(x: v128): v128 {
  const bounded = f32x4.max(f32x4.min(x, splat(88.8)), splat(-88.8));
  const n = f32x4.nearest(f32x4.mul(bounded, splat(1.44269504)));
  const r = f32x4.add(
    f32x4.sub(bounded, f32x4.mul(n, splat(0.693359375))),
    f32x4.mul(n, splat(2.1219444e-4)),
  );
  let p = splat(1.3888889e-3);
  p = chain(p, r, 8.3333333e-3);
  p = chain(p, r, 4.1666667e-2);
  p = chain(p, r, 0.16666667);
  p = chain(p, r, 0.5);
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), splat(1));
  // in two factors, since 2^128 is no float
  const power = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(power, 1);
  const bias = i32x4.splat(127);
  p = f32x4.mul(p, i32x4.shl(i32x4.add(half, bias), 23));
  p = f32x4.mul(p, i32x4.shl(i32x4.add(i32x4.sub(power, half), bias), 23));
  p = choose(f32x4.gt(x, splat(88.72284)), splat(Infinity), p);
  return v128.andnot(p, f32x4.lt(x, splat(-87.33655)));
}

/** 2 artanh((m - 1) / (m + 1)) + e ln 2 for x = m 2^e, m in [sqrt(1/2), sqrt(2)). */
export function logarithm(x: v128): v128 {
  const tiny = f32x4.lt(x, splat(1.17549435e-38));
  const scaled = choose(tiny, f32x4.mul(x, splat(8388608)), x);
  const exponent = i32x4.shr_s(i32x4.sub(scaled, i32x4.splat(0x3f3504f3)), 23);
  const mantissa = i32x4.sub(scaled, i32x4.shl(exponent, 23));
  const t = f32x4.div(f32x4.sub(mantissa, splat(1)), f32x4.add(mantissa, splat(1)));
  const square = f32x4.mul(t, t);
  let p = splat(0.22222222);
  p = chain(p, square, 0.28571429);
  p = chain(p, square, 0.4);
  p = chain(p, square, 0.66666667);
  const e = f32x4.sub(f32x4.convert_i32x4_s(exponent), v128.and(tiny, splat(23)));
  let result = f32x4.add(f32x4.mul(f32x4.mul(p, square), t), f32x4.add(t, t));
  result = f32x4.add(result, f32x4.mul(e, splat(0.69314718)));
  result = choose(f32x4.eq(x, splat(Infinity)), x, result);
  result = choose(f32x4.eq(x, splat(0)), splat(-Infinity), result);
  return choose(f32x4.ge(x, splat(0)), result, splat(NaN));
}

export function sigmoid(x: v128): v128 {
  return f32x4.div(splat(1), f32x4.add(splat(1), exponential(f32x4.neg(x))));
}

/** By the exponential, and near zero by a polynomial (Cephes). */
export function hyperbolicTangent(x: v128): v128 {
  const size = f32x4.abs(x);
  const e = exponential(f32x4.mul(size, splat(-2)));
  const sign = v128.and(x, i32x4.splat(0x80000000));
  const far = v128.or(f32x4.div(f32x4.sub(splat(1), e), f32x4.add(splat(1), e)), sign);
  const square = f32x4.mul(x, x);
  let p = splat(-5.70498872745e-3);
  p = chain(p, square, 2.06390887954e-2);
  p = chain(p, square, -5.37397155531e-2);
  p = chain(p, square, 1.33314422036e-1);
  p = chain(p, square, -3.33332819422e-1);
  const near = f32x4.add(f32x4.mul(f32x4.mul(p, square), x), x);
  return choose(f32x4.lt(size, splat(0.625)), near, choose(f32x4.ne(x, x), x, far));
}

/** log(1 + x), also where x is small (Goldberg 1991, theorem 4). */
export function logarithmOfOneAnd(x: v128): v128 {
  const sum = f32x4.add(splat(1), x);
  const difference = f32x4.sub(sum, splat(1));
  const divisor = choose(f32x4.eq(difference, splat(0)), splat(1), difference);
  const close = f32x4.div(f32x4.mul(logarithm(sum), x), divisor);
  return choose(f32x4.eq(sum, splat(1)), x, choose(f32x4.eq(sum, splat(Infinity)), sum, close));
}

/** log(1 + e^x): max(x, 0) + log(1 + u) for u = e^-|x| in [0, 1], which is 2 artanh(u / (2 + u)), by its series. */
export function softplus(x: v128): v128 {
  const u = exponential(f32x4.neg(f32x4.abs(x)));
  const t = f32x4.div(u, f32x4.add(splat(2), u));
  const square = f32x4.mul(t, t);
  let p = splat(2.0 / 13);
  p = chain(p, square, 2.0 / 11);
  p = chain(p, square, 2.0 / 9);
  p = chain(p, square, 2.0 / 7);
  p = chain(p, square, 2.0 / 5);
  p = chain(p, square, 2.0 / 3);
  p = chain(p, square, 2.0);
  return f32x4.add(f32x4.max(x, splat(0)), f32x4.mul(p, t));
}

/** The error function: its series near zero, else Abramowitz & Stegun 1964, equation 7.1.26 (1.5e-7). */
export function errorFunction(x: f32): f32 {
  const size = Mathf.abs(x);
  if (size < 0.5) {
    const square = x * x;
    let p: f32 = -1.0 / 1320;
    p = p * square + <f32>(1.0 / 216);
    p = p * square - <f32>(1.0 / 42);
    p = p * square + <f32>(1.0 / 10);
    p = p * square - <f32>(1.0 / 3);
    return <f32>1.1283791670955126 * (x + x * square * p);
  }
  const t: f32 = 1 / (1 + <f32>0.3275911 * size);
  let p: f32 = 1.061405429;
  p = p * t - <f32>1.453152027;
  p = p * t + <f32>1.421413741;
  p = p * t - <f32>0.284496736;
  p = p * t + <f32>0.254829592;
  return Mathf.sign(x) * (1 - p * t * Mathf.exp(-size * size));
}
