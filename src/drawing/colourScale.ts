/**
 * The scale of errors: from black through violet and orange to a pale yellow, lightness rising in equal steps, so that
 * equal differences of error look equally different. Computed in OKLab (Ottosson 2020).
 */

import { asPixel } from './canvas.ts';

type Rgb = readonly [number, number, number];

const steps = 256;
const scale: readonly Rgb[] = Array.from({ length: steps }, (_, i) => at(i / (steps - 1)));

/** Pixels of the scale, from the least error to the greatest. */
export const errorPixels = Uint32Array.from(scale, asPixel);

/** Red, green and blue, 0 to 255 each, of a share of the scale; what lies outside of 0 to 1 takes the nearer end. */
export function errorColour(share: number): Rgb {
  return scale[Math.min(steps - 1, Math.max(0, Math.round(share * (steps - 1)))) || 0]!;
}

export function errorCss(share: number): string {
  return `rgb(${errorColour(share).join(' ')})`;
}

function at(t: number): Rgb {
  const lightness = 0.08 + 0.89 * t;
  // Chroma swells in the middle and goes at both ends, where sRGB has little.
  const chroma = 0.19 * Math.sin(Math.PI * t ** 0.85) ** 0.8 + 0.03 * t;
  const hue = ((285 + 175 * t ** 0.9) * Math.PI) / 180;
  let reach = 1;
  // Reduce chroma until the colour is one that screens have.
  for (;;) {
    const colour = toRgb(lightness, chroma * reach * Math.cos(hue), chroma * reach * Math.sin(hue));
    if (reach < 0.05 || colour.every((level) => level >= 0 && level <= 1)) {
      return colour.map((level) => Math.round(255 * Math.min(1, Math.max(0, level)))) as unknown as Rgb;
    }
    reach -= 0.02;
  }
}

/** OKLab to sRGB, 0 to 1 (beyond, where sRGB ends). */
function toRgb(lightness: number, a: number, b: number): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function gamma(level: number): number {
  return level <= 0.0031308 ? 12.92 * level : 1.055 * level ** (1 / 2.4) - 0.055;
}

const middle: Rgb = [247, 247, 247];
const below: Rgb = [33, 102, 190];
const above: Rgb = [196, 44, 66];

/** Blue below the middle, red above it, white where a value is nothing; `share` from 0 to 1. */
export function divergingColour(share: number): Rgb {
  const far = Math.min(1, Math.abs(share - 0.5) * 2);
  const end = share < 0.5 ? below : above;
  return middle.map((level, c) => Math.round(level + (end[c]! - level) * far)) as unknown as Rgb;
}

/** Pixels of that scale, from below to above. */
export const divergingPixels = Uint32Array.from({ length: steps }, (_, i) => asPixel(divergingColour(i / (steps - 1))));
