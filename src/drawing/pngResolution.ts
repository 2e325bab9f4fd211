/** Pixels a metre of a screen with one device pixel per CSS pixel: 96 an inch. */
const cssPixelsPerMetre = 96 / 0.0254;

/** IHDR follows the signature and is 25 bytes long with its length, type and checksum. */
const afterHeader = 8 + 25;

/**
 * The PNG with a chunk that says how large it is meant to be shown, so that a picture for sharp screens is not taken
 * for one of twice the size. Source: PNG (third edition), 11.3.4.3 pHYs.
 *
 * @param ratio device pixels per CSS pixel
 */
export function withResolution(png: Uint8Array, ratio: number): Buffer {
  const body = Buffer.alloc(4 + 9);
  body.write('pHYs', 'latin1');
  const pixelsPerMetre = Math.round(cssPixelsPerMetre * ratio);
  body.writeUInt32BE(pixelsPerMetre, 4);
  body.writeUInt32BE(pixelsPerMetre, 8);
  body.writeUInt8(1, 12); // the unit is the metre
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(9, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([
    png.subarray(0, afterHeader),
    frame.subarray(0, 4),
    body,
    frame.subarray(4),
    png.subarray(afterHeader),
  ]);
}

/** Checksum of a chunk's type and data, bit by bit: it is asked for thirteen bytes. Source: PNG, annex D. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
