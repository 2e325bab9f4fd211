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

// @ts-ignore: decorator
@inline
function all(mask: v128): bool {
  return i32x4.all_true(mask);
}

/** 1.5 * 2^23: a number that is added to it is rounded, and its whole part lies in the lowest bits. */
const rounding: f32 = 12582912;

/** 2^n e^r for x = n ln 2 + r, where 2^n is a float: |x| < 87. Coefficients: Taylor's, on |r| <= ln(2) / 2. */
// @ts-ignore: decorator
@inline
function nearExponential(x: v128): v128 {
  const shifted = chain(x, splat(1.44269504), rounding);
  const n = f32x4.sub(shifted, splat(rounding));
  const r = f32x4.add(f32x4.sub(x, f32x4.mul(n, splat(0.693359375))), f32x4.mul(n, splat(2.1219444e-4)));
  let p = splat(1.3888889e-3);
  p = chain(p, r, 8.3333333e-3);
  p = chain(p, r, 4.1666667e-2);
  p = chain(p, r, 0.16666667);
  p = chain(p, r, 0.5);
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), splat(1));
  // n is added to the exponent, which is around zero; what lies above its bits is shifted out
  return i32x4.add(p, i32x4.shl(shifted, 23));
}

/** By the square of e^(x / 2); zero instead of denormal numbers. */
function farExponential(x: v128): v128 {
  const bounded = f32x4.pmax(f32x4.pmin(x, splat(120)), splat(-120));
  const root = nearExponential(f32x4.mul(bounded, splat(0.5)));
  const power = f32x4.mul(root, root);
  return choose(f32x4.ne(x, x), x, v128.andnot(power, f32x4.lt(x, splat(-87.33655))));
}

// @ts-ignore: decorator
@inline
export function exponential(x: v128): v128 {
  return all(f32x4.lt(f32x4.abs(x), splat(87))) ? nearExponential(x) : farExponential(x);
}

/** 2 artanh((m - 1) / (m + 1)) + e ln 2 for x = m 2^e, m in [sqrt(1/2), sqrt(2)); x is neither denormal nor infinite. */
// @ts-ignore: decorator
@inline
function normalLogarithm(x: v128): v128 {
  const exponent = i32x4.shr_s(i32x4.sub(x, i32x4.splat(0x3f3504f3)), 23);
  const mantissa = i32x4.sub(x, i32x4.shl(exponent, 23));
  const t = f32x4.div(f32x4.sub(mantissa, splat(1)), f32x4.add(mantissa, splat(1)));
  const square = f32x4.mul(t, t);
  let p = splat(0.22222222);
  p = chain(p, square, 0.28571429);
  p = chain(p, square, 0.4);
  p = chain(p, square, 0.66666667);
  const log = f32x4.add(f32x4.mul(f32x4.mul(p, square), t), f32x4.add(t, t));
  return f32x4.add(log, f32x4.mul(f32x4.convert_i32x4_s(exponent), splat(0.69314718)));
}

/** The least float that is not denormal. */
const leastNormal: f32 = 1.17549435e-38;

function anyLogarithm(x: v128): v128 {
  const tiny = f32x4.lt(x, splat(leastNormal));
  const log = normalLogarithm(choose(tiny, f32x4.mul(x, splat(8388608)), x));
  let result = f32x4.sub(log, v128.and(tiny, splat(15.9423852)));
  result = choose(f32x4.eq(x, splat(Infinity)), x, result);
  result = choose(f32x4.eq(x, splat(0)), splat(-Infinity), result);
  return choose(f32x4.ge(x, splat(0)), result, splat(NaN));
}

// @ts-ignore: decorator
@inline
export function logarithm(x: v128): v128 {
  const isNormal = v128.and(f32x4.ge(x, splat(leastNormal)), f32x4.lt(x, splat(Infinity)));
  return all(isNormal) ? normalLogarithm(x) : anyLogarithm(x);
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
  return f32x4.add(f32x4.pmax(x, splat(0)), f32x4.mul(p, t));
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
