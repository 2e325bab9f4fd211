import type { Context, MakeCanvas, Rectangle } from './canvas.ts';

/** Steps per pixel to which the middle of a point is rounded. */
const phases = 4;

/** Share of every pixel that a disc covers, for one position of its middle between pixels. */
interface Mask {
  readonly size: number;
  readonly coverage: Float32Array;
}

/**
 * Many small translucent discs, mixed pixel by pixel in plain memory and drawn at once: tens of thousands a frame,
 * where a canvas call for each would take a second.
 */
export class PointLayer {
  private readonly width: number;
  private readonly height: number;
  private readonly canvas: HTMLCanvasElement;
  private readonly image: ImageData;
  private readonly masks: Mask[] = [];
  private readonly reach: number;

  /**
   * @param area where it lies on the picture, in CSS pixels; points beyond it are cut off
   * @param ratio device pixels per CSS pixel
   * @param radius of the discs, in CSS pixels
   * @param make a canvas that holds pixels, whatever the picture's own is
   */
  constructor(
    private readonly context: Context,
    private readonly area: Rectangle,
    private readonly ratio: number,
    radius: number,
    make: MakeCanvas,
  ) {
    this.width = Math.max(1, Math.ceil(area.width * ratio));
    this.height = Math.max(1, Math.ceil(area.height * ratio));
    this.canvas = make(this.width, this.height);
    this.image = this.canvas.getContext('2d')!.createImageData(this.width, this.height);
    this.reach = Math.ceil(radius * ratio + 1);
    for (let phase = 0; phase < phases * phases; phase++) {
      const [dx, dy] = [(phase % phases) / phases, Math.floor(phase / phases) / phases];
      this.masks.push(disc(radius * ratio, this.reach, dx, dy));
    }
  }

  /** @param x,y middle of the disc on the picture, in CSS pixels */
  add(x: number, y: number, [red, green, blue]: Colour, alpha: number): void {
    const across = (x - this.area.x) * this.ratio;
    const down = (y - this.area.y) * this.ratio;
    const left = Math.floor(across);
    const top = Math.floor(down);
    const phase = Math.floor((down - top) * phases) * phases + Math.floor((across - left) * phases);
    const { size, coverage } = this.masks[phase]!;
    const { data } = this.image;
    for (let row = 0; row < size; row++) {
      const py = top - this.reach + row;
      if (py < 0 || py >= this.height) continue;
      for (let column = 0; column < size; column++) {
        const px = left - this.reach + column;
        const share = coverage[row * size + column]! * alpha;
        if (share === 0 || px < 0 || px >= this.width) continue;
        const at = (py * this.width + px) * 4;
        // "over" (Porter & Duff 1984) on colours that are not multiplied with their alpha
        const below = (data[at + 3]! / 255) * (1 - share);
        const total = share + below;
        data[at] = (red * share + data[at]! * below) / total;
        data[at + 1] = (green * share + data[at + 1]! * below) / total;
        data[at + 2] = (blue * share + data[at + 2]! * below) / total;
        data[at + 3] = total * 255;
      }
    }
  }

  draw(): void {
    this.canvas.getContext('2d')!.putImageData(this.image, 0, 0);
    this.context.imageSmoothingEnabled = false;
    const size = [this.width / this.ratio, this.height / this.ratio] as const;
    this.context.drawImage(this.canvas, this.area.x, this.area.y, ...size);
  }
}

export type Colour = readonly [red: number, green: number, blue: number];

/** Levels of #rrggbb, 0 to 255. */
export function levelsOf(hex: string): Colour {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Colour;
}

function disc(radius: number, reach: number, dx: number, dy: number): Mask {
  const size = 2 * reach + 1;
  const coverage = new Float32Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const distance = Math.hypot(column + 0.5 - reach - dx, row + 0.5 - reach - dy);
      coverage[row * size + column] = Math.min(1, Math.max(0, radius + 0.5 - distance));
    }
  }
  return { size, coverage };
}
