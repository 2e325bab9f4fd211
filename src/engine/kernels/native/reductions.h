// Sums, products and extremes along an axis of [outer, size, inner].
#pragma once
#include "functions.h"

namespace aenb {

/** Numbered as in operations.ts. */
enum class Reduction : int32_t { sum, product, maximum, minimum };

struct Along {
  int outer, size, inner;
};

inline Vector combine(Reduction kind, Vector a, Vector b) {
  switch (kind) {
    case Reduction::sum: return a + b;
    case Reduction::product: return a * b;
    case Reduction::maximum: return maximum(a, b);
    default: return minimum(a, b);
  }
}

inline float neutral(Reduction kind) {
  switch (kind) {
    case Reduction::sum: return 0.0f;
    case Reduction::product: return 1.0f;
    case Reduction::maximum: return -infinity;
    default: return infinity;
  }
}

/** One number of n that lie in a row. */
template <Reduction kind>
inline float reduceRow(const float* x, int n) {
  const Vector start = splat(neutral(kind));
  Vector parts[4] = {start, start, start, start};
  int i = 0;
  for (; i + 4 * width <= n; i += 4 * width)
    for (int j = 0; j < 4; j++) parts[j] = combine(kind, parts[j], load(x + i + j * width));
  for (; i + width <= n; i += width) parts[0] = combine(kind, parts[0], load(x + i));
  Vector all = combine(kind, combine(kind, parts[0], parts[1]), combine(kind, parts[2], parts[3]));
  if (i < n) {
    float rest[width];
    for (int j = 0; j < width; j++) rest[j] = i + j < n ? x[i + j] : neutral(kind);
    all = combine(kind, all, load(rest));
  }
  Vector one = splat(all[0]);
  for (int j = 1; j < width; j++) one = combine(kind, one, splat(all[j]));
  return one[0];
}

/** Columns [from, to) of `size` rows of `inner` numbers. */
template <Reduction kind>
inline void reduceColumns(const float* x, int size, int inner, int from, int to, float scale, float* y) {
  int i = from;
  for (; i + 4 * width <= to; i += 4 * width) {
    Vector parts[4];
    for (int j = 0; j < 4; j++) parts[j] = splat(neutral(kind));
    for (long s = 0; s < size; s++)
      for (int j = 0; j < 4; j++) parts[j] = combine(kind, parts[j], load(x + s * inner + i + j * width));
    for (int j = 0; j < 4; j++) store(y + i + j * width, parts[j] * splat(scale));
  }
  for (; i + width <= to; i += width) {
    Vector part = splat(neutral(kind));
    for (long s = 0; s < size; s++) part = combine(kind, part, load(x + s * inner + i));
    store(y + i, part * splat(scale));
  }
  if (i < to) {
    Vector part = splat(neutral(kind));
    for (long s = 0; s < size; s++) part = combine(kind, part, loadPart(x + s * inner + i, to - i));
    storePart(y + i, part * splat(scale), to - i);
  }
}

/**
 * Few columns of many rows: several rows fill a vector where the columns divide its width, and vectors of rows are
 * combined at the end.
 */
template <Reduction kind>
inline void reduceNarrow(const float* x, int size, int inner, float scale, float* y) {
  const int rows = width / inner;
  const Vector start = splat(neutral(kind));
  Vector parts[4] = {start, start, start, start};
  int s = 0;
  for (; s + 4 * rows <= size; s += 4 * rows)
    for (int j = 0; j < 4; j++) parts[j] = combine(kind, parts[j], load(x + (long)s * inner + j * width));
  Vector all = combine(kind, combine(kind, parts[0], parts[1]), combine(kind, parts[2], parts[3]));
  float sums[width];
  store(sums, all);
  for (int i = 0; i < inner; i++) {
    Vector one = splat(sums[i]);
    for (int r = 1; r < rows; r++) one = combine(kind, one, splat(sums[r * inner + i]));
    for (int r = s; r < size; r++) one = combine(kind, one, splat(x[(long)r * inner + i]));
    y[i] = one[0] * scale;
  }
}

/** Outer places [from, to), or where there is one of them, its columns [from, to). */
template <Reduction kind>
inline void reduce(const Along& along, const float* x, float* y, float scale, int from, int to) {
  const auto [outer, size, inner] = along;
  if (outer == 1 && inner > 1 && !(width % inner == 0 && size >= width)) {
    reduceColumns<kind>(x, size, inner, from, to, scale, y);
    return;
  }
  const int end = outer == 1 ? 1 : to;
  for (int o = outer == 1 ? 0 : from; o < end; o++) {
    const float* part = x + (long)o * size * inner;
    if (inner == 1) y[o] = reduceRow<kind>(part, size) * scale;
    else if (width % inner == 0 && size >= width) reduceNarrow<kind>(part, size, inner, scale, y + (long)o * inner);
    else reduceColumns<kind>(part, size, inner, 0, inner, scale, y + (long)o * inner);
  }
}

}  // namespace aenb
