// Updates of n weights in place. The same rules as those of ../../simd/assembly/optimizers.ts, where their sources are:
// numbers too small to move a weight are taken for zero, lest averages become denormal.
#pragma once
#include "functions.h"

namespace aenb {

/** Numbered as in operations.ts. */
enum class Optimizer : int32_t { adam, sgd, momentum, rmsprop };

inline Vector withoutTraces(Vector x, Vector least) { return select(absolute(x) < least, Vector{}, x); }

/** @param rate, epsilon with the corrections of the bias (Adam) */
inline void update(Optimizer kind, long n, float* w, float* first, float* second, const float* g, float rate, float epsilon) {
  const Vector rates = splat(rate), epsilons = splat(epsilon);
  const Vector least = splat(1e-34f), leastGradient = splat(1e-15f);
  auto at = [&](long i, auto load, auto store) {
    switch (kind) {
      case Optimizer::adam: {
        Vector gradient = withoutTraces(load(g + i), leastGradient);
        Vector mean = load(first + i), square = load(second + i);
        mean = withoutTraces(mean + (gradient - mean) * splat(0.1f), least);
        square = withoutTraces(square + (gradient * gradient - square) * splat(0.001f), least);
        store(first + i, mean);
        store(second + i, square);
        // the root of zero is zero, and of numbers near infinity it does not matter
        Vector root = select(square > Vector{}, square * reciprocalRoot(square), square);
        store(w + i, load(w + i) - mean * rates * reciprocal(root + epsilons));
        return;
      }
      case Optimizer::sgd:
        store(w + i, load(w + i) - load(g + i) * rates);
        return;
      case Optimizer::momentum: {
        Vector velocity = withoutTraces(load(first + i) * splat(0.9f) + load(g + i), least);
        store(first + i, velocity);
        store(w + i, load(w + i) - velocity * rates);
        return;
      }
      case Optimizer::rmsprop: {
        Vector gradient = withoutTraces(load(g + i), leastGradient);
        Vector square = load(first + i);
        square = withoutTraces(square + (gradient * gradient - square) * splat(0.1f), least);
        store(first + i, square);
        store(w + i, load(w + i) - gradient * rates / squareRoot(square + epsilons));
        return;
      }
    }
  };
  long i = 0;
  for (; i + width <= n; i += width) at(i, load, store);
  const int rest = (int)(n - i);
  if (rest > 0)
    at(i, [=](const float* from) { return loadPart(from, rest); }, [=](float* to, Vector x) { storePart(to, x, rest); });
}

}  // namespace aenb
