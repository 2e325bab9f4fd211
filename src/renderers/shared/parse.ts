/**
 * Reading a payload that anybody may have written into a notebook file: every field is checked for its type and its
 * size before anything is drawn or allocated from it.
 */

/** A payload that cannot be drawn; the message says which field is wrong and what it may be. */
export class PayloadError extends Error {
  override readonly name = 'PayloadError';
}

/** Texts longer than this are no labels. */
const longestText = 10_000;

/** Reads one record field by field; `path` names the record in messages (`series[2]`). */
export class Fields {
  private readonly record: Record<string, unknown>;

  constructor(
    value: unknown,
    private readonly path: string,
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new PayloadError(`${path} must be an object, got ${describe(value)}`);
    }
    this.record = value as Record<string, unknown>;
  }

  has(name: string): boolean {
    return this.record[name] !== undefined && this.record[name] !== null;
  }

  text(name: string): string {
    const value = this.record[name];
    if (typeof value !== 'string' || value.length > longestText) {
      throw this.wrong(name, `a text of at most ${longestText} characters`, value);
    }
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.has(name) ? this.text(name) : undefined;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.record[name];
    if (!allowed.includes(value as T)) throw this.wrong(name, `one of ${allowed.join(', ')}`, value);
    return value as T;
  }

  flag(name: string): boolean {
    const value = this.record[name];
    if (value !== undefined && typeof value !== 'boolean') throw this.wrong(name, 'true or false', value);
    return value === true;
  }

  number(name: string): number {
    const value = this.record[name];
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.wrong(name, 'a finite number', value);
    return value;
  }

  optionalNumber(name: string): number | undefined {
    return this.has(name) ? this.number(name) : undefined;
  }

  count(name: string, least: number, most: number): number {
    const value = this.record[name];
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
      throw this.wrong(name, `an integer from ${least} to ${most}`, value);
    }
    return value as number;
  }

  list<T>(name: string, most: number, each: (value: unknown, path: string) => T): T[] {
    const value = this.record[name];
    if (!Array.isArray(value) || value.length > most)
      throw this.wrong(name, `a list of at most ${most} entries`, value);
    return value.map((entry, i) => each(entry, `${this.path}.${name}[${i}]`));
  }

  optionalList<T>(name: string, most: number, each: (value: unknown, path: string) => T): T[] | undefined {
    return this.has(name) ? this.list(name, most, each) : undefined;
  }

  texts(name: string, most: number): string[] {
    return this.list(name, most, (value, path) => new Fields({ value }, path).text('value'));
  }

  /** Numbers, with null where there is none (JSON knows no NaN). */
  numbers(name: string, most: number): (number | null)[] {
    return this.list(name, most, (value, path) => {
      if (value === null || (typeof value === 'number' && Number.isFinite(value))) return value as number | null;
      throw new PayloadError(`${path} must be a finite number or null, got ${describe(value)}`);
    });
  }

  /** Base64 of exactly `length` bytes; nothing is decoded before the length is right. */
  bytes(name: string, length: number): Uint8Array<ArrayBuffer> {
    const value = this.record[name];
    const characters = Math.ceil(length / 3) * 4;
    if (typeof value !== 'string' || value.length !== characters) {
      throw this.wrong(name, `base64 of ${length} bytes (${characters} characters)`, value);
    }
    const bytes = decodeBase64(value);
    if (bytes?.length !== length) throw this.wrong(name, `base64 of ${length} bytes`, value);
    return bytes;
  }

  /** Little-endian 32-bit floats in base64. */
  floats(name: string, length: number): Float32Array<ArrayBuffer> {
    const bytes = this.bytes(name, length * 4);
    if (littleEndian) return new Float32Array(bytes.buffer, bytes.byteOffset, length);
    const view = new DataView(bytes.buffer);
    return Float32Array.from({ length }, (_, i) => view.getFloat32(i * 4, true));
  }

  /** Little-endian unsigned 16-bit integers in base64. */
  words(name: string, length: number): Uint16Array<ArrayBuffer> {
    const bytes = this.bytes(name, length * 2);
    if (littleEndian) return new Uint16Array(bytes.buffer, bytes.byteOffset, length);
    const view = new DataView(bytes.buffer);
    return Uint16Array.from({ length }, (_, i) => view.getUint16(i * 2, true));
  }

  fields(name: string): Fields {
    return new Fields(this.record[name], `${this.path}.${name}`);
  }

  wrong(name: string, allowed: string, value: unknown = this.record[name]): PayloadError {
    return new PayloadError(`${this.path}.${name} must be ${allowed}, got ${describe(value)}`);
  }
}

/** [height, width, channels] of a picture of `values` numbers, 1 or 3 channels. */
export function parseImageShape(record: Fields, name: string): [number, number, number] {
  const shape = record.list(name, 3, (value, path) => {
    if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > 4096) {
      throw new PayloadError(`${path} must be an integer from 1 to 4096, got ${describe(value)}`);
    }
    return value as number;
  });
  if (shape.length !== 3 || (shape[2] !== 1 && shape[2] !== 3)) {
    throw record.wrong(name, '[height, width, channels] with 1 or 3 channels');
  }
  return shape as [number, number, number];
}

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Newer browsers decode megabytes of base64 in a few milliseconds by themselves. */
const native = (Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }).fromBase64;

function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    if (native) return native.call(Uint8Array, text);
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
    return bytes;
  } catch {
    return undefined;
  }
}

function describe(value: unknown): string {
  if (typeof value === 'string') {
    return value.length > 60 ? `a text of ${value.length} characters` : JSON.stringify(value);
  }
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
