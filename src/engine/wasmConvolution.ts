import * as tf from '@tensorflow/tfjs';

interface ConvolutionAttributes {
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number;
  dataFormat: 'NHWC' | 'NCHW';
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  filterShape: [number, number, number, number];
}

/**
 * Gives wasm the gradient of a convolution's filter, which it lacks, so that convolutions train on it.
 *
 * dW[i, j, c, o] = sum over n, y, x of X[n, y s + i, x s + j, c] dY[n, y, x, o], for each tap (i, j) one product of
 * matrices. Made of existing kernels, each intermediate freed when it has been used.
 */
export function addConvolutionFilterGradient(): void {
  tf.registerKernel({
    kernelName: 'Conv2DBackpropFilter',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { x, dy } = inputs as { x: tf.TensorInfo; dy: tf.TensorInfo };
      const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs as unknown as ConvolutionAttributes;
      const run = (name: string, operands: tf.NamedTensorInfoMap, attributes: object) =>
        tf.getKernel(name, 'wasm').kernelFunc({
          inputs: operands,
          attrs: attributes as tf.NamedAttrMap,
          backend,
        }) as tf.TensorInfo;
      const free = (info: tf.TensorInfo) => (backend as tf.KernelBackend).disposeData(info.dataId);

      const format = tf.backend_util.convertConv2DDataFormat(dataFormat);
      const shape = x.shape as [number, number, number, number];
      const { padInfo, outHeight, outWidth, strideHeight, strideWidth } = tf.backend_util.computeConv2DInfo(
        shape,
        filterShape,
        strides,
        1,
        pad,
        dimRoundingMode,
        false,
        format,
      );
      const [filterHeight, filterWidth, channels, filters] = filterShape;
      const positions = shape[0] * outHeight * outWidth;
      const { top, bottom, left, right } = padInfo;
      const paddings = [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ];
      const padded = run('PadV2', { x }, { paddings, constantValue: 0 });
      const gradient = { ...dy, shape: [positions, filters] };
      const taps: tf.TensorInfo[] = [];
      for (let i = 0; i < filterHeight; i++) {
        for (let j = 0; j < filterWidth; j++) {
          const seen = run(
            'StridedSlice',
            { x: padded },
            {
              begin: [0, i, j, 0],
              end: [shape[0], i + (outHeight - 1) * strideHeight + 1, j + (outWidth - 1) * strideWidth + 1, channels],
              strides: [1, strideHeight, strideWidth, 1],
              beginMask: 0,
              endMask: 0,
              ellipsisMask: 0,
              newAxisMask: 0,
              shrinkAxisMask: 0,
            },
          );
          const columns = { ...seen, shape: [positions, channels] };
          taps.push(run('BatchMatMul', { a: columns, b: gradient }, { transposeA: true, transposeB: false }));
          free(seen);
        }
      }
      free(padded);
      const stacked = run('Concat', taps as unknown as tf.NamedTensorInfoMap, { axis: 0 });
      taps.forEach(free);
      return { ...stacked, shape: filterShape };
    },
  });
}
