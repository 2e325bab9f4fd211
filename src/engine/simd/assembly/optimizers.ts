/**
 * Updates of n weights in place, 16-byte aligned, n a multiple of 4.
 *
 * Numbers too small to move a weight are taken for zero. Where a gradient stays zero (a pixel that is always black, a dead
 * unit), its averages decay until they are denormal and stay so, and processors take many times as long over such numbers.
 */

/** Of averages; the least float that is not denormal is 1.2e-38. */
const leastAverage: f32 = 1e-34;
/** Of gradients: a thousandth of its square is an average that counts. With an epsilon of 1e-7 no weight feels it. */
const leastGradient: f32 = 1e-15;

/** Zero instead of numbers smaller than that; what is not a number stays so. */
// @ts-ignore: decorator
@inline
function withoutTraces(x: v128, least: v128): v128 {
  return v128.andnot(x, f32x4.lt(f32x4.abs(x), least));
}

/**
 * Kingma & Ba 2015, algorithm 1, with the usual 0.9 and 0.999. Weights w, averages m and v, gradient g. `rate` and
 * `epsilon` hold the corrections of the bias.
 */
export function adam(w: usize, m: usize, v: usize, g: usize, n: i32, rate: f32, epsilon: f32): void {
  const one1 = f32x4.splat(<f32>0.1);
  const one2 = f32x4.splat(<f32>0.001);
  const rates = f32x4.splat(rate);
  const epsilons = f32x4.splat(epsilon);
  const least = f32x4.splat(leastAverage);
  const leastG = f32x4.splat(leastGradient);
  const end = w + (<usize>n << 2);
  while (w < end) {
    const gradient = withoutTraces(v128.load(g), leastG);
    const oldMean = v128.load(m);
    const mean = withoutTraces(f32x4.add(oldMean, f32x4.mul(f32x4.sub(gradient, oldMean), one1)), least);
    v128.store(m, mean);
    const oldSquare = v128.load(v);
    const newSquare = f32x4.add(oldSquare, f32x4.mul(f32x4.sub(f32x4.mul(gradient, gradient), oldSquare), one2));
    const square = withoutTraces(newSquare, least);
    v128.store(v, square);
    const change = f32x4.div(f32x4.mul(mean, rates), f32x4.add(f32x4.sqrt(square), epsilons));
    v128.store(w, f32x4.sub(v128.load(w), change));
    w += 16;
    m += 16;
    v += 16;
    g += 16;
  }
}

/** w - lr g */
export function sgd(w: usize, g: usize, n: i32, rate: f32): void {
  const rates = f32x4.splat(rate);
  const end = w + (<usize>n << 2);
  while (w < end) {
    v128.store(w, f32x4.sub(v128.load(w), f32x4.mul(v128.load(g), rates)));
    w += 16;
    g += 16;
  }
}

/** v' = 0.9 v + g; w - lr v'. Polyak 1964, in the form of tfjs and PyTorch. */
export function momentum(w: usize, velocity: usize, g: usize, n: i32, rate: f32): void {
  const rates = f32x4.splat(rate);
  const decay = f32x4.splat(<f32>0.9);
  const least = f32x4.splat(leastAverage);
  const end = w + (<usize>n << 2);
  while (w < end) {
    const next = withoutTraces(f32x4.add(f32x4.mul(v128.load(velocity), decay), v128.load(g)), least);
    v128.store(velocity, next);
    v128.store(w, f32x4.sub(v128.load(w), f32x4.mul(next, rates)));
    w += 16;
    velocity += 16;
    g += 16;
  }
}

/** s' = 0.9 s + 0.1 g^2; w - lr g / sqrt(s' + e). Hinton's lecture 6e, 2012. */
export function rmsprop(w: usize, s: usize, g: usize, n: i32, rate: f32): void {
  const rates = f32x4.splat(rate);
  const tenth = f32x4.splat(<f32>0.1);
  const epsilons = f32x4.splat(<f32>1e-7);
  const least = f32x4.splat(leastAverage);
  const leastG = f32x4.splat(leastGradient);
  const end = w + (<usize>n << 2);
  while (w < end) {
    const gradient = withoutTraces(v128.load(g), leastG);
    const old = v128.load(s);
    const newSquare = f32x4.add(old, f32x4.mul(f32x4.sub(f32x4.mul(gradient, gradient), old), tenth));
    const square = withoutTraces(newSquare, least);
    v128.store(s, square);
    const change = f32x4.div(f32x4.mul(gradient, rates), f32x4.sqrt(f32x4.add(square, epsilons)));
    v128.store(w, f32x4.sub(v128.load(w), change));
    w += 16;
    s += 16;
    g += 16;
  }
}

/** Sum of the squares of n floats; infinite or not a number if one of them is. */
export function sumOfSquares(x: usize, n: i32): f64 {
  let sums = f64x2.splat(0);
  const end = x + (<usize>n << 2);
  while (x < end) {
    const values = v128.load(x);
    const squares = f32x4.mul(values, values);
    sums = f64x2.add(sums, f64x2.promote_low_f32x4(squares));
    sums = f64x2.add(sums, f64x2.promote_low_f32x4(v128.shuffle<u64>(squares, squares, 1, 0)));
    x += 16;
  }
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}
