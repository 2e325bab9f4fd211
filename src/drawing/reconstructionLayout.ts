import type { ReconstructionPayload } from '../renderers/reconstruction/payload.ts';
import type { Rectangle } from './canvas.ts';

/** Where everything of a reconstruction picture lies, in CSS pixels. */
export interface ReconstructionLayout {
  readonly width: number;
  readonly height: number;
  /** Room at the left for the names of the rows, or the values of the vertical axis. */
  readonly gutter: number;
  readonly columns: number;
  /** A picture, or a panel with lines or bars. */
  readonly tile: { readonly width: number; readonly height: number };
  /** Top left corner of every sample's block, in the order of drawing. */
  readonly blocks: readonly { readonly x: number; readonly y: number }[];
  /** Vertical offsets of the tiles in a block: original, reconstruction, error; or the one panel. */
  readonly rows: readonly number[];
  /** Height of a block without its caption. */
  readonly blockHeight: number;
  readonly legend: Rectangle;
}

export const captionHeight = 20;
const legendHeight = 26;
const gap = 6;
const bandGap = 14;
/** Room for the edge of the outermost tiles. */
const edge = 3;

const narrowGutter = 62;
const wideGutter = 96;
const narrow = 480;

/**
 * @param width room there is
 * @param ratio device pixels per CSS pixel, so that a picture's pixels can all be of one size
 * @param zoom how much larger than usual every sample is drawn
 */
export function layOutReconstruction(
  payload: ReconstructionPayload,
  width: number,
  ratio: number,
  zoom = 1,
): ReconstructionLayout {
  return payload.form === 'images' ? layOutImages(payload, width, ratio, zoom) : layOutPanels(payload, width, zoom);
}

function layOutImages(
  payload: ReconstructionPayload,
  width: number,
  ratio: number,
  zoom: number,
): ReconstructionLayout {
  const [imageHeight, imageWidth] = payload.imageShape!;
  const gutter = width < narrow ? narrowGutter : wideGutter;
  const room = Math.max(60, width - gutter - edge);
  const wide = imageWidth / Math.max(imageWidth, imageHeight);
  const columnsOf = (least: number) => {
    const fitting = Math.max(1, Math.min(payload.samples, Math.floor((room + gap) / (least + gap))));
    return Math.max(1, Math.ceil(payload.samples / Math.ceil(payload.samples / fitting)));
  };
  const sized = (columns: number, most: number) =>
    wholePixels(Math.min(most, (room - (columns - 1) * gap) / columns), imageWidth, ratio);
  const usualColumns = columnsOf(width < narrow ? 42 : 52);
  const usual = sized(usualColumns, Math.max(84, Math.min(imageWidth, 192)) * wide);
  const columns = zoom === 1 ? usualColumns : columnsOf(usual * zoom);
  const tileWidth = zoom === 1 ? usual : sized(columns, usual * zoom);
  const tile = { width: tileWidth, height: (tileWidth * imageHeight) / imageWidth };
  const rows = [0, 1, 2].map((row) => row * (tile.height + gap));
  const blockHeight = rows[2]! + tile.height;
  return stack(payload.samples, { width, gutter, columns, tile, rows, blockHeight, gap });
}

/** A little smaller, if that gives every pixel of the picture the same number of device pixels. */
function wholePixels(size: number, pixels: number, ratio: number): number {
  const whole = (Math.floor((size * ratio) / pixels) * pixels) / ratio;
  return whole >= size * 0.72 ? whole : Math.floor(size * ratio) / ratio;
}

function layOutPanels(payload: ReconstructionPayload, width: number, zoom: number): ReconstructionLayout {
  const gutter = 44;
  const panelGap = 16;
  const room = Math.max(60, width - gutter - edge);
  const least = (payload.form === 'bars' ? Math.max(96, payload.features * 16) : 200) * zoom;
  const fitting = Math.max(1, Math.min(payload.samples, 5, Math.floor((room + panelGap) / (least + panelGap))));
  const columns = Math.max(1, Math.ceil(payload.samples / Math.ceil(payload.samples / fitting)));
  const most = payload.form === 'bars' ? least * 1.6 : 420 * zoom;
  const tile = { width: Math.floor(Math.min(most, (room - (columns - 1) * panelGap) / columns)), height: 92 * zoom };
  return stack(payload.samples, { width, gutter, columns, tile, rows: [0], blockHeight: tile.height, gap: panelGap });
}

function stack(
  samples: number,
  parts: Omit<ReconstructionLayout, 'height' | 'blocks' | 'legend'> & { gap: number },
): ReconstructionLayout {
  const { gutter, columns, tile, blockHeight } = parts;
  const bandHeight = blockHeight + captionHeight + bandGap;
  const blocks = Array.from({ length: samples }, (_, i) => ({
    x: gutter + (i % columns) * (tile.width + parts.gap),
    y: edge + Math.floor(i / columns) * bandHeight,
  }));
  const bands = Math.ceil(samples / columns);
  const top = edge + bands * bandHeight - bandGap + 6;
  return {
    ...parts,
    blocks,
    height: Math.ceil(top + legendHeight),
    legend: { x: gutter, y: top, width: parts.width - gutter, height: legendHeight },
  };
}

/** What lies under a point of the picture. */
export interface ReconstructionHit {
  /** Position in the order of drawing. */
  readonly position: number;
  /** 0 original, 1 reconstruction, 2 error. */
  readonly row: number;
  /** Place in the tile, 0 to 1 each. */
  readonly across: number;
  readonly down: number;
}

export function hitReconstruction(layout: ReconstructionLayout, x: number, y: number): ReconstructionHit | undefined {
  const position = layout.blocks.findIndex(
    (block) =>
      x >= block.x &&
      x < block.x + layout.tile.width &&
      y >= block.y &&
      y < block.y + layout.blockHeight + captionHeight,
  );
  if (position < 0) return undefined;
  const block = layout.blocks[position]!;
  let row = 0;
  layout.rows.forEach((offset, i) => {
    if (y - block.y >= offset) row = i;
  });
  const inside = (value: number) => Math.min(1 - 1e-9, Math.max(0, value));
  return {
    position,
    row,
    across: inside((x - block.x) / layout.tile.width),
    down: inside((y - block.y - layout.rows[row]!) / layout.tile.height),
  };
}
