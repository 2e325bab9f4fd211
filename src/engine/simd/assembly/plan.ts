/** Runs what ../../kernels/operations.ts has written: operations in numbers, with places by their index in a table. */
import { convolve, convolveFilterGradient, convolveInputGradient } from './convolution';
import { expressionScratch, runExpression } from './expression';
import { Geometry, geometryBytes } from './geometry';
import { enlarge, enlargeGradient, pool } from './pooling';
import { multiply, productScratch } from './product';
import { reduce } from './reductions';

/** Numbered as in ../../kernels/operations.ts. */
enum Kind {
  product,
  elements,
  reduce,
  copy,
  // what has numbers of its own for the data and the optimizer is not written for this machine
  gather,
  update,
  prepareFilter,
  convolution,
  filterGradient,
  pool,
  enlarge,
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
  const index = word();
  return index < 0 ? 0 : load<u32>(places + 4 * index);
}

function geometry(): Geometry {
  const sizes = changetype<Geometry>(at);
  at += geometryBytes;
  return sizes;
}

/** Bytes that convolutions have for the matrices of what lies under the filter, unless one row of output takes more. */
const patchBytes: i32 = 1 << 18;

/** Bytes of memory that `runPlan` needs besides. */
export function planScratch(): i32 {
  return productScratch + max(expressionScratch, patchBytes);
}

/**
 * @param words of the operations, up to `end`
 * @param table addresses of the places
 * @param scratch of `bytes`: planScratch() or more
 */
export function runPlan(words: usize, end: usize, table: usize, scratch: usize, bytes: i32): void {
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
      case Kind.prepareFilter:
        runPreparation();
        break;
      case Kind.convolution:
        runConvolution(scratch, bytes);
        break;
      case Kind.filterGradient:
        runFilterGradient(scratch, bytes);
        break;
      case Kind.pool:
        runPooling();
        break;
      case Kind.enlarge:
        runEnlargement();
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
  multiply(rows, columns, depth, a, aRow, aColumn, b, bRow, bColumn, c, false, scratch);
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

/** Filters are used as they lie. */
function runPreparation(): void {
  const g = geometry();
  word();
  const filter = place();
  memory.copy(place(), filter, 4 * g.depth * g.outChannels);
}

function runConvolution(scratch: usize, bytes: i32): void {
  const g = geometry();
  const isGradient = word() != 0;
  const x = place();
  const filter = place();
  const y = place();
  if (isGradient) convolveInputGradient(g, x, filter, y, scratch, bytes);
  else convolve(g, x, filter, y, scratch, bytes);
  at = runExpression(at, places, scratch);
}

function runFilterGradient(scratch: usize, bytes: i32): void {
  const g = geometry();
  const parts = word();
  const x = place();
  const dy = place();
  convolveFilterGradient(g, parts, x, dy, place(), scratch, bytes);
}

function runPooling(): void {
  const g = geometry();
  const kind = word();
  const x = place();
  const y = place();
  const dy = place();
  pool(g, kind, x, y, dy, place());
}

function runEnlargement(): void {
  const batch = word();
  const height = word();
  const width = word();
  const channels = word();
  const down = word();
  const across = word();
  const isGradient = word() != 0;
  const x = place();
  const y = place();
  if (isGradient) enlargeGradient(batch, height, width, channels, down, across, x, y);
  else enlarge(batch, height, width, channels, down, across, x, y);
}
