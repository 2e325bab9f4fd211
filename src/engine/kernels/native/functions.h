// Functions of vectors, within a few units in the last place. What is not a number stays so.
#pragma once
#include "vector.h"

namespace aenb {

constexpr float infinity = __builtin_inff();

inline Vector maximum(Vector a, Vector b) { return select((a > b) | (a != a), a, b); }
inline Vector minimum(Vector a, Vector b) { return select((a < b) | (a != a), a, b); }
inline Vector absolute(Vector x) { return bitsToFloats(floatsToBits(x) & 0x7fffffff); }
inline Vector onesWhere(Mask where) { return select(where, splat(1), Vector{}); }
/** x with the sign of y. */
inline Vector withSign(Vector x, Vector y) {
  return bitsToFloats((floatsToBits(x) & 0x7fffffff) | (floatsToBits(y) & (int32_t)0x80000000));
}

inline Vector squareRoot(Vector x) {
  for (int i = 0; i < width; i++) x[i] = __builtin_sqrtf(x[i]);
  return x;
}

/** 2^n r for x = n ln 2 + r; zero instead of denormal numbers. Coefficients: Taylor's, on |r| <= ln(2) / 2. */
inline Vector exponential(Vector x) {
  Vector bounded = select(x > splat(88.8f), splat(88.8f), select(x < splat(-88.8f), splat(-88.8f), x));
  const Vector half = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to whole numbers
  Vector n = (bounded * splat(1.44269504f) + half) - half;
  Vector r = (bounded - n * splat(0.693359375f)) + n * splat(2.12194440e-4f);
  Vector p = splat(1.3888889e-3f);
  p = p * r + splat(8.3333333e-3f);
  p = p * r + splat(4.1666667e-2f);
  p = p * r + splat(0.16666667f);
  p = p * r + splat(0.5f);
  p = p * r * r + r + splat(1.0f);
  // in two factors, since 2^128 is no float
  Mask power = __builtin_convertvector(n, Mask);
  Mask first = power >> 1;
  p = p * bitsToFloats((first + 127) << 23) * bitsToFloats((power - first + 127) << 23);
  p = select(x > splat(88.72284f), splat(infinity), p);
  return select(x < splat(-87.33655f), Vector{}, p);
}

/** 2 artanh((m - 1) / (m + 1)) + e ln 2 for x = m 2^e, m in [sqrt(1/2), sqrt(2)). */
inline Vector logarithm(Vector x) {
  Mask tiny = x < splat(1.17549435e-38f);
  Vector scaled = select(tiny, x * splat(8388608.0f), x);
  Mask offset = floatsToBits(scaled) - 0x3f3504f3;
  Mask exponent = offset >> 23;
  Vector mantissa = bitsToFloats(floatsToBits(scaled) - (exponent << 23));
  Vector f = mantissa - splat(1.0f);
  Vector t = f / (mantissa + splat(1.0f));
  Vector square = t * t;
  Vector p = splat(0.22222222f);
  p = p * square + splat(0.28571429f);
  p = p * square + splat(0.4f);
  p = p * square + splat(0.66666667f);
  Vector e = __builtin_convertvector(exponent, Vector) - select(tiny, splat(23.0f), Vector{});
  Vector result = (p * square * t + splat(2.0f) * t) + e * splat(0.69314718f);
  result = select(x == splat(infinity), x, result);
  result = select(x == Vector{}, splat(-infinity), result);
  return select((x < Vector{}) | (x != x), splat(__builtin_nanf("")), result);
}

inline Vector sigmoid(Vector x) { return splat(1.0f) / (splat(1.0f) + exponential(-x)); }

/** By the exponential, and near zero by a polynomial (Cephes). */
inline Vector hyperbolicTangent(Vector x) {
  Vector size = absolute(x);
  Vector e = exponential(splat(-2.0f) * size);
  Vector far = withSign((splat(1.0f) - e) / (splat(1.0f) + e), x);
  Vector square = x * x;
  Vector p = splat(-5.70498872745e-3f);
  p = p * square + splat(2.06390887954e-2f);
  p = p * square + splat(-5.37397155531e-2f);
  p = p * square + splat(1.33314422036e-1f);
  p = p * square + splat(-3.33332819422e-1f);
  return select(size < splat(0.625f), p * square * x + x, select(x != x, x, far));
}

/** log(1 + x), also where x is small (Goldberg 1991, theorem 4). */
inline Vector logarithmOfOneAnd(Vector x) {
  Vector one = splat(1.0f), sum = one + x, difference = sum - one;
  Vector close = logarithm(sum) * x / select(difference == Vector{}, one, difference);
  return select(sum == one, x, select(sum == splat(infinity), sum, close));
}

/** log(1 + e^x): max(x, 0) + log(1 + u) for u = e^-|x| in [0, 1], which is 2 artanh(u / (2 + u)), by its series. */
inline Vector softplus(Vector x) {
  Vector u = exponential(-absolute(x));
  Vector t = u / (splat(2.0f) + u);
  Vector square = t * t;
  Vector p = splat(2.0f / 13);
  p = p * square + splat(2.0f / 11);
  p = p * square + splat(2.0f / 9);
  p = p * square + splat(2.0f / 7);
  p = p * square + splat(2.0f / 5);
  p = p * square + splat(2.0f / 3);
  p = p * square + splat(2.0f);
  return maximum(x, Vector{}) + p * t;
}

}  // namespace aenb
