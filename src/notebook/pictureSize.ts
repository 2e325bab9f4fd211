import type { MimeBundle } from './format.ts';

const CSS_PIXELS_PER_METRE = 96 / 0.0254;

/**
 * Metadata that tells viewers how large the PNG of one of our pictures is meant to be shown, in CSS pixels: Jupyter
 * reads it there and does not look into the PNG, which is drawn for sharp screens. Empty for outputs of others.
 */
export function pictureSize(data: MimeBundle): Record<string, unknown> {
  const png = data['image/png'];
  if (typeof png !== 'string' || !Object.keys(data).some((mime) => mime.startsWith('application/vnd.aenb.'))) return {};
  const size = cssSize(png);
  return size === undefined ? {} : { 'image/png': size };
}

/** From IHDR, which comes first in every PNG, and pHYs, which our PNGs have behind it. */
function cssSize(base64: string): { width: number; height: number } | undefined {
  const bytes = Uint8Array.from(atob(base64.slice(0, 76)), (character) => character.charCodeAt(0));
  if (bytes.length < 54) return undefined;
  const view = new DataView(bytes.buffer);
  const isPhys = view.getUint32(37) === 0x70485973 && view.getUint8(49) === 1;
  const ratio = isPhys ? view.getUint32(41) / CSS_PIXELS_PER_METRE : 0;
  if (ratio === 0) return undefined;
  return { width: Math.round(view.getUint32(16) / ratio), height: Math.round(view.getUint32(20) / ratio) };
}
