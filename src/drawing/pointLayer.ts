import type { Context, MakeCanvas, Rectangle } from './canvas.ts';

/** Steps per pixel to which the middle of a point is rounded. */
const phases = 4;

/** The pixels that a disc covers, and their shares from 1 to 256, for one position of its middle between pixels. */
interface Mask {
  readonly across: Int32Array;
  readonly down: Int32Array;
  /** Of the pixels, from the one that holds the middle, in bytes of the image. */
  readonly offsets: Int32Array;
  readonly shares: Int32Array;
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
  /** Colours times their opacity, while discs are being added. */
  private readonly mixed: Uint8Array;
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
    const { buffer, byteOffset, byteLength } = this.image.data;
    this.mixed = new Uint8Array(buffer, byteOffset, byteLength);
    this.reach = Math.ceil(radius * ratio + 1);
    for (let phase = 0; phase < phases * phases; phase++) {
      const [dx, dy] = [(phase % phases) / phases, Math.floor(phase / phases) / phases];
      this.masks.push(disc(radius * ratio, this.reach, dx, dy, this.width));
    }
  }

  /**
   * @param x,y middle of the disc on the picture, in CSS pixels
   * @param alpha 0 to 255
   */
  add(x: number, y: number, red: number, green: number, blue: number, alpha: number): void {
    const across = (x - this.area.x) * this.ratio;
    const down = (y - this.area.y) * this.ratio;
    const left = Math.floor(across);
    const top = Math.floor(down);
    const { reach, width, height } = this;
    if (!(left >= -reach && left < width + reach && top >= -reach && top < height + reach)) return;
    const phase = Math.floor((down - top) * phases) * phases + Math.floor((across - left) * phases);
    const mask = this.masks[phase]!;
    const start = (top * width + left) * 4;
    const whole = left >= reach && left < width - reach && top >= reach && top < height - reach;
    const count = mask.offsets.length;
    const opacity = alpha + (alpha >> 7);
    for (let i = 0; i < count; i++) {
      if (!whole && this.isBeyond(left + mask.across[i]!, top + mask.down[i]!)) continue;
      this.mix(start + mask.offsets[i]!, red, green, blue, mask.shares[i]! * opacity);
    }
  }

  /** "Over" (Porter & Duff 1984) on colours times their opacity, in whole numbers; all of a share is 65536. */
  private mix(at: number, red: number, green: number, blue: number, share: number): void {
    const { mixed } = this;
    const kept = 65536 - share;
    mixed[at] = (red * share + mixed[at]! * kept + 32768) >> 16;
    mixed[at + 1] = (green * share + mixed[at + 1]! * kept + 32768) >> 16;
    mixed[at + 2] = (blue * share + mixed[at + 2]! * kept + 32768) >> 16;
    mixed[at + 3] = (255 * share + mixed[at + 3]! * kept + 32768) >> 16;
  }

  private isBeyond(across: number, down: number): boolean {
    return across < 0 || across >= this.width || down < 0 || down >= this.height;
  }

  draw(): void {
    const { mixed } = this;
    const { data } = this.image;
    for (let at = 0; at < mixed.length; at += 4) {
      const alpha = mixed[at + 3]!;
      if (alpha === 0 || alpha === 255) continue;
      for (let level = at; level < at + 3; level++) data[level] = (mixed[level]! * 255) / alpha;
    }
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

function disc(radius: number, reach: number, dx: number, dy: number, width: number): Mask {
  const pixels: { across: number; down: number; share: number }[] = [];
  for (let down = -reach; down <= reach; down++) {
    for (let across = -reach; across <= reach; across++) {
      const distance = Math.hypot(across + 0.5 - dx, down + 0.5 - dy);
      const share = Math.round(256 * Math.min(1, Math.max(0, radius + 0.5 - distance)));
      if (share > 0) pixels.push({ across, down, share });
    }
  }
  return {
    across: Int32Array.from(pixels, ({ across }) => across),
    down: Int32Array.from(pixels, ({ down }) => down),
    offsets: Int32Array.from(pixels, ({ across, down }) => (down * width + across) * 4),
    shares: Int32Array.from(pixels, ({ share }) => share),
  };
}
