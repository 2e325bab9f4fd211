/** Runs what ../../kernels/operations.ts has written: operations in numbers, with places by their index in a table. */
import { expressionScratch, runExpression } from './expression';
import { multiply, productScratch } from './product';
import { reduce } from './reductions';

/** Numbered as in ../../kernels/operations.ts. */
enum Kind {
  product,
  elements,
  reduce,
  copy,
}

// where the reader is; the module is not entered twice at a time
let at: usize = 0;
let places: usize = 0;

function word(): i32 {
  const value = load<i32>(at);
  at += 4;
  return value;
}

/** A place's address. */
function place(): usize {
  return load<u32>(places + 4 * word());
}

/** Bytes of memory that `runPlan` needs besides. */
export function planScratch(): i32 {
  return productScratch + expressionScratch;
}

/**
 * @param words of the operations, up to `end`
 * @param table addresses of the places
 * @param scratch of planScratch() bytes
 */
export function runPlan(words: usize, end: usize, table: usize, scratch: usize): void {
  at = words;
  places = table;
  while (at < end) {
    switch (word()) {
      case Kind.product:
        runProduct(scratch);
        break;
      case Kind.elements:
        at = runExpression(at, places, scratch);
        break;
      case Kind.reduce:
        runReduction();
        break;
      case Kind.copy:
        runCopy();
        break;
      default:
        unreachable();
    }
  }
}

function runProduct(scratch: usize): void {
  const a = place() + 4 * word();
  const aRow = word();
  const aColumn = word();
  const b = place() + 4 * word();
  const bRow = word();
  const bColumn = word();
  const c = place() + 4 * word();
  const rows = word();
  const columns = word();
  const depth = word();
  multiply(rows, columns, depth, a, aRow, aColumn, b, bRow, bColumn, c, scratch);
  at = runExpression(at, places, scratch);
  // nothing learns here
  word();
}

function runReduction(): void {
  const kind = word();
  const outer = word();
  const size = word();
  const inner = word();
  const x = place();
  const y = place();
  reduce(kind, outer, size, inner, x, y, reinterpret<f32>(word()));
}

/** Elements to other places: six sizes, six strides of where they come from, six of where they go. */
function runCopy(): void {
  const shape = at;
  const from = at + 24;
  const to = at + 48;
  at += 72;
  const x = place() + 4 * word();
  const y = place() + 4 * word();
  copyAxis(0, shape, from, to, x, y);
}

function copyAxis(axis: i32, shape: usize, from: usize, to: usize, x: usize, y: usize): void {
  const size = load<i32>(shape + 4 * axis);
  const fromStride = load<i32>(from + 4 * axis) << 2;
  const toStride = load<i32>(to + 4 * axis) << 2;
  if (axis < 5) {
    for (let i = 0; i < size; i++) copyAxis(axis + 1, shape, from, to, x + i * fromStride, y + i * toStride);
  } else if (fromStride == 4 && toStride == 4) {
    memory.copy(y, x, 4 * size);
  } else {
    for (let i = 0; i < size; i++, x += fromStride, y += toStride) store<f32>(y, load<f32>(x));
  }
}
