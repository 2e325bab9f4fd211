/** Where kernels of tfjs's own backends are wrong. */
import * as tf from '@tensorflow/tfjs';
import { type Attributes, pooling, windowSizes } from './program/index.ts';

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

/**
 * Replaces a backend's gradient of average pooling, which divides by the window's size also where part of the window lies
 * beyond the image; the pooling itself divides by what the window sees.
 */
export function correctAveragePoolGradient(backendName: 'cpu' | 'wasm'): void {
  const kernelName = 'AvgPoolGrad';
  const { kernelFunc: withoutPadding } = tf.getKernel(kernelName, backendName);
  tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { dy, input } = inputs as unknown as Record<'dy' | 'input', tf.TensorInfo>;
      const geometry = pooling(input.shape, attrs as Attributes);
      const size = geometry.filterHeight * geometry.filterWidth;
      const seen = windowSizes(geometry);
      if (seen.every((count) => count === size)) return withoutPadding({ inputs, attrs, backend });
      const own = backend as tf.KernelBackend;
      const channels = input.shape[3];
      const gradient = own.readSync(dy.dataId) as Float32Array;
      const shares = gradient.map((value, i) => (value * size) / seen[Math.floor(i / channels) % seen.length]);
      const dataId = own.write(shares, dy.shape, 'float32');
      const result = withoutPadding({ inputs: { dy: { ...dy, dataId }, input }, attrs, backend });
      own.disposeData(dataId);
      return result;
    },
  });
}

/** For every row (or column) of the result, the one it was copied from. */
function sources(to: number, from: number, alignCorners: boolean): number[] {
  const scale = alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
  const nearest = alignCorners ? Math.round : Math.floor;
  return Array.from({ length: to }, (_, i) => Math.min(from - 1, nearest(i * scale)));
}
