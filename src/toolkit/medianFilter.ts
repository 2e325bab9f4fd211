import { type Dataset, isDataset } from './dataset.ts';
import { NdArray, type PlainSamples, toPlain, volume } from './ndarray.ts';
import { checkPositiveInteger, show } from './validate.ts';

/**
 * Every pixel becomes the median of the square around it: the baseline for networks that take noise away, and the right
 * tool against salt and pepper. Beyond the edges the nearest pixel counts.
 *
 * @param x images, [n, …], or a data set of images
 * @param options.size side of the square in pixels, odd; default 3
 * @param options.imageShape [height, width, channels]; needed where x is no data set of images
 * @returns as x
 */
export function medianFilter(
  x: PlainSamples | Dataset,
  options: { size?: number; imageShape?: readonly [number, number, number] } = {},
): NdArray {
  const images = isDataset(x) ? x.x : toPlain('medianFilter', x);
  const shape = options.imageShape ?? (isDataset(x) ? x.imageShape : undefined) ?? squareShape(images);
  const size = checkPositiveInteger('size', options.size ?? 3);
  if (size % 2 === 0) throw new RangeError(`size must be odd, got ${size}`);
  if (volume(shape) * images.length !== images.data.length) {
    throw new RangeError(`imageShape must have as many pixels as the samples have values, got ${show(shape)}`);
  }
  const [height, width, channels] = shape;
  const out = new Float32Array(images.data.length);
  const square = new Float64Array(size * size);
  const half = (size - 1) / 2;
  const inside = (index: number, limit: number) => Math.max(0, Math.min(limit - 1, index));
  for (let i = 0; i < images.length; i++) {
    const image = images.row(i);
    const target = out.subarray(i * image.length);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        for (let channel = 0; channel < channels; channel++) {
          let next = 0;
          for (let dy = -half; dy <= half; dy++) {
            const line = inside(row + dy, height) * width;
            for (let dx = -half; dx <= half; dx++) {
              square[next++] = image[(line + inside(column + dx, width)) * channels + channel];
            }
          }
          square.sort();
          target[(row * width + column) * channels + channel] = square[(square.length - 1) / 2];
        }
      }
    }
  }
  return new NdArray(out, images.shape);
}

function squareShape(images: NdArray): readonly [number, number, number] {
  const side = Math.sqrt(images.data.length / images.length);
  if (!Number.isInteger(side)) {
    throw new RangeError(
      `imageShape must say [height, width, channels]: ${images.data.length / images.length} values make no square`,
    );
  }
  return [side, side, 1];
}
