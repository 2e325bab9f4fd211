import type { TableValue } from '../../renderers/table/payload.ts';

/** Deno's convention: a value with this method is shown with the MIME bundle it returns. */
export const displaySymbol = Symbol.for('Jupyter.display');

export interface Displayable {
  [displaySymbol](): Promise<Record<string, unknown>>;
}

/** A picture before it is shown: its payload as JSON, under its MIME type. */
export interface Picture {
  readonly mime: string;
  readonly payload: { readonly text: string } & Readonly<Record<string, unknown>>;
}

/**
 * An output with its three representations: the payload for our renderers, a PNG for other viewers, a sentence.
 * What is to be drawn may still be under way; it is awaited, and its errors come up, when the output is shown.
 */
export function displayable(picture: Picture | Promise<Picture>): Displayable {
  const ready = Promise.resolve(picture);
  // Nobody may ever show this value: a failure belongs to the one who does, not to the process.
  ready.catch(() => undefined);
  let bundle: Promise<Record<string, unknown>> | undefined;
  return {
    [displaySymbol]: () => {
      bundle ??= ready.then(withPng);
      return bundle;
    },
  };
}

/** Representations that need no drawing: what a live picture sends many times. */
export function withoutPng(picture: Picture): Record<string, unknown> {
  return { [picture.mime]: picture.payload, 'text/plain': picture.payload.text };
}

/** All representations. Without the canvas library there is no PNG; the rest stays. */
export async function withPng(picture: Picture): Promise<Record<string, unknown>> {
  const { toPng } = await import('../../drawing/png.ts');
  const png = await toPng(picture.mime, picture.payload);
  return { ...withoutPng(picture), ...(png && { 'image/png': png }) };
}

/** Enough digits for a picture, few enough for a file; null where the value is not finite (JSON has no word for it). */
export function rounded(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? Number(value.toPrecision(6)) : null;
}

/** A number as a sentence says it: four significant digits. */
export function spoken(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return 'not a finite number';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(3);
  return String(Number(value.toPrecision(4)));
}

export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}

/** Little-endian 32-bit floats in base64. */
export function floatsToBase64(values: ArrayLike<number>): string {
  const buffer = Buffer.alloc(values.length * 4);
  for (let i = 0; i < values.length; i++) buffer.writeFloatLE(values[i]!, i * 4);
  return buffer.toString('base64');
}

export function bytesToBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** A value of a user's record as a table can hold it. */
export function tableValue(value: unknown): TableValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'object' && !(value instanceof Date)) return JSON.stringify(value) ?? String(value);
  return String(value);
}
