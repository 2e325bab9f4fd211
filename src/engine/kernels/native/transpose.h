// Small squares of numbers, rows to columns.
#pragma once
#include "vector.h"

namespace aenb {

#if defined(__AVX__)
// Each of these works on four floats after four floats: the first two of a and b or the last two, one by one or in pairs.
#if defined(__AVX512F__)
inline Vector firstFloats(Vector a, Vector b) { return (Vector)_mm512_unpacklo_ps((__m512)a, (__m512)b); }
inline Vector lastFloats(Vector a, Vector b) { return (Vector)_mm512_unpackhi_ps((__m512)a, (__m512)b); }
inline Vector firstPairs(Vector a, Vector b) { return (Vector)_mm512_unpacklo_pd((__m512d)a, (__m512d)b); }
inline Vector lastPairs(Vector a, Vector b) { return (Vector)_mm512_unpackhi_pd((__m512d)a, (__m512d)b); }
#else
inline Vector firstFloats(Vector a, Vector b) { return (Vector)_mm256_unpacklo_ps((__m256)a, (__m256)b); }
inline Vector lastFloats(Vector a, Vector b) { return (Vector)_mm256_unpackhi_ps((__m256)a, (__m256)b); }
inline Vector firstPairs(Vector a, Vector b) { return (Vector)_mm256_unpacklo_pd((__m256d)a, (__m256d)b); }
inline Vector lastPairs(Vector a, Vector b) { return (Vector)_mm256_unpackhi_pd((__m256d)a, (__m256d)b); }
#endif
#endif

/** width x width numbers, rows to columns. */
inline void transpose(const float* from, long fromRow, float* to, long toRow) {
#if defined(__AVX__)
  Vector r[width], s[width];
#pragma GCC unroll 16
  for (int i = 0; i < width; i++) r[i] = load(from + i * fromRow);
#pragma GCC unroll 16
  for (int i = 0; i < width; i += 2) {
    s[i] = firstFloats(r[i], r[i + 1]);
    s[i + 1] = lastFloats(r[i], r[i + 1]);
  }
#pragma GCC unroll 16
  for (int i = 0; i < width; i += 4)
#pragma GCC unroll 2
    for (int j = 0; j < 2; j++) {
      r[i + 2 * j] = firstPairs(s[i + j], s[i + j + 2]);
      r[i + 2 * j + 1] = lastPairs(s[i + j], s[i + j + 2]);
    }
  // r[4 p + q] now holds columns q, q + 4, ... of rows 4 p to 4 p + 3
#pragma GCC unroll 4
  for (int q = 0; q < 4; q++) {
#if defined(__AVX512F__)
    const __m512 a = (__m512)r[q], b = (__m512)r[4 + q], c = (__m512)r[8 + q], d = (__m512)r[12 + q];
    const __m512 evenUpper = _mm512_shuffle_f32x4(a, b, 0x88), oddUpper = _mm512_shuffle_f32x4(a, b, 0xdd);
    const __m512 evenLower = _mm512_shuffle_f32x4(c, d, 0x88), oddLower = _mm512_shuffle_f32x4(c, d, 0xdd);
    store(to + q * toRow, (Vector)_mm512_shuffle_f32x4(evenUpper, evenLower, 0x88));
    store(to + (4 + q) * toRow, (Vector)_mm512_shuffle_f32x4(oddUpper, oddLower, 0x88));
    store(to + (8 + q) * toRow, (Vector)_mm512_shuffle_f32x4(evenUpper, evenLower, 0xdd));
    store(to + (12 + q) * toRow, (Vector)_mm512_shuffle_f32x4(oddUpper, oddLower, 0xdd));
#else
    const __m256 a = (__m256)r[q], b = (__m256)r[4 + q];
    store(to + q * toRow, (Vector)_mm256_permute2f128_ps(a, b, 0x20));
    store(to + (4 + q) * toRow, (Vector)_mm256_permute2f128_ps(a, b, 0x31));
#endif
  }
#else
  for (int i = 0; i < width; i++)
    for (int j = 0; j < width; j++) to[j * toRow + i] = from[i * fromRow + j];
#endif
}

}  // namespace aenb
