import * as tf from '@tensorflow/tfjs';

/**
 * Replaces wasm's kernels for matrix products by ones that transpose an operand first and then multiply plainly.
 * XNNPACK multiplies plain matrices only; the backend computes transposed ones, which every gradient needs, by a
 * naive loop that is 13 to 27 times slower.
 */
export function transposeBeforeMatMul(): void {
  for (const kernelName of ['BatchMatMul', '_FusedMatMul']) {
    const stock = tf.getKernel(kernelName, 'wasm');
    const { kernelFunc: multiply } = stock;
    tf.unregisterKernel(kernelName, 'wasm');
    tf.registerKernel({
      ...stock,
      kernelFunc: ({ inputs, attrs, backend }) => {
        const { transposeA, transposeB } = attrs as unknown as { transposeA: boolean; transposeB: boolean };
        const operands = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
        if (!transposeA && !transposeB) return multiply({ inputs, attrs, backend });
        const a = transposeA ? transposed(operands.a, backend) : operands.a;
        const b = transposeB ? transposed(operands.b, backend) : operands.b;
        const product = multiply({
          inputs: { ...inputs, a, b },
          attrs: { ...attrs, transposeA: false, transposeB: false },
          backend,
        });
        // kernels free what they make themselves: no scope of tf.tidy sees these
        if (a !== operands.a) (backend as tf.KernelBackend).disposeData(a.dataId);
        if (b !== operands.b) (backend as tf.KernelBackend).disposeData(b.dataId);
        return product;
      },
    });
  }
}

/** [..., m, n] to [..., n, m] */
function transposed(x: tf.TensorInfo, backend: object): tf.TensorInfo {
  const rank = x.shape.length;
  const perm = [...Array(rank - 2).keys(), rank - 1, rank - 2];
  const transpose = tf.getKernel('Transpose', 'wasm').kernelFunc;
  return transpose({ inputs: { x }, attrs: { perm }, backend }) as tf.TensorInfo;
}
