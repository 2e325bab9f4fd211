import type { ImageScale, ImagesPayload } from '../renderers/images/payload.ts';
import {
  type Atlas,
  type Context,
  drawTile,
  fitText,
  font,
  frameTile,
  type MakeCanvas,
  makeAtlas,
  paintLevels,
} from './canvas.ts';
import { divergingPixels, errorPixels } from './colourScale.ts';
import type { Theme } from './theme.ts';

export interface ImagesLayout {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  /** Room for the names of rows at the left and the headings of columns above. */
  readonly gutter: number;
  readonly head: number;
  readonly gap: number;
  readonly tile: { readonly width: number; readonly height: number };
  readonly places: readonly { readonly x: number; readonly y: number }[];
}

const captionHeight = 18;
const headHeight = 18;
const gutterWidth = 74;

/**
 * @param width room there is; a grid of given columns becomes wider when it is zoomed
 * @param ratio device pixels per CSS pixel, so that a picture's pixels can all be of one size
 * @param zoom how much larger than usual every picture is drawn
 */
export function layOutImages(payload: ImagesPayload, width: number, ratio: number, zoom = 1): ImagesLayout {
  const [imageHeight, imageWidth] = payload.imageShape;
  const gap = payload.tight ? 0 : 4;
  const gutter = payload.rowTitles && payload.columns ? gutterWidth : 0;
  const head = payload.columnTitles && payload.columns ? headHeight : 0;
  const least = (payload.count > 60 ? 32 : payload.count > 24 ? 44 : 60) * zoom;
  const most = (payload.tight ? 36 : Math.max(96, Math.min(imageWidth, 256))) * zoom;
  const fitting = Math.max(1, Math.floor((width - gutter + gap) / (least + gap)));
  const columns = payload.columns ?? Math.max(1, Math.min(payload.count, fitting));
  const room = ((width - gutter - (columns - 1) * gap) / columns) * (payload.columns ? zoom : 1);
  const whole = (Math.floor((Math.min(most, room) * ratio) / imageWidth) * imageWidth) / ratio;
  const tileWidth = whole >= Math.min(most, room) * 0.72 ? whole : Math.max(1, Math.min(most, room));
  const tile = { width: tileWidth, height: (tileWidth * imageHeight) / imageWidth };
  const rowHeight = tile.height + gap + (payload.titles ? captionHeight : 0);
  const places = Array.from({ length: payload.count }, (_, i) => ({
    x: gutter + (i % columns) * (tile.width + gap),
    y: head + Math.floor(i / columns) * rowHeight,
  }));
  return {
    width: Math.max(width, Math.ceil(gutter + columns * (tile.width + gap) - gap)),
    height: Math.ceil(head + Math.ceil(payload.count / columns) * rowHeight),
    columns,
    gutter,
    head,
    gap,
    tile,
    places,
  };
}

export function prepareImages(payload: ImagesPayload, make: MakeCanvas): Atlas {
  const [height, width, channels] = payload.imageShape;
  const size = height * width * channels;
  const { scales, pixels } = payload;
  return makeAtlas(make, payload.count, { width, height }, (i, tile) => {
    const row = Math.floor(i / (payload.columns ?? payload.count));
    const scale = scales[row % scales.length] ?? 'plain';
    if (scale === 'plain') paintLevels(pixels, channels, i * size, tile);
    else paintScale(scale, pixels.subarray(i * size, (i + 1) * size), channels, tile);
  });
}

/** Of colours, the first channel counts. */
function paintScale(scale: ImageScale, levels: Uint8Array, channels: number, pixels: Uint32Array): void {
  const colours = scale === 'error' ? errorPixels : divergingPixels;
  for (let p = 0; p < pixels.length; p++) pixels[p] = colours[levels[p * channels]!]!;
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
  const { tile, gap, gutter, head, columns, places } = layout;
  context.font = font(theme, theme.fontSize - 1);
  context.textAlign = 'center';
  context.textBaseline = 'top';
  places.forEach(({ x, y }, i) => {
    drawTile(context, atlas, i, { width, height }, { x, y, ...tile });
    if (theme.contrast && !payload.tight) frameTile(context, { x, y, ...tile }, theme);
    const title = payload.titles?.[i];
    if (!title) return;
    context.fillStyle = theme.muted;
    context.fillText(fitText(context, title, tile.width + gap - 2), x + tile.width / 2, y + tile.height + 3);
  });
  context.fillStyle = theme.muted;
  if (head) {
    // Where they would run into each other, only every second or third is written.
    const widest = Math.max(...payload.columnTitles!.map((text) => context.measureText(text).width));
    const every = Math.max(1, Math.ceil(Math.min(widest + 6, 120) / (tile.width + gap)));
    payload.columnTitles!.slice(0, columns).forEach((text, c) => {
      if (c % every) return;
      const shown = fitText(context, text, every * (tile.width + gap) - 4);
      context.fillText(shown, places[c]!.x + tile.width / 2, 1);
    });
  }
  if (gutter) {
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    const every = Math.max(1, Math.ceil((theme.fontSize + 3) / (tile.height + gap)));
    payload.rowTitles!.forEach((text, r) => {
      const place = places[r * columns];
      if (place && r % every === 0) {
        context.fillText(fitText(context, text, gutter - 10), gutter - 8, place.y + tile.height / 2);
      }
    });
  }
  const attended = active === undefined ? undefined : places[active];
  if (!attended) return;
  context.strokeStyle = theme.focus;
  context.lineWidth = 2;
  context.strokeRect(attended.x + 1, attended.y + 1, tile.width - 2, tile.height - 2);
}
