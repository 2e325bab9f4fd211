/** Square matrices row by row, in 64 bits. */

/**
 * L of the symmetric matrix A = L L^T, lower triangular. Where rounding leaves a pivot that is not positive, the
 * diagonal is raised until there is none. Cost: d^3 / 3.
 */
export function choleskyOf(matrix: Float64Array, d: number): Float64Array {
  let trace = 0;
  for (let i = 0; i < d; i++) trace += matrix[i * d + i];
  for (let raise = 0; ; raise = raise === 0 ? 1e-9 * (trace / d || 1) : raise * 10) {
    const lower = attempt(matrix, d, raise);
    if (lower) return lower;
    if (!(raise < 1e6 * (Math.abs(trace) + 1)))
      throw new Error('the covariance holds values that are no finite numbers');
  }
}

function attempt(matrix: Float64Array, d: number, raise: number): Float64Array | undefined {
  const lower = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * d + j] + (i === j ? raise : 0);
      for (let k = 0; k < j; k++) sum -= lower[i * d + k] * lower[j * d + k];
      if (i !== j) lower[i * d + j] = sum / lower[j * d + j];
      else if (sum > 0) lower[i * d + i] = Math.sqrt(sum);
      else return undefined;
    }
  }
  return lower;
}

/** L^-1 of a lower triangular matrix. Cost: d^3 / 3. */
export function inverseOfLower(lower: Float64Array, d: number): Float64Array {
  const inverse = new Float64Array(d * d);
  for (let column = 0; column < d; column++) {
    inverse[column * d + column] = 1 / lower[column * d + column];
    for (let row = column + 1; row < d; row++) {
      let sum = 0;
      for (let k = column; k < row; k++) sum -= lower[row * d + k] * inverse[k * d + column];
      inverse[row * d + column] = sum / lower[row * d + row];
    }
  }
  return inverse;
}
