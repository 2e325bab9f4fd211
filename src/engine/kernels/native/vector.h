// Vectors of floats as wide as the processor that a variant is compiled for, in GCC's and Clang's notation.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#if defined(__AVX__)
#include <immintrin.h>
#endif

namespace aenb {

#if defined(__AVX512F__)
constexpr int width = 16;
#elif defined(__AVX__)
constexpr int width = 8;
#else
constexpr int width = 4;
#endif

typedef float Vector __attribute__((vector_size(4 * width)));
typedef int32_t Mask __attribute__((vector_size(4 * width)));

inline Vector load(const float* from) {
  Vector x;
  std::memcpy(&x, from, sizeof x);
  return x;
}

inline void store(float* to, Vector x) { std::memcpy(to, &x, sizeof x); }

/** x in every place. (0 + x would be an addition, since it turns -0 into 0; x - 0 is none.) */
inline Vector splat(float x) { return x - Vector{}; }

inline Vector bitsToFloats(Mask bits) {
  Vector x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

inline Mask floatsToBits(Vector x) {
  Mask bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

/** a where the mask is set, b elsewhere. */
inline Vector select(Mask where, Vector a, Vector b) { return where ? a : b; }

/** 1 / sqrt(x) for x > 0, but for the last bit or two; quicker than a root and a division where the processor has estimates. */
inline Vector reciprocalRoot(Vector x) {
#if defined(__AVX512F__)
  const Vector y = (Vector)_mm512_rsqrt14_ps((__m512)x);
#elif defined(__AVX__)
  const Vector y = (Vector)_mm256_rsqrt_ps((__m256)x);
#else
  Vector y;
  for (int i = 0; i < width; i++) y[i] = 1.0f / __builtin_sqrtf(x[i]);
  return y;
#endif
#if defined(__AVX__)
  // one step of Newton's method
  return y * (splat(1.5f) - splat(0.5f) * x * y * y);
#endif
}

/** 1 / x for x > 0, likewise. */
inline Vector reciprocal(Vector x) {
#if defined(__AVX512F__)
  const Vector y = (Vector)_mm512_rcp14_ps((__m512)x);
  return y * (splat(2.0f) - x * y);
#elif defined(__AVX__)
  const Vector y = (Vector)_mm256_rcp_ps((__m256)x);
  return y * (splat(2.0f) - x * y);
#else
  return splat(1.0f) / x;
#endif
}

#if defined(__AVX512F__)
inline __mmask16 first(int count) { return (__mmask16)((1u << count) - 1); }
#elif defined(__AVX__)
inline __m256i first(int count) {
  static const int32_t marks[2 * width] = {-1, -1, -1, -1, -1, -1, -1, -1};
  return _mm256_loadu_si256((const __m256i*)(marks + width - count));
}
#endif

/** The first `count` floats, fewer than a vector has; the rest is zero. */
inline Vector loadPart(const float* from, int count) {
#if defined(__AVX512F__)
  return (Vector)_mm512_maskz_loadu_ps(first(count), from);
#elif defined(__AVX__)
  return (Vector)_mm256_maskload_ps(from, first(count));
#else
  Vector x = {};
  std::memcpy(&x, from, count * sizeof(float));
  return x;
#endif
}

inline void storePart(float* to, Vector x, int count) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(to, first(count), (__m512)x);
#elif defined(__AVX__)
  _mm256_maskstore_ps(to, first(count), (__m256)x);
#else
  std::memcpy(to, &x, count * sizeof(float));
#endif
}

/** The least multiple of `unit` that is not less than n. */
constexpr int roundUp(int n, int unit) { return (n + unit - 1) / unit * unit; }

}  // namespace aenb
