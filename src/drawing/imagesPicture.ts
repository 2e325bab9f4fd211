import type { ImagesPayload } from '../renderers/images/payload.ts';
import {
  type Atlas,
  type Context,
  drawTile,
  fitText,
  font,
  levelsToRgba,
  type MakeCanvas,
  makeAtlas,
} from './canvas.ts';
import type { Theme } from './theme.ts';

export interface ImagesLayout {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly tile: { readonly width: number; readonly height: number };
  readonly places: readonly { readonly x: number; readonly y: number }[];
}

const gap = 4;
const captionHeight = 18;

export function layOutImages(payload: ImagesPayload, width: number, ratio: number): ImagesLayout {
  const [imageHeight, imageWidth] = payload.imageShape;
  const least = payload.count > 60 ? 32 : payload.count > 24 ? 44 : 60;
  const most = Math.max(96, Math.min(imageWidth, 256));
  const fitting = Math.max(1, Math.floor((width + gap) / (least + gap)));
  const columns = payload.columns ?? Math.max(1, Math.min(payload.count, fitting));
  const room = (width - (columns - 1) * gap) / columns;
  const whole = (Math.floor((Math.min(most, room) * ratio) / imageWidth) * imageWidth) / ratio;
  const tileWidth = whole >= Math.min(most, room) * 0.72 ? whole : Math.max(1, Math.min(most, room));
  const tile = { width: tileWidth, height: (tileWidth * imageHeight) / imageWidth };
  const rowHeight = tile.height + gap + (payload.titles ? captionHeight : 0);
  const places = Array.from({ length: payload.count }, (_, i) => ({
    x: (i % columns) * (tile.width + gap),
    y: Math.floor(i / columns) * rowHeight,
  }));
  return { width, height: Math.ceil(Math.ceil(payload.count / columns) * rowHeight), columns, tile, places };
}

export function prepareImages(payload: ImagesPayload, make: MakeCanvas): Atlas {
  const [height, width, channels] = payload.imageShape;
  const size = height * width * channels;
  return makeAtlas(make, payload.count, { width, height }, (i, rgba) =>
    levelsToRgba((index) => payload.pixels[index]!, channels, i * size, rgba),
  );
}

export function paintImages(
  context: Context,
  payload: ImagesPayload,
  atlas: Atlas,
  layout: ImagesLayout,
  theme: Theme,
  active?: number,
): void {
  const [height, width] = payload.imageShape;
  context.font = font(theme, theme.fontSize - 1);
  context.textAlign = 'center';
  context.textBaseline = 'top';
  layout.places.forEach(({ x, y }, i) => {
    drawTile(context, atlas, i, { width, height }, { x, y, ...layout.tile });
    const title = payload.titles?.[i];
    if (title) {
      context.fillStyle = theme.muted;
      const middle = x + layout.tile.width / 2;
      context.fillText(fitText(context, title, layout.tile.width + gap - 2), middle, y + layout.tile.height + 3);
    }
    if (i === active) {
      context.strokeStyle = theme.focus;
      context.lineWidth = 2;
      context.strokeRect(x + 1, y + 1, layout.tile.width - 2, layout.tile.height - 2);
    }
  });
}
