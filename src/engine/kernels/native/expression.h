// Operations on every element, one after the other on pieces that stay in the first cache: a chain of them costs one
// passage through memory.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "functions.h"

namespace aenb {

/** Numbered as in operations.ts. */
enum class Elementwise : int32_t {
  add, subtract, multiply, divide, maximum, minimum, squaredDifference, power, floorDivide, modulo,
  equal, notEqual, greater, greaterEqual, less, lessEqual, logicalAnd, logicalOr, eluGradient, prelu, arcTangent2,
  select,
  negate, absolute, square, squareRoot, reciprocalRoot, exponential, logarithm, sigmoid, tanh, relu, step, relu6,
  leakyRelu, elu, selu, softplus, log1p, expm1, reciprocal, sign, floor, ceil, round, clip, erf,
  logicalNot, isNan, isInf, isFinite, truncate, truth, identity,
  sin, cos, tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh,
};

/** Where the elements of an operand lie. */
struct Operand {
  /** [rows, columns], or one row for all of them, one number for each row, or one number. */
  enum Kind : int32_t { whole, row, column, number } kind;
  const float* values;
};

/** One operation: reads registers, writes the next one. The first registers are the operands. */
struct Step {
  Elementwise operation;
  int a, b, c;
  float first, second;
  /** Which of the pieces of scratch memory holds the result... */
  int slot;
  /** ...unless it is kept: [rows, columns]. */
  float* output;
};

/** Operands and steps of one expression together. */
constexpr size_t mostRegisters = 64;
/** Elements at a time: of several rows where these are short. */
constexpr int pieceSize = 512;

struct Expression {
  int rows, columns;
  std::vector<Operand> operands;
  std::vector<Step> steps;
  int slots = 0;

  bool empty() const { return steps.empty(); }
  long scratch() const { return (long)(slots + (int)operands.size()) * pieceSize; }
  void run(int row, int rowEnd, int column, int columnEnd, float* scratch) const;
  /** Of `batch` samples that lie one after the other those from `begin` to `end`; a sample is some whole rows. */
  void runSamples(int batch, int begin, int end, float* scratch) const {
    const long size = (long)rows * columns / batch;
    if (rows == 1) run(0, 1, (int)(begin * size), (int)(end * size), scratch);
    else run((int)(begin * size / columns), (int)(end * size / columns), 0, columns, scratch);
  }
};

/** The elements that are worked on at a time. */
struct Extent {
  int rows, columns;
};

/** Where they are in an operand or a result: from a row to the next it is so far. */
template <class Float>
struct Register {
  Float* values;
  long stride;
  Float* row(int r) const { return values + r * stride; }
};
using Input = Register<const float>;
using Output = Register<float>;

template <class F, class... Inputs>
inline void onVectors(Extent extent, Output y, F f, Inputs... x) {
  for (int r = 0; r < extent.rows; r++) {
    float* to = y.row(r);
    int i = 0;
    for (; i + width <= extent.columns; i += width) store(to + i, f(load(x.row(r) + i)...));
    if (const int rest = extent.columns - i) storePart(to + i, f(loadPart(x.row(r) + i, rest)...), rest);
  }
}

/** What is rare, number by number. */
template <class F, class... Inputs>
inline void onNumbers(Extent extent, Output y, F f, Inputs... x) {
  for (int r = 0; r < extent.rows; r++)
    for (int i = 0; i < extent.columns; i++) y.row(r)[i] = f(x.row(r)[i]...);
}

inline float rounded(float x) {
  // halves to even, as tfjs does
  return std::nearbyint(x);
}

inline void runStep(const Step& step, Extent extent, Input a, Input b, Input c, Output y) {
  const Vector zero = Vector{}, one = splat(1.0f);
  const Vector first = splat(step.first), second = splat(step.second);
  typedef Vector V;
  switch (step.operation) {
#define AENB_PAIRS(name, result) \
  case Elementwise::name:        \
    return onVectors(extent, y, [=](V p, V q) { return result; }, a, b);
    AENB_PAIRS(add, p + q)
    AENB_PAIRS(subtract, p - q)
    AENB_PAIRS(multiply, p* q)
    AENB_PAIRS(divide, p / q)
    AENB_PAIRS(maximum, maximum(p, q))
    AENB_PAIRS(minimum, minimum(p, q))
    AENB_PAIRS(squaredDifference, (p - q) * (p - q))
    AENB_PAIRS(equal, onesWhere(p == q))
    AENB_PAIRS(notEqual, onesWhere(p != q))
    AENB_PAIRS(greater, onesWhere(p > q))
    AENB_PAIRS(greaterEqual, onesWhere(p >= q))
    AENB_PAIRS(less, onesWhere(p < q))
    AENB_PAIRS(lessEqual, onesWhere(p <= q))
    AENB_PAIRS(logicalAnd, onesWhere((p != zero) & (q != zero)))
    AENB_PAIRS(logicalOr, onesWhere((p != zero) | (q != zero)))
    AENB_PAIRS(eluGradient, p* select(q >= zero, one, q + one))
    AENB_PAIRS(prelu, select(p < zero, p * q, p))
#undef AENB_PAIRS
#define AENB_NUMBERS(name, result) \
  case Elementwise::name:          \
    return onNumbers(extent, y, [](float p, float q) -> float { return result; }, a, b);
    AENB_NUMBERS(power, std::pow(p, q))
    AENB_NUMBERS(floorDivide, std::floor(p / q))
    AENB_NUMBERS(modulo, p - q * std::floor(p / q))
    AENB_NUMBERS(arcTangent2, std::atan2(p, q))
#undef AENB_NUMBERS
    case Elementwise::select:
      return onVectors(extent, y, [=](V p, V q, V r) { return select(p != zero, q, r); }, a, b, c);
#define AENB_EACH(name, result) \
  case Elementwise::name:       \
    return onVectors(extent, y, [=](V x) { return result; }, a);
    AENB_EACH(negate, -x)
    AENB_EACH(absolute, absolute(x))
    AENB_EACH(square, x* x)
    AENB_EACH(squareRoot, squareRoot(x))
    AENB_EACH(reciprocalRoot, one / squareRoot(x))
    AENB_EACH(exponential, exponential(x))
    AENB_EACH(logarithm, logarithm(x))
    AENB_EACH(sigmoid, sigmoid(x))
    AENB_EACH(tanh, hyperbolicTangent(x))
    AENB_EACH(relu, select((x > zero) | (x != x), x, zero))
    AENB_EACH(step, select(x > zero, one, select(x != x, x, first)))
    AENB_EACH(relu6, minimum(maximum(x, zero), splat(6.0f)))
    AENB_EACH(leakyRelu, select(x < zero, x * first, x))
    AENB_EACH(softplus, softplus(x))
    AENB_EACH(log1p, logarithmOfOneAnd(x))
    AENB_EACH(reciprocal, one / x)
    AENB_EACH(sign, select(x > zero, one, select(x < zero, -one, x)))
    AENB_EACH(clip, minimum(maximum(x, first), second))
    AENB_EACH(logicalNot, onesWhere(x == zero))
    AENB_EACH(isNan, onesWhere(x != x))
    AENB_EACH(isInf, onesWhere(absolute(x) == splat(infinity)))
    AENB_EACH(isFinite, onesWhere(absolute(x) < splat(infinity)))
    AENB_EACH(truth, onesWhere(x != zero))
    AENB_EACH(identity, x)
#undef AENB_EACH
#define AENB_EACH_NUMBER(name, result) \
  case Elementwise::name:              \
    return onNumbers(extent, y, [](float x) -> float { return result; }, a);
    AENB_EACH_NUMBER(elu, x >= 0 || x != x ? x : std::expm1(x))
    AENB_EACH_NUMBER(selu, x >= 0 || x != x ? 1.0507009873554805f * x : 1.0507009873554805f * 1.6732632423543772f * std::expm1(x))
    AENB_EACH_NUMBER(expm1, std::expm1(x))
    AENB_EACH_NUMBER(floor, std::floor(x))
    AENB_EACH_NUMBER(ceil, std::ceil(x))
    AENB_EACH_NUMBER(round, rounded(x))
    AENB_EACH_NUMBER(erf, std::erf(x))
    AENB_EACH_NUMBER(truncate, std::trunc(x))
    AENB_EACH_NUMBER(sin, std::sin(x))
    AENB_EACH_NUMBER(cos, std::cos(x))
    AENB_EACH_NUMBER(tan, std::tan(x))
    AENB_EACH_NUMBER(asin, std::asin(x))
    AENB_EACH_NUMBER(acos, std::acos(x))
    AENB_EACH_NUMBER(atan, std::atan(x))
    AENB_EACH_NUMBER(sinh, std::sinh(x))
    AENB_EACH_NUMBER(cosh, std::cosh(x))
    AENB_EACH_NUMBER(asinh, std::asinh(x))
    AENB_EACH_NUMBER(acosh, std::acosh(x))
    AENB_EACH_NUMBER(atanh, std::atanh(x))
#undef AENB_EACH_NUMBER
  }
}

/** Rows [row, rowEnd) of columns [column, columnEnd). */
inline void Expression::run(int row, int rowEnd, int column, int columnEnd, float* scratch) const {
  Input registers[mostRegisters];
  float* spread = scratch + (long)slots * pieceSize;
  const int given = (int)operands.size();
  const int longest = std::min(pieceSize, columnEnd - column);
  // rows in scratch memory begin where vectors do
  const long stride = roundUp(longest, width);
  const int mostRows = (int)(pieceSize / stride);
  for (int i = 0; i < given; i++)
    if (operands[i].kind == Operand::number) {
      float* copies = spread + i * pieceSize;
      std::fill(copies, copies + longest, operands[i].values[0]);
      registers[i] = {copies, 0};
    }
  for (int top = row; top < rowEnd; top += mostRows) {
    Extent extent{std::min(mostRows, rowEnd - top), 0};
    for (int i = 0; i < given; i++)
      if (operands[i].kind == Operand::column) {
        float* copies = spread + i * pieceSize;
        for (int r = 0; r < extent.rows; r++)
          std::fill(copies + r * stride, copies + r * stride + longest, operands[i].values[top + r]);
        registers[i] = {copies, stride};
      }
    for (int from = column; from < columnEnd; from += pieceSize) {
      extent.columns = std::min(pieceSize, columnEnd - from);
      const long place = (long)top * columns + from;
      for (int i = 0; i < given; i++) {
        if (operands[i].kind == Operand::whole) registers[i] = {operands[i].values + place, columns};
        if (operands[i].kind == Operand::row) registers[i] = {operands[i].values + from, 0};
      }
      int next = given;
      for (const Step& step : steps) {
        const Output y =
            step.output ? Output{step.output + place, columns} : Output{scratch + (long)step.slot * pieceSize, stride};
        runStep(step, extent, registers[step.a], registers[step.b], registers[step.c], y);
        registers[next++] = {y.values, y.stride};
      }
    }
  }
}

}  // namespace aenb
