/**
 * Operations on every element of [rows, columns], one after the other on pieces that stay in the first cache: what
 * ../../kernels/native/expression.h does, on four floats at a time.
 */
import {
  choose,
  errorFunction,
  exponential,
  hyperbolicTangent,
  logarithm,
  logarithmOfOneAnd,
  onesWhere,
  sigmoid,
  softplus,
  splat,
} from './functions';

/** Numbered as in ../../kernels/operations.ts. */
enum Elementwise {
  add, subtract, multiply, divide, maximum, minimum, squaredDifference, power, floorDivide, modulo,
  equal, notEqual, greater, greaterEqual, less, lessEqual, logicalAnd, logicalOr, eluGradient, prelu, arcTangent2,
  select,
  negate, absolute, square, squareRoot, reciprocalRoot, exponential, logarithm, sigmoid, tanh, relu, step, relu6,
  leakyRelu, elu, selu, softplus, log1p, expm1, reciprocal, sign, floor, ceil, round, clip, erf,
  logicalNot, isNan, isInf, isFinite, truncate, truth, identity,
  sin, cos, tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh,
}

/** How an operand meets rows and columns. */
enum Spread {
  whole,
  row,
  column,
  number,
}

/** Elements at a time. */
const pieceSize: i32 = 256;
const pieceBytes: i32 = 4 * pieceSize;
const mostRegisters: i32 = 64;

/** Bytes that `runExpression` needs besides: the registers' addresses, and a piece for each. */
export const expressionScratch: i32 = 4 * mostRegisters + mostRegisters * pieceBytes;

// Frequent operations have loops of their own; each is a class, whose method the compiler puts into the loop.
class Add { @inline of(a: v128, b: v128): v128 { return f32x4.add(a, b); } }
class Subtract { @inline of(a: v128, b: v128): v128 { return f32x4.sub(a, b); } }
class Multiply { @inline of(a: v128, b: v128): v128 { return f32x4.mul(a, b); } }
class Divide { @inline of(a: v128, b: v128): v128 { return f32x4.div(a, b); } }
class Maximum { @inline of(a: v128, b: v128): v128 { return f32x4.max(a, b); } }
class Relu { @inline of(a: v128, b: v128): v128 { return f32x4.pmax(a, splat(0)); } }
class Square { @inline of(a: v128, b: v128): v128 { return f32x4.mul(a, a); } }
class Exponential { @inline of(a: v128, b: v128): v128 { return exponential(a); } }
class Logarithm { @inline of(a: v128, b: v128): v128 { return logarithm(a); } }
class Sigmoid { @inline of(a: v128, b: v128): v128 { return sigmoid(a); } }

// @ts-ignore: decorator
@inline
function onEach<T>(n: i32, a: usize, b: usize, y: usize): void {
  const operation = changetype<T>(0);
  for (const end = y + 4 * n; y < end; y += 16, a += 16, b += 16) {
    v128.store(y, operation.of(v128.load(a), v128.load(b)));
  }
}

/** What is rare, four elements at a time. */
function four(operation: i32, a: v128, b: v128, c: v128, first: v128, second: v128): v128 {
  const zero = splat(0);
  const one = splat(1);
  switch (operation) {
    case Elementwise.minimum: return f32x4.min(a, b);
    case Elementwise.squaredDifference: {
      const difference = f32x4.sub(a, b);
      return f32x4.mul(difference, difference);
    }
    case Elementwise.floorDivide: return f32x4.floor(f32x4.div(a, b));
    case Elementwise.modulo: return f32x4.sub(a, f32x4.mul(b, f32x4.floor(f32x4.div(a, b))));
    case Elementwise.equal: return onesWhere(f32x4.eq(a, b));
    case Elementwise.notEqual: return onesWhere(f32x4.ne(a, b));
    case Elementwise.greater: return onesWhere(f32x4.gt(a, b));
    case Elementwise.greaterEqual: return onesWhere(f32x4.ge(a, b));
    case Elementwise.less: return onesWhere(f32x4.lt(a, b));
    case Elementwise.lessEqual: return onesWhere(f32x4.le(a, b));
    case Elementwise.logicalAnd: return onesWhere(v128.and(f32x4.ne(a, zero), f32x4.ne(b, zero)));
    case Elementwise.logicalOr: return onesWhere(v128.or(f32x4.ne(a, zero), f32x4.ne(b, zero)));
    case Elementwise.eluGradient: return f32x4.mul(a, choose(f32x4.ge(b, zero), one, f32x4.add(b, one)));
    case Elementwise.prelu: return choose(f32x4.lt(a, zero), f32x4.mul(a, b), a);
    case Elementwise.select: return choose(f32x4.ne(a, zero), b, c);
    case Elementwise.negate: return f32x4.neg(a);
    case Elementwise.absolute: return f32x4.abs(a);
    case Elementwise.squareRoot: return f32x4.sqrt(a);
    case Elementwise.reciprocalRoot: return f32x4.div(one, f32x4.sqrt(a));
    case Elementwise.tanh: return hyperbolicTangent(a);
    case Elementwise.step:
      return choose(f32x4.gt(a, zero), one, choose(f32x4.ne(a, a), a, first));
    case Elementwise.relu6: return f32x4.min(f32x4.max(a, zero), splat(6));
    case Elementwise.leakyRelu: return choose(f32x4.lt(a, zero), f32x4.mul(a, first), a);
    case Elementwise.softplus: return softplus(a);
    case Elementwise.log1p: return logarithmOfOneAnd(a);
    case Elementwise.reciprocal: return f32x4.div(one, a);
    case Elementwise.sign: return choose(f32x4.gt(a, zero), one, choose(f32x4.lt(a, zero), splat(-1), a));
    case Elementwise.floor: return f32x4.floor(a);
    case Elementwise.ceil: return f32x4.ceil(a);
    case Elementwise.round: return f32x4.nearest(a);
    case Elementwise.truncate: return f32x4.trunc(a);
    case Elementwise.clip: return f32x4.min(f32x4.max(a, first), second);
    case Elementwise.logicalNot: return onesWhere(f32x4.eq(a, zero));
    case Elementwise.isNan: return onesWhere(f32x4.ne(a, a));
    case Elementwise.isInf: return onesWhere(f32x4.eq(f32x4.abs(a), splat(Infinity)));
    case Elementwise.isFinite: return onesWhere(f32x4.lt(f32x4.abs(a), splat(Infinity)));
    case Elementwise.truth: return onesWhere(f32x4.ne(a, zero));
    default: return a;
  }
}

/** What is rarer still, number by number. */
function single(operation: i32, a: f32, b: f32): f32 {
  switch (operation) {
    case Elementwise.power: return Mathf.pow(a, b);
    case Elementwise.arcTangent2: return Mathf.atan2(a, b);
    case Elementwise.elu: return a < 0 ? Mathf.expm1(a) : a;
    case Elementwise.selu:
      return <f32>1.0507009873554805 * (a < 0 ? <f32>1.6732632423543772 * Mathf.expm1(a) : a);
    case Elementwise.expm1: return Mathf.expm1(a);
    case Elementwise.erf: return errorFunction(a);
    case Elementwise.sin: return Mathf.sin(a);
    case Elementwise.cos: return Mathf.cos(a);
    case Elementwise.tan: return Mathf.tan(a);
    case Elementwise.asin: return Mathf.asin(a);
    case Elementwise.acos: return Mathf.acos(a);
    case Elementwise.atan: return Mathf.atan(a);
    case Elementwise.sinh: return Mathf.sinh(a);
    case Elementwise.cosh: return Mathf.cosh(a);
    case Elementwise.asinh: return Mathf.asinh(a);
    case Elementwise.acosh: return Mathf.acosh(a);
    default: return Mathf.atanh(a);
  }
}

// @ts-ignore: decorator
@inline
function isSingle(operation: i32): bool {
  return (
    operation == Elementwise.power || operation == Elementwise.arcTangent2 || operation == Elementwise.elu ||
    operation == Elementwise.selu || operation == Elementwise.expm1 || operation == Elementwise.erf ||
    operation >= Elementwise.sin
  );
}

/** n elements, a multiple of four of them. */
function runStep(operation: i32, n: i32, a: usize, b: usize, c: usize, y: usize, first: f32, second: f32): void {
  switch (operation) {
    case Elementwise.add: return onEach<Add>(n, a, b, y);
    case Elementwise.subtract: return onEach<Subtract>(n, a, b, y);
    case Elementwise.multiply: return onEach<Multiply>(n, a, b, y);
    case Elementwise.divide: return onEach<Divide>(n, a, b, y);
    case Elementwise.maximum: return onEach<Maximum>(n, a, b, y);
    case Elementwise.relu: return onEach<Relu>(n, a, b, y);
    case Elementwise.square: return onEach<Square>(n, a, b, y);
    case Elementwise.exponential: return onEach<Exponential>(n, a, b, y);
    case Elementwise.logarithm: return onEach<Logarithm>(n, a, b, y);
    case Elementwise.sigmoid: return onEach<Sigmoid>(n, a, b, y);
  }
  const end = y + 4 * n;
  if (isSingle(operation)) {
    for (; y < end; y += 4, a += 4, b += 4) store<f32>(y, single(operation, load<f32>(a), load<f32>(b)));
    return;
  }
  const firsts = splat(first);
  const seconds = splat(second);
  for (; y < end; y += 16, a += 16, b += 16, c += 16) {
    v128.store(y, four(operation, v128.load(a), v128.load(b), v128.load(c), firsts, seconds));
  }
}

function fill(to: usize, n: i32, value: f32): void {
  const values = splat(value);
  for (const end = to + 4 * n; to < end; to += 16) v128.store(to, values);
}

// @ts-ignore: decorator
@inline
function word(at: usize, index: i32): i32 {
  return load<i32>(at + (index << 2));
}

/** Words of a step and of an operand, and those before the operands. */
const stepWords: i32 = 8;
const operandWords: i32 = 2;
const headWords: i32 = 3;

/**
 * Runs the expression that is written at `words`.
 *
 * @param table addresses of places
 * @returns where the words after it are
 */
export function runExpression(words: usize, table: usize, scratch: usize): usize {
  const rows = word(words, 0);
  const columns = word(words, 1);
  const given = word(words, 2);
  const operands = words + 4 * headWords;
  const afterOperands = operands + 4 * operandWords * given;
  const slots = word(afterOperands, 0);
  const count = word(afterOperands, 1);
  const steps = afterOperands + 8;
  const registers = scratch;
  const pieces = scratch + 4 * mostRegisters;
  for (let i = 0; i < given; i++) {
    if (word(operands, operandWords * i) != Spread.number) continue;
    const copies = pieces + i * pieceBytes;
    fill(copies, pieceSize, load<f32>(load<u32>(table + 4 * word(operands, operandWords * i + 1))));
    store<u32>(registers + 4 * i, <u32>copies);
  }
  if (count > 0) {
    for (let r = 0; r < rows; r++) {
      for (let from = 0; from < columns; from += pieceSize) {
        const n = min(pieceSize, columns - from);
        // what is read and computed beyond the end is seen by nobody: memory goes on after every place
        const whole = (n + 3) & ~3;
        const place = (r * columns + from) << 2;
        for (let i = 0; i < given; i++) {
          const spread = word(operands, operandWords * i);
          if (spread == Spread.number) continue;
          const values = load<u32>(table + 4 * word(operands, operandWords * i + 1));
          let at = values + place;
          if (spread == Spread.row) at = values + (from << 2);
          if (spread == Spread.column) {
            at = pieces + i * pieceBytes;
            if (from == 0) fill(at, pieceSize, load<f32>(values + 4 * r));
          }
          store<u32>(registers + 4 * i, <u32>at);
        }
        let kept = 0;
        for (let s = 0; s < count; s++) {
          const step = steps + 4 * stepWords * s;
          const output = word(step, 7);
          const target = output < 0 ? 0 : load<u32>(table + 4 * output) + place;
          const slot = given + (output < 0 ? word(step, 6) : slots + kept++);
          // a step that does not end with a vector must not write beyond its row
          const y = target != 0 && n == whole ? target : pieces + slot * pieceBytes;
          runStep(
            word(step, 0),
            whole,
            load<u32>(registers + 4 * word(step, 1)),
            load<u32>(registers + 4 * word(step, 2)),
            load<u32>(registers + 4 * word(step, 3)),
            y,
            reinterpret<f32>(word(step, 4)),
            reinterpret<f32>(word(step, 5)),
          );
          if (target != 0 && y != target) memory.copy(target, y, 4 * n);
          store<u32>(registers + 4 * (given + s), <u32>y);
        }
      }
    }
  }
  return steps + 4 * stepWords * count;
}
