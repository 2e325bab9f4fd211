/** A picture's canvas, in the browser and in the kernel alike. */
export type Context = CanvasRenderingContext2D;
export type MakeCanvas = (width: number, height: number) => HTMLCanvasElement;

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function font(theme: { font: string; fontSize: number }, size = theme.fontSize, weight = 400): string {
  return `${weight} ${size}px ${theme.font}`;
}

/** The text, or as much of it as fits, with an ellipsis. */
export function fitText(context: Context, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  const characters = [...text];
  let kept = characters.length;
  while (kept > 1 && context.measureText(`${characters.slice(0, kept).join('')}…`).width > width) kept--;
  return `${characters.slice(0, kept).join('').trimEnd()}…`;
}

/** Sharp lines: the middle of a device pixel. */
export function crisp(position: number, ratio: number): number {
  return (Math.round(position * ratio) + 0.5) / ratio;
}

/** Pictures of 8-bit levels or colours beside each other on one canvas, each at its own size. */
export interface Atlas {
  readonly canvas: HTMLCanvasElement;
  /** Where picture i lies. */
  place(i: number): { x: number; y: number };
}

const widestAtlas = 4096;

/** @param paint writes the colours of picture i, [height, width, 4] */
export function makeAtlas(
  make: MakeCanvas,
  count: number,
  size: { width: number; height: number },
  paint: (i: number, rgba: Uint8ClampedArray) => void,
): Atlas {
  const columns = Math.max(1, Math.min(count, Math.floor(widestAtlas / size.width)));
  const canvas = make(columns * size.width, Math.max(1, Math.ceil(count / columns)) * size.height);
  const context = canvas.getContext('2d')!;
  const place = (i: number) => ({ x: (i % columns) * size.width, y: Math.floor(i / columns) * size.height });
  for (let i = 0; i < count; i++) {
    const image = context.createImageData(size.width, size.height);
    paint(i, image.data);
    const { x, y } = place(i);
    context.putImageData(image, x, y);
  }
  return { canvas, place };
}

/** Grey or colour levels of one picture, from `start` on, as RGBA. */
export function levelsToRgba(
  level: (index: number) => number,
  channels: number,
  start: number,
  rgba: Uint8ClampedArray,
): void {
  for (let p = 0; p * 4 < rgba.length; p++) {
    for (let c = 0; c < 3; c++) rgba[p * 4 + c] = level(start + p * channels + (channels === 3 ? c : 0));
    rgba[p * 4 + 3] = 255;
  }
}

/** Draws picture i of an atlas with hard pixels. */
export function drawTile(
  context: Context,
  atlas: Atlas,
  i: number,
  size: { width: number; height: number },
  to: Rectangle,
): void {
  const { x, y } = atlas.place(i);
  context.imageSmoothingEnabled = false;
  context.drawImage(atlas.canvas, x, y, size.width, size.height, to.x, to.y, to.width, to.height);
}

/** Radius of scattered points in CSS pixels: smaller where there are many. */
export function pointRadius(count: number): number {
  return Math.min(4, Math.max(0.9, 4.6 - 0.75 * Math.log10(Math.max(1, count))));
}
