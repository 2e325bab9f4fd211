/** Bytes of pictures are shown as pictures. */
import type { MimeBundle } from '../../protocol';

const SIGNATURES: readonly { mime: string; starts: readonly number[] }[] = [
  { mime: 'image/png', starts: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
  { mime: 'image/jpeg', starts: [0xff, 0xd8, 0xff] },
  { mime: 'image/gif', starts: [0x47, 0x49, 0x46, 0x38] },
];

export function imageBundle(value: unknown): MimeBundle | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  const found = SIGNATURES.find(({ starts }) => starts.every((byte, i) => value[i] === byte));
  if (found === undefined) return undefined;
  const base64 = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  return { [found.mime]: base64, 'text/plain': `${found.mime.slice(6).toUpperCase()} picture, ${value.length} bytes` };
}
