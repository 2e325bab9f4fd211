import * as tf from '@tensorflow/tfjs';

/**
 * Replaces cpu's gradient of nearest-neighbour resizing, which is wrong from the second image of a batch on: every value
 * of the gradient goes back to the pixel that was copied there.
 */
export function correctResizeGradient(): void {
  const kernelName = 'ResizeNearestNeighborGrad';
  tf.unregisterKernel(kernelName, 'cpu');
  tf.registerKernel({
    kernelName,
    backendName: 'cpu',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { images, dy } = inputs as unknown as Record<'images' | 'dy', tf.TensorInfo>;
      const { alignCorners } = attrs as unknown as { alignCorners: boolean };
      const [batch, height, width, channels] = images.shape;
      const [, tall, wide] = dy.shape;
      const gradient = (backend as tf.KernelBackend).readSync(dy.dataId) as Float32Array;
      const sums = new Float32Array(batch * height * width * channels);
      const rows = sources(tall, height, alignCorners);
      const columns = sources(wide, width, alignCorners);
      let next = 0;
      for (let image = 0; image < batch; image++) {
        for (const row of rows) {
          for (const column of columns) {
            const pixel = ((image * height + row) * width + column) * channels;
            for (let channel = 0; channel < channels; channel++) sums[pixel + channel] += gradient[next++];
          }
        }
      }
      const dataId = (backend as tf.KernelBackend).write(sums, images.shape, 'float32');
      return { dataId, shape: images.shape, dtype: 'float32' };
    },
  });
}

/** For every row (or column) of the result, the one it was copied from. */
function sources(to: number, from: number, alignCorners: boolean): number[] {
  const scale = alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
  const nearest = alignCorners ? Math.round : Math.floor;
  return Array.from({ length: to }, (_, i) => Math.min(from - 1, nearest(i * scale)));
}
