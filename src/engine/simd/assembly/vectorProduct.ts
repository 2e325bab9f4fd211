/**
 * A matrix times a vector, which fills an eighth of the tiles of other products: what the last layer of grey images is made
 * of. The vector's numbers and either the matrix's rows or its columns lie beside each other.
 */

/** Bytes of four floats, from one to the next. */
const wide: i32 = 16;

// @ts-ignore: decorator
@inline
function finish(c: usize, sum: f32, add: bool): void {
  store<f32>(c, add ? load<f32>(c) + sum : sum);
}

// @ts-ignore: decorator
@inline
function put(c: usize, sums: v128, add: bool): void {
  v128.store(c, add ? f32x4.add(v128.load(c), sums) : sums);
}

// @ts-ignore: decorator
@inline
function multiplyAdd(sum: v128, x: usize, y: v128): v128 {
  return f32x4.add(sum, f32x4.mul(v128.load(x), y));
}

/** Lanes of four vectors: the sum of each vector's. */
// @ts-ignore: decorator
@inline
function addLanes(s0: v128, s1: v128, s2: v128, s3: v128): v128 {
  const t0 = f32x4.add(v128.shuffle<u32>(s0, s1, 0, 4, 1, 5), v128.shuffle<u32>(s0, s1, 2, 6, 3, 7));
  const t1 = f32x4.add(v128.shuffle<u32>(s2, s3, 0, 4, 1, 5), v128.shuffle<u32>(s2, s3, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<u64>(t0, t1, 0, 2), v128.shuffle<u64>(t0, t1, 1, 3));
}

/** Four rows at a time; `aRow` in bytes. */
export function multiplyRowsByVector(
  rows: i32, depth: i32, a: usize, aRow: i32, b: usize, c: usize, add: bool,
): void {
  const whole = (depth & ~3) << 2;
  const end = depth << 2;
  for (; rows >= 4; rows -= 4, a += 4 * aRow, c += wide) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    const a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
    let k = 0;
    for (; k < whole; k += wide) {
      const y = v128.load(b + k);
      s0 = multiplyAdd(s0, a + k, y);
      s1 = multiplyAdd(s1, a1 + k, y);
      s2 = multiplyAdd(s2, a2 + k, y);
      s3 = multiplyAdd(s3, a3 + k, y);
    }
    let sums = addLanes(s0, s1, s2, s3);
    for (; k < end; k += 4) {
      let x = v128.load32_zero(a + k);
      x = v128.load_lane<f32>(a1 + k, x, 1);
      x = v128.load_lane<f32>(a2 + k, x, 2);
      x = v128.load_lane<f32>(a3 + k, x, 3);
      sums = f32x4.add(sums, f32x4.mul(x, v128.load32_splat(b + k)));
    }
    put(c, sums, add);
  }
  for (; rows > 0; rows--, a += aRow, c += 4) {
    let sums = f32x4.splat(0);
    let k = 0;
    for (; k < whole; k += wide) sums = multiplyAdd(sums, a + k, v128.load(b + k));
    let sum = f32x4.extract_lane(addLanes(sums, sums, sums, sums), 0);
    for (; k < end; k += 4) sum += load<f32>(a + k) * load<f32>(b + k);
    finish(c, sum, add);
  }
}

/** Columns, each times a number of the vector; `aColumn` in bytes. Sums of sixteen rows stay in registers. */
export function multiplyColumnsByVector(
  rows: i32, depth: i32, a: usize, aColumn: i32, b: usize, c: usize, add: bool,
): void {
  const end = b + (<usize>depth << 2);
  for (; rows >= 16; rows -= 16, a += 4 * wide, c += 4 * wide) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (let from = a, number = b; number < end; number += 4, from += aColumn) {
      const y = v128.load32_splat(number);
      s0 = multiplyAdd(s0, from, y);
      s1 = multiplyAdd(s1, from + wide, y);
      s2 = multiplyAdd(s2, from + 2 * wide, y);
      s3 = multiplyAdd(s3, from + 3 * wide, y);
    }
    put(c, s0, add);
    put(c + wide, s1, add);
    put(c + 2 * wide, s2, add);
    put(c + 3 * wide, s3, add);
  }
  for (; rows >= 4; rows -= 4, a += wide, c += wide) {
    let sums = f32x4.splat(0);
    for (let from = a, number = b; number < end; number += 4, from += aColumn) {
      sums = multiplyAdd(sums, from, v128.load32_splat(number));
    }
    put(c, sums, add);
  }
  for (; rows > 0; rows--, a += 4, c += 4) {
    let sum: f32 = 0;
    for (let from = a, number = b; number < end; number += 4, from += aColumn) sum += load<f32>(from) * load<f32>(number);
    finish(c, sum, add);
  }
}
