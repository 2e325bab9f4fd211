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

/** @param paint writes the pixels of picture i, [height, width], each as `asPixel` gives it */
export function makeAtlas(
  make: MakeCanvas,
  count: number,
  size: { width: number; height: number },
  paint: (i: number, pixels: Uint32Array) => void,
): Atlas {
  const { width, height } = size;
  const columns = Math.max(1, Math.min(count, Math.floor(widestAtlas / width)));
  const canvas = make(columns * width, Math.max(1, Math.ceil(count / columns)) * height);
  const context = canvas.getContext('2d')!;
  const picture = new Uint32Array(width * height);
  // A row of pictures at once: canvases take many small pieces slowly.
  const band = context.createImageData(columns * width, height);
  const pixels = pixelsOf(band);
  for (let i = 0; i < count; i++) {
    paint(i, picture);
    const left = (i % columns) * width;
    for (let y = 0; y < height; y++) {
      pixels.set(picture.subarray(y * width, (y + 1) * width), y * columns * width + left);
    }
    // In the last row, what is left of the one before lies where no picture is.
    if (i === count - 1 || i % columns === columns - 1) {
      context.putImageData(band, 0, Math.floor(i / columns) * height);
    }
  }
  return { canvas, place: (i) => ({ x: (i % columns) * width, y: Math.floor(i / columns) * height }) };
}

export function pixelsOf({ data }: ImageData): Uint32Array {
  return new Uint32Array(data.buffer, data.byteOffset, data.length / 4);
}

const one = new Uint8Array(4);
const word = new Uint32Array(one.buffer);

/** An opaque colour as an image's pixel, in the machine's order of bytes. */
export function asPixel([red, green, blue]: readonly [number, number, number]): number {
  one.set([red, green, blue, 255]);
  return word[0]!;
}

/** Pixels of the 256 levels of grey. */
const greys = Uint32Array.from({ length: 256 }, (_, level) => asPixel([level, level, level]));

/** Grey or colour levels of one picture, from `start` on, as pixels. */
export function paintLevels(levels: Uint8Array, channels: number, start: number, pixels: Uint32Array): void {
  if (channels === 1) for (let p = 0; p < pixels.length; p++) pixels[p] = greys[levels[start + p]!]!;
  else {
    for (let p = 0; p < pixels.length; p++) {
      const at = start + p * channels;
      one[0] = levels[at]!;
      one[1] = levels[at + 1]!;
      one[2] = levels[at + 2]!;
      one[3] = 255;
      pixels[p] = word[0]!;
    }
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

/** Black pictures on a black ground need an edge. */
export function frameTile(context: Context, tile: Rectangle, theme: { readonly border: string }): void {
  context.strokeStyle = theme.border;
  context.lineWidth = 1;
  context.strokeRect(tile.x - 0.5, tile.y - 0.5, tile.width + 1, tile.height + 1);
}

/** Radius of scattered points in CSS pixels: smaller where there are many. */
export function pointRadius(count: number): number {
  return Math.min(4, Math.max(0.9, 4.6 - 0.75 * Math.log10(Math.max(1, count))));
}
