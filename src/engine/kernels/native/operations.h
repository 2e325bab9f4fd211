// What a plan consists of. Each operation is divided into pieces that may run at the same time; how it is divided does not
// change a bit of what it computes.
#pragma once
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "convolution.h"
#include "expression.h"
#include "optimizers.h"
#include "pooling.h"
#include "product.h"
#include "reductions.h"

namespace aenb {

struct Operation {
  /** Pieces, at least one. */
  int pieces = 1;
  virtual ~Operation() = default;
  /** Floats that `run` needs besides. */
  virtual long scratch() const { return 0; }
  virtual void run(int piece, float* scratch) const = 0;
};

/** Part `i` of `count` parts of [0, n), on multiples of `unit`. */
struct Part {
  int begin, end;
  Part(int n, int i, int count, int unit = 1) {
    const long units = (n + unit - 1) / unit;
    begin = (int)std::min<long>(n, units * i / count * unit);
    end = (int)std::min<long>(n, units * (i + 1) / count * unit);
  }
};

inline int between(long least, long x, long most) { return (int)std::max(least, std::min(x, most)); }

/** Weights, and what an optimizer remembers of them. */
struct Learning {
  Optimizer kind;
  float *w, *first, *second;
  /** Rate and epsilon. */
  const float* settings;

  void operator()(long from, long count, const float* gradient) const {
    update(kind, count, w + from, first + from, second + from, gradient, settings[0], settings[1]);
  }
};

/**
 * C = A B, and what is done to every element of C. Where C is the gradient of weights and nobody else wants it, these learn
 * from it at once, and it does not leave the cache.
 */
struct Product : Operation {
  Matrices matrices;
  Expression after;
  std::optional<Learning> learning;
  int down = 1, across = 1;

  /** Floats of a gradient that are learned from at a time. */
  static constexpr int learnedAtOnce = 1 << 16;

  void divide(int threads) {
    const auto& m = matrices;
    const double work = (double)m.rows * m.columns * m.depth;
    const long wanted = between(1, (long)(work / 3e5), 4L * threads);
    const int bands = (m.rows + 8 * tileRows - 1) / (8 * tileRows);
    const int panels = (m.columns + tileColumns - 1) / tileColumns;
    // rows of A lie as they are used where its columns are beside each other; else they are packed, once for every piece
    if (m.aColumn == 1 && !learning) {
      across = between(1, wanted, panels);
      down = between(1, wanted / across, bands);
    } else {
      down = between(1, wanted, bands);
      across = between(1, wanted / down, panels);
    }
    pieces = down * across;
  }
  int learnedRows() const { return roundUp(std::max(1, learnedAtOnce / matrices.columns), tileRows); }
  long scratch() const override {
    return productScratch + after.scratch() + (learning ? (long)learnedRows() * matrices.columns : 0);
  }
  void run(int piece, float* scratch) const override {
    const Part rows(matrices.rows, piece / across, down, tileRows);
    const Part columns(matrices.columns, piece % across, across, tileColumns);
    if (learning) return learn(rows, columns, scratch);
    multiply(matrices, rows.begin, rows.end, columns.begin, columns.end, scratch);
    if (!after.empty()) after.run(rows.begin, rows.end, columns.begin, columns.end, scratch);
  }
  void learn(const Part& rows, const Part& columns, float* scratch) const {
    const long width = matrices.columns;
    float* gradient = scratch + productScratch;
    for (int row = rows.begin; row < rows.end; row += learnedRows()) {
      const int count = std::min(learnedRows(), rows.end - row);
      Matrices part = matrices;
      part.rows = count;
      part.a += row * part.aRow;
      part.c = gradient;
      multiply(part, 0, count, columns.begin, columns.end, scratch);
      if (columns.end - columns.begin == width) {
        (*learning)(row * width, count * width, gradient);
        continue;
      }
      for (int i = 0; i < count; i++)
        (*learning)((row + i) * width + columns.begin, columns.end - columns.begin, gradient + i * width + columns.begin);
    }
  }
};

struct Elements : Operation {
  Expression expression;

  void divide(int threads) {
    const long count = (long)expression.rows * expression.columns * (long)expression.steps.size();
    pieces = between(1, count / 16384, 4L * threads);
    pieces = std::min(pieces, expression.rows > 1 ? expression.rows : (expression.columns + width - 1) / width);
  }
  long scratch() const override { return expression.scratch(); }
  void run(int piece, float* scratch) const override {
    const auto& e = expression;
    if (e.rows > 1) {
      const Part rows(e.rows, piece, pieces);
      e.run(rows.begin, rows.end, 0, e.columns, scratch);
    } else {
      const Part columns(e.columns, piece, pieces, 64);
      e.run(0, 1, columns.begin, columns.end, scratch);
    }
  }
};

struct Reduce : Operation {
  Reduction kind;
  Along along;
  const float* x;
  float* y;
  float scale;

  void divide(int threads) {
    const long count = (long)along.outer * along.size * along.inner;
    const int places = along.outer == 1 ? (along.inner + 63) / 64 : along.outer;
    pieces = between(1, std::min<long>(places, count / 8192), 4L * threads);
  }
  void run(int piece, float*) const override {
    const Part part = along.outer == 1 ? Part(along.inner, piece, pieces, 64) : Part(along.outer, piece, pieces);
    switch (kind) {
      case Reduction::sum: return reduce<Reduction::sum>(along, x, y, scale, part.begin, part.end);
      case Reduction::product: return reduce<Reduction::product>(along, x, y, scale, part.begin, part.end);
      case Reduction::maximum: return reduce<Reduction::maximum>(along, x, y, scale, part.begin, part.end);
      case Reduction::minimum: return reduce<Reduction::minimum>(along, x, y, scale, part.begin, part.end);
    }
  }
};

/** Elements to other places, axis by axis. */
struct Copy : Operation {
  static constexpr int axes = 6;
  std::array<int, axes> shape;
  std::array<long, axes> from, to;
  const float* x;
  float* y;

  void divide(int threads) {
    long count = 1;
    for (int size : shape) count *= size;
    pieces = between(1, std::min<long>(shape[0], count / 8192), 4L * threads);
  }
  void run(int piece, float*) const override {
    const Part outer(shape[0], piece, pieces);
    for (int a = outer.begin; a < outer.end; a++)
      for (int b = 0; b < shape[1]; b++)
        for (int c = 0; c < shape[2]; c++)
          for (int d = 0; d < shape[3]; d++)
            for (int e = 0; e < shape[4]; e++) {
              const float* source = x + a * from[0] + b * from[1] + c * from[2] + d * from[3] + e * from[4];
              float* target = y + a * to[0] + b * to[1] + c * to[2] + d * to[3] + e * to[4];
              if (from[5] == 1 && to[5] == 1) std::memcpy(target, source, sizeof(float) * shape[5]);
              else for (int f = 0; f < shape[5]; f++) target[f * to[5]] = source[f * from[5]];
            }
  }
};

/** Pieces of samples, each with so much work. */
inline int samplePieces(int batch, double work, int threads) {
  return between(1, std::min<long>(batch, (long)(work / 1e5)), 4L * threads);
}

/** Lays out a filter, once for all samples. */
struct PrepareFilter : Operation {
  Geometry geometry;
  bool forGradient;
  const float* filter;
  float* prepared;

  void divide(int) {}
  void run(int, float*) const override {
    if (forGradient) prepareGradientFilter(geometry, filter, prepared);
    else prepareFilter(geometry, filter, prepared);
  }
};

/** A convolution or the gradient of its input, and what is done to every element of the result. */
struct Convolution : Operation {
  Geometry geometry;
  bool isGradient;
  const float *x, *prepared;
  float* y;
  Expression after;

  void divide(int threads) {
    const auto& g = geometry;
    const double work = (double)g.batch * g.outHeight * g.outWidth * g.filterHeight * g.filterWidth * g.inChannels * g.outChannels;
    pieces = samplePieces(g.batch, work, threads);
  }
  long scratch() const override { return std::max(convolveScratch(geometry), after.scratch()); }
  void run(int piece, float* scratch) const override {
    const Part samples(geometry.batch, piece, pieces);
    if (isGradient) convolveInputGradient(geometry, x, prepared, y, samples.begin, samples.end, scratch);
    else convolve(geometry, x, prepared, y, samples.begin, samples.end, scratch);
    if (!after.empty()) after.runSamples(geometry.batch, samples.begin, samples.end, scratch);
  }
};

/** Parts of the gradient of a filter, each over some of the samples; they do not depend on the number of threads. */
struct FilterGradient : Operation {
  Geometry geometry;
  const float *x, *dy;
  /** [parts, filter] */
  float* partial;
  int parts;

  void divide(int) { pieces = parts; }
  long scratch() const override { return convolveScratch(geometry); }
  void run(int piece, float* scratch) const override {
    const auto& g = geometry;
    const long size = (long)g.filterHeight * g.filterWidth * g.inChannels * g.outChannels;
    const Part samples(g.batch, piece, pieces);
    convolveFilterGradient(g, x, dy, partial + piece * size, samples.begin, samples.end, scratch);
  }
};

/** Numbered as in operations.ts. */
enum class Pooling : int32_t { maximum, maximumGradient, average, averageGradient };

struct Pool : Operation {
  Geometry geometry;
  Pooling kind;
  /** Gradients need all of the input, the result and its gradient. */
  const float *x, *y, *dy;
  float* output;

  void divide(int threads) {
    const auto& g = geometry;
    pieces = samplePieces(g.batch, 4.0 * g.batch * g.inHeight * g.inWidth * g.inChannels, threads);
  }
  void run(int piece, float*) const override {
    const Part samples(geometry.batch, piece, pieces);
    const auto [begin, end] = samples;
    switch (kind) {
      case Pooling::maximum: return maxPool(geometry, x, output, begin, end);
      case Pooling::maximumGradient: return maxPoolGradient(geometry, dy, x, y, output, begin, end);
      case Pooling::average: return averagePool(geometry, x, output, begin, end);
      case Pooling::averageGradient: return averagePoolGradient(geometry, dy, output, begin, end);
    }
  }
};

/** Every place of images repeated, or the sum over what became of it. */
struct Enlarge : Operation {
  Enlargement enlargement;
  int batch;
  bool isGradient;
  const float* x;
  float* y;

  void divide(int threads) {
    const auto& e = enlargement;
    pieces = samplePieces(batch, 4.0 * batch * e.height * e.width * e.channels * e.down * e.across, threads);
  }
  void run(int piece, float*) const override {
    const Part samples(batch, piece, pieces);
    if (isGradient) resizeNearestGradient(enlargement, x, y, samples.begin, samples.end);
    else resizeNearest(enlargement, x, y, samples.begin, samples.end);
  }
};

/** Rows of data that lies outside, in an order. */
struct Source {
  const float* values = nullptr;
  const uint32_t* order = nullptr;
  long start = 0;
};

struct Gather : Operation {
  const Source* source;
  float* y;
  int rows, columns;

  void divide(int threads) { pieces = between(1, std::min<long>(rows, (long)rows * columns / 8192), 4L * threads); }
  void run(int piece, float*) const override {
    const Part part(rows, piece, pieces);
    const auto row = [&](long i) {
      return source->values + (source->order ? source->order[source->start + i] : source->start + i) * (long)columns;
    };
    for (long i = part.begin; i < part.end; i++) {
      // rows lie anywhere: the next one is on its way while this one is copied
      if (i + 1 < part.end)
        for (int line = 0; line < columns; line += 16) __builtin_prefetch(row(i + 1) + line);
      std::memcpy(y + i * columns, row(i), sizeof(float) * columns);
    }
  }
};

/** A step of the optimizer. */
struct Update : Operation {
  Learning learning;
  long count;
  const float* gradient;

  void divide(int threads) { pieces = between(1, count / 16384, 4L * threads); }
  void run(int piece, float*) const override {
    const Part part((int)count, piece, pieces, 64);
    learning(part.begin, part.end - part.begin, gradient + part.begin);
  }
};

}  // namespace aenb
