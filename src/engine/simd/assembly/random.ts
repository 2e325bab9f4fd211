/**
 * Many numbers of one stream at once, four blocks of Threefry-2x32 (Salmon et al. 2011) beside each other: the numbers
 * that the class Random gives one by one. Every element of `out` follows from the keys, the index and its place alone.
 */

// a word of the key per turn; the module is not entered twice at a time
let key0: v128 = i32x4.splat(0);
let key1: v128 = i32x4.splat(0);
let key2: v128 = i32x4.splat(0);
let wordsA: v128 = i32x4.splat(0);
let wordsB: v128 = i32x4.splat(0);

// @ts-ignore: decorator
@inline
function rotate(x: v128, by: i32): v128 {
  return v128.or(i32x4.shl(x, by), i32x4.shr_u(x, 32 - by));
}

// @ts-ignore: decorator
@inline
function mix(by: i32): void {
  wordsA = i32x4.add(wordsA, wordsB);
  wordsB = v128.xor(rotate(wordsB, by), wordsA);
}

// @ts-ignore: decorator
@inline
function rounds1(): void {
  mix(13);
  mix(15);
  mix(26);
  mix(6);
}

// @ts-ignore: decorator
@inline
function rounds2(): void {
  mix(17);
  mix(29);
  mix(16);
  mix(24);
}

function setKeys(first: i32, second: i32): void {
  key0 = i32x4.splat(first);
  key1 = i32x4.splat(second);
  key2 = i32x4.splat(0x1bd11bda ^ first ^ second);
}

/** Blocks `block` to `block + 3` into wordsA and wordsB. */
function threefry(block: i32, index: i32): void {
  const counters = i32x4.add(i32x4.splat(block), i32x4(0, 1, 2, 3));
  wordsA = i32x4.add(counters, key0);
  wordsB = i32x4.add(i32x4.splat(index), key1);
  rounds1();
  wordsA = i32x4.add(wordsA, key1);
  wordsB = i32x4.add(i32x4.add(wordsB, key2), i32x4.splat(1));
  rounds2();
  wordsA = i32x4.add(wordsA, key2);
  wordsB = i32x4.add(i32x4.add(wordsB, key0), i32x4.splat(2));
  rounds1();
  wordsA = i32x4.add(wordsA, key0);
  wordsB = i32x4.add(i32x4.add(wordsB, key1), i32x4.splat(3));
  rounds2();
  wordsA = i32x4.add(wordsA, key1);
  wordsB = i32x4.add(i32x4.add(wordsB, key2), i32x4.splat(4));
  rounds1();
  wordsA = i32x4.add(wordsA, key2);
  wordsB = i32x4.add(i32x4.add(wordsB, key0), i32x4.splat(5));
}

/** 24 bits as a float in [0, 1). */
// @ts-ignore: decorator
@inline
function unit(words: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(words, 8)), f32x4.splat(<f32>5.960464477539063e-8));
}

// @ts-ignore: decorator
@inline
function storeInterleaved(out: usize, a: v128, b: v128): void {
  v128.store(out, v128.shuffle<u32>(a, b, 0, 4, 1, 5));
  v128.store(out, v128.shuffle<u32>(a, b, 2, 6, 3, 7), 16);
}

/** Uniform in [0, 1). `out` has room for n rounded up to a multiple of 8. */
export function fillUniform(out: usize, n: i32, first: i32, second: i32, index: i32): void {
  setKeys(first, second);
  for (let block = 0; block << 1 < n; block += 4) {
    threefry(block, index);
    storeInterleaved(out, unit(wordsA), unit(wordsB));
    out += 32;
  }
}

/** 1 with probability p, else 0. */
export function fillBernoulli(out: usize, n: i32, p: f32, first: i32, second: i32, index: i32): void {
  setKeys(first, second);
  const limit = f32x4.splat(p);
  const one = f32x4.splat(1);
  for (let block = 0; block << 1 < n; block += 4) {
    threefry(block, index);
    storeInterleaved(
      out,
      v128.and(f32x4.lt(unit(wordsA), limit), one),
      v128.and(f32x4.lt(unit(wordsB), limit), one),
    );
    out += 32;
  }
}

/**
 * Standard normal (Box & Muller 1958), two of each block. The logarithm and the sine are polynomials, so that every
 * machine gets the same bits; their errors are below 2e-7.
 */
export function fillNormal(out: usize, n: i32, first: i32, second: i32, index: i32): void {
  setKeys(first, second);
  const one = f32x4.splat(1);
  for (let block = 0; block << 1 < n; block += 4) {
    threefry(block, index);
    const radius = f32x4.sqrt(f32x4.mul(f32x4.splat(-2), logarithm(f32x4.sub(one, unit(wordsA)))));
    // the angle in turns: the nearest quarter, and what is left of it
    const turns = unit(wordsB);
    const quarter = f32x4.nearest(f32x4.mul(turns, f32x4.splat(4)));
    const rest = f32x4.mul(
      f32x4.sub(turns, f32x4.mul(quarter, f32x4.splat(0.25))),
      f32x4.splat(<f32>6.283185307179586),
    );
    const square = f32x4.mul(rest, rest);
    const sine = sineOf(rest, square);
    const cosine = cosineOf(square);
    const quadrant = i32x4.trunc_sat_f32x4_s(quarter);
    const swap = i32x4.ne(v128.and(quadrant, i32x4.splat(1)), i32x4.splat(0));
    const s = v128.bitselect(cosine, sine, swap);
    const c = v128.bitselect(sine, cosine, swap);
    // quadrants 2 and 3 turn the sine's sign, 1 and 2 the cosine's
    const signS = i32x4.shl(v128.and(quadrant, i32x4.splat(2)), 30);
    const signC = i32x4.shl(v128.and(i32x4.add(quadrant, i32x4.splat(1)), i32x4.splat(2)), 30);
    storeInterleaved(out, f32x4.mul(radius, v128.xor(c, signC)), f32x4.mul(radius, v128.xor(s, signS)));
    out += 32;
  }
}

/** Taylor polynomials on [-pi/4, pi/4]. */
// @ts-ignore: decorator
@inline
function sineOf(x: v128, square: v128): v128 {
  let p = f32x4.splat(<f32>2.7557319223985893e-6);
  p = f32x4.add(f32x4.mul(p, square), f32x4.splat(<f32>-1.984126984126984e-4));
  p = f32x4.add(f32x4.mul(p, square), f32x4.splat(<f32>8.333333333333333e-3));
  p = f32x4.add(f32x4.mul(p, square), f32x4.splat(<f32>-0.16666666666666666));
  return f32x4.add(x, f32x4.mul(f32x4.mul(p, square), x));
}

// @ts-ignore: decorator
@inline
function cosineOf(square: v128): v128 {
  let p = f32x4.splat(<f32>-2.755731922398589e-7);
  p = f32x4.add(f32x4.mul(p, square), f32x4.splat(<f32>2.48015873015873e-5));
  p = f32x4.add(f32x4.mul(p, square), f32x4.splat(<f32>-1.388888888888889e-3));
  p = f32x4.add(f32x4.mul(p, square), f32x4.splat(<f32>4.1666666666666664e-2));
  p = f32x4.add(f32x4.mul(p, square), f32x4.splat(<f32>-0.5));
  return f32x4.add(f32x4.mul(p, square), f32x4.splat(1));
}

/** Natural logarithm of x in (0, 1]: 2 artanh((m - 1) / (m + 1)) + e ln 2 for x = m 2^e, m in [sqrt(1/2), sqrt(2)). */
// @ts-ignore: decorator
@inline
function logarithm(x: v128): v128 {
  // bits of sqrt(1/2), so that the mantissa lies around 1
  const offset = i32x4.sub(x, i32x4.splat(0x3f3504f3));
  const exponent = i32x4.shr_s(offset, 23);
  const mantissa = i32x4.sub(x, i32x4.shl(exponent, 23));
  const one = f32x4.splat(1);
  const t = f32x4.div(f32x4.sub(mantissa, one), f32x4.add(mantissa, one));
  const square = f32x4.mul(t, t);
  let p = f32x4.splat(<f32>0.2222222222222222);
  p = f32x4.add(f32x4.mul(p, square), f32x4.splat(<f32>0.2857142857142857));
  p = f32x4.add(f32x4.mul(p, square), f32x4.splat(<f32>0.4));
  p = f32x4.add(f32x4.mul(p, square), f32x4.splat(<f32>0.6666666666666666));
  const log = f32x4.add(f32x4.mul(f32x4.mul(p, square), t), f32x4.add(t, t));
  return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(exponent), f32x4.splat(<f32>0.6931471805599453)), log);
}
