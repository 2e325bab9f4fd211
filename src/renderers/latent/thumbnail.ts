import { type Context, paintLevels, pixelsOf } from '../../drawing/canvas.ts';
import type { Theme } from '../../drawing/theme.ts';
import { makeCanvas } from '../shared/elements.ts';
import type { Thumbnails } from './payload.ts';

/** What a thumbnail is: a small picture, or a line through its values. */
export type ThumbnailShape = Pick<Thumbnails, 'form' | 'imageShape'>;

/** Width of a thumbnail as a share of its height. */
export function proportion({ form, imageShape: [height, width] }: ThumbnailShape): number {
  return form === 'line' ? 1.8 : Math.min(4, Math.max(0.25, width / height));
}

/** Paints thumbnail `index` of a list of levels into a rectangle. */
export function paintThumbnail(
  context: Context,
  { form, imageShape }: ThumbnailShape,
  levels: Uint8Array,
  index: number,
  to: { x: number; y: number; width: number; height: number },
  theme: Theme,
): void {
  const [height, width, channels] = imageShape;
  const size = height * width * channels;
  if (form === 'line') {
    context.strokeStyle = theme.palette[0]!;
    context.lineWidth = 1.25;
    context.lineJoin = 'round';
    context.beginPath();
    for (let i = 0; i < size; i++) {
      const x = to.x + 1 + ((to.width - 2) * i) / Math.max(1, size - 1);
      const y = to.y + to.height - 2 - ((to.height - 4) * levels[index * size + i]!) / 255;
      if (i) context.lineTo(x, y);
      else context.moveTo(x, y);
    }
    context.stroke();
    return;
  }
  const tile = makeCanvas(width, height);
  const own = tile.getContext('2d')!;
  const image = own.createImageData(width, height);
  paintLevels(levels, channels, index * size, pixelsOf(image));
  own.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(tile, to.x, to.y, to.width, to.height);
}
