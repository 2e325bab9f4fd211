/**
 * Products of matrices on four floats at a time. Four rows of A are broadcast, number by number, over two vectors of B,
 * whose columns lie in panels of eight (Goto & van de Geijn 2008).
 */
import { multiplyColumnsByVector, multiplyRowsByVector } from './vectorProduct';

const tileRows: i32 = 4;
const tileColumns: i32 = 8;
/** Numbers of the inner dimension at a time: a panel of B stays in the first cache. */
const depthBlock: i32 = 512;
/** Rows at a time: a block of A stays in the second cache. */
const rowBlock: i32 = 256;

/** Bytes that `multiply` needs besides. */
export const productScratch: i32 = 4 * (depthBlock * tileColumns + rowBlock * depthBlock + tileRows * tileColumns);

/**
 * Four rows and eight columns of the result, written or added. Strides in bytes; from a number of a row of A to the next it is
 * as far as T is long. The depth is at least one.
 */
function tile<T>(depth: i32, a: usize, aRow: i32, b: usize, c: usize, cRow: i32, add: bool): void {
  let c00 = f32x4.splat(0), c01 = f32x4.splat(0), c10 = f32x4.splat(0), c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0), c21 = f32x4.splat(0), c30 = f32x4.splat(0), c31 = f32x4.splat(0);
  let b0: v128, b1: v128, x: v128;
  let a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
  const end = b + 32 * depth, last = end - 32;
  do {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    x = v128.load32_splat(a);
    c00 = f32x4.add(c00, f32x4.mul(x, b0));
    c01 = f32x4.add(c01, f32x4.mul(x, b1));
    x = v128.load32_splat(a1);
    c10 = f32x4.add(c10, f32x4.mul(x, b0));
    c11 = f32x4.add(c11, f32x4.mul(x, b1));
    x = v128.load32_splat(a2);
    c20 = f32x4.add(c20, f32x4.mul(x, b0));
    c21 = f32x4.add(c21, f32x4.mul(x, b1));
    x = v128.load32_splat(a3);
    c30 = f32x4.add(c30, f32x4.mul(x, b0));
    c31 = f32x4.add(c31, f32x4.mul(x, b1));
    // V8 puts all loads of a block at its front: without a way out here, those of two steps would not fit in the registers
    if (b == last) break;
    b0 = v128.load(b, 32);
    b1 = v128.load(b, 48);
    x = v128.load32_splat(a, sizeof<T>());
    c00 = f32x4.add(c00, f32x4.mul(x, b0));
    c01 = f32x4.add(c01, f32x4.mul(x, b1));
    x = v128.load32_splat(a1, sizeof<T>());
    c10 = f32x4.add(c10, f32x4.mul(x, b0));
    c11 = f32x4.add(c11, f32x4.mul(x, b1));
    x = v128.load32_splat(a2, sizeof<T>());
    c20 = f32x4.add(c20, f32x4.mul(x, b0));
    c21 = f32x4.add(c21, f32x4.mul(x, b1));
    x = v128.load32_splat(a3, sizeof<T>());
    c30 = f32x4.add(c30, f32x4.mul(x, b0));
    c31 = f32x4.add(c31, f32x4.mul(x, b1));
    a += 2 * sizeof<T>();
    a1 += 2 * sizeof<T>();
    a2 += 2 * sizeof<T>();
    a3 += 2 * sizeof<T>();
    b += 64;
  } while (b < end);
  put(c, c00, c01, add);
  put(c + cRow, c10, c11, add);
  put(c + 2 * cRow, c20, c21, add);
  put(c + 3 * cRow, c30, c31, add);
}

/** One row of it. */
function row(depth: i32, a: usize, aColumn: i32, b: usize, c: usize, add: bool): void {
  let c0 = f32x4.splat(0), c1 = f32x4.splat(0);
  for (const end = b + 32 * depth; b < end; b += 32) {
    const x = v128.load32_splat(a);
    c0 = f32x4.add(c0, f32x4.mul(x, v128.load(b)));
    c1 = f32x4.add(c1, f32x4.mul(x, v128.load(b, 16)));
    a += aColumn;
  }
  put(c, c0, c1, add);
}

// @ts-ignore: decorator
@inline
function put(c: usize, c0: v128, c1: v128, add: bool): void {
  if (add) {
    c0 = f32x4.add(v128.load(c), c0);
    c1 = f32x4.add(v128.load(c, 16), c1);
  }
  v128.store(c, c0);
  v128.store(c, c1, 16);
}

/** Four numbers of four rows, rows to columns. Rows of the panel are eight floats long. */
// @ts-ignore: decorator
@inline
function transpose(from: usize, fromRow: i32, to: usize): void {
  const r0 = v128.load(from), r1 = v128.load(from + fromRow);
  const r2 = v128.load(from + 2 * fromRow), r3 = v128.load(from + 3 * fromRow);
  const s0 = v128.shuffle<u32>(r0, r1, 0, 4, 1, 5), s1 = v128.shuffle<u32>(r0, r1, 2, 6, 3, 7);
  const s2 = v128.shuffle<u32>(r2, r3, 0, 4, 1, 5), s3 = v128.shuffle<u32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<u64>(s0, s2, 0, 2));
  v128.store(to, v128.shuffle<u64>(s0, s2, 1, 3), 32);
  v128.store(to, v128.shuffle<u64>(s1, s3, 0, 2), 64);
  v128.store(to, v128.shuffle<u64>(s1, s3, 1, 3), 96);
}

/** Some columns of B, at most eight, as a panel; zeros in the place of those that are missing. */
function packPanel(depth: i32, columns: i32, b: usize, bRow: i32, bColumn: i32, panel: usize): void {
  let k = 0;
  if (columns == tileColumns && bColumn == 4) {
    for (; k < depth; k++, b += bRow, panel += 32) {
      v128.store(panel, v128.load(b));
      v128.store(panel, v128.load(b, 16), 16);
    }
    return;
  }
  if (columns == tileColumns && bRow == 4) {
    for (; k + 4 <= depth; k += 4, b += 16, panel += 128) {
      transpose(b, bColumn, panel);
      transpose(b + 4 * bColumn, bColumn, panel + 16);
    }
  }
  for (; k < depth; k++, b += bRow, panel += 32) {
    for (let j = 0; j < tileColumns; j++) {
      store<f32>(panel + 4 * j, j < columns ? load<f32>(b + j * bColumn) : 0);
    }
  }
}

/** Rows of A beside each other, four at a time, number by number of the inner dimension. */
function packRows(rows: i32, depth: i32, a: usize, aRow: i32, aColumn: i32, packed: usize): void {
  for (let i = 0; i < rows; i += tileRows) {
    const from = a + i * aRow;
    const count = min(tileRows, rows - i);
    if (count == tileRows && aRow == 4) {
      for (let k = 0; k < depth; k++, packed += 16) v128.store(packed, v128.load(from + k * aColumn));
      continue;
    }
    for (let k = 0; k < depth; k++, packed += 16) {
      for (let r = 0; r < tileRows; r++) {
        store<f32>(packed + 4 * r, r < count ? load<f32>(from + r * aRow + k * aColumn) : 0);
      }
    }
  }
}

/** C = A B, or C + A B; [rows, columns] row by row; strides of A and B in floats. */
export function multiply(
  rows: i32, columns: i32, depth: i32,
  a: usize, aRowFloats: i32, aColumnFloats: i32,
  b: usize, bRowFloats: i32, bColumnFloats: i32,
  c: usize, more: bool, scratch: usize,
): void {
  const aRow = aRowFloats << 2, aColumn = aColumnFloats << 2;
  const bRow = bRowFloats << 2, bColumn = bColumnFloats << 2;
  const cRow = columns << 2;
  const panel = scratch;
  const packed = panel + 4 * (depthBlock * tileColumns);
  const edge = packed + 4 * (rowBlock * depthBlock);
  if (depth == 0) {
    if (!more) memory.fill(c, 0, cRow * rows);
    return;
  }
  if (columns == 1 && bRow == 4) {
    if (aColumn == 4) return multiplyRowsByVector(rows, depth, a, aRow, b, c, more);
    if (aRow == 4) return multiplyColumnsByVector(rows, depth, a, aColumn, b, c, more);
  }
  const pack = aColumn != 4;
  for (let top = 0; top < rows; top += rowBlock) {
    const height = min(rowBlock, rows - top);
    for (let k = 0; k < depth; k += depthBlock) {
      const deep = min(depthBlock, depth - k);
      const add = more || k > 0;
      const from = a + top * aRow + k * aColumn;
      if (pack) packRows(height, deep, from, aRow, aColumn, packed);
      const stepRow: i32 = pack ? 4 : aRow;
      const stepColumn: i32 = pack ? 16 : 4;
      for (let left = 0; left < columns; left += tileColumns) {
        const wide = min(tileColumns, columns - left);
        packPanel(deep, wide, b + k * bRow + left * bColumn, bRow, bColumn, panel);
        for (let i = 0; i < height; i += tileRows) {
          const count = min(tileRows, height - i);
          const source = pack ? packed + 4 * (i * deep) : from + i * aRow;
          const target = c + (top + i) * cRow + 4 * left;
          if (count == tileRows) {
            const whole = wide == tileColumns;
            const to = whole ? target : edge;
            const toRow: i32 = whole ? cRow : 4 * tileColumns;
            if (pack) tile<v128>(deep, source, stepRow, panel, to, toRow, whole && add);
            else tile<f32>(deep, source, stepRow, panel, to, toRow, whole && add);
            if (whole) continue;
          }
          for (let r = 0; r < count; r++) {
            const one = edge + 4 * r * tileColumns;
            if (count < tileRows) row(deep, source + r * stepRow, stepColumn, panel, one, false);
            for (let j = 0; j < 4 * wide; j += 4) {
              const at = target + r * cRow + j;
              store<f32>(at, load<f32>(one + j) + (add ? load<f32>(at) : 0));
            }
          }
        }
      }
    }
  }
}
