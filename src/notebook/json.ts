/**
 * JSON as Python reads and writes it, so that a file that Jupyter wrote comes back byte for byte.
 *
 * Three things differ from JavaScript's own JSON: numbers keep the form they had in the file (`1.0`, `1e-07`, integers
 * beyond 2^53, NaN), keys are sorted by code point, and an error says line and column in any version of Node.
 */

/** Why a file could not be read, with the place if it is known (both counted from 1). */
export class NotebookError extends Error {
  override readonly name = 'NotebookError';
  readonly line: number | undefined;
  readonly column: number | undefined;

  constructor(message: string, place?: { line: number; column: number }) {
    super(place ? `${message} (line ${place.line}, column ${place.column})` : message);
    this.line = place?.line;
    this.column = place?.column;
  }
}

type Container = Record<string, unknown> | unknown[];

/** Numbers whose text in the file is not what JavaScript would write: per object or array, by key. */
const literals = new WeakMap<object, Map<string, { value: number; text: string }>>();

/** A shallow copy that still knows how its numbers were written. */
export function copyOf<T extends object>(container: T): T {
  const copy = { ...container };
  const known = literals.get(container);
  if (known) literals.set(copy, known);
  return copy;
}

/** Line and column, both from 1, of an offset into a text. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

/** Deeper nesting is an attack or an accident, and would overflow the stack of this reader or the next. */
const MAX_DEPTH = 500;

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /-?[A-Za-z]+/y;
/** What may stand at the end of a file that was cut off within or before a value. */
const PARTIAL = /^(|-|-?I|-?In[a-z]*|t|tr|tru|f|fa|fal|fals|n|nu|nul|N|Na)$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these inside strings
const CONTROL = /[\u0000-\u001f]/;
const WORDS: Record<string, unknown> = {
  true: true,
  false: false,
  null: null,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

/**
 * Reads JSON text.
 *
 * @returns the value, and `placeOf`, which tells where an object or array of it begins in the text
 * @throws NotebookError with line and column
 */
export function parseJson(text: string): {
  value: unknown;
  placeOf(container: unknown): { line: number; column: number } | undefined;
} {
  const offsets = new WeakMap<object, number>();
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;

  function fail(message: string, offset = at): never {
    throw new NotebookError(message, placeOf(text, offset));
  }

  function skipSpace(): void {
    SPACE.lastIndex = at;
    SPACE.test(text);
    at = SPACE.lastIndex;
  }

  /** What stands at the current place, in words for a message. */
  function seen(): string {
    if (at >= text.length) return 'the file ends';
    if (/^(<{7}|={7}|>{7})/.test(text.slice(at))) return 'there is the mark of a merge conflict';
    return `there is ${JSON.stringify(String.fromCodePoint(text.codePointAt(at)!))}`;
  }

  function expected(what: string, opened: number): never {
    if (at < text.length) fail(`not valid JSON: ${seen()} where ${what} should be`);
    const start = placeOf(text, opened);
    fail(`the file is cut off: it ends inside what began at line ${start.line}, column ${start.column}`);
  }

  function readString(): string {
    const start = at;
    let end = start;
    let escaped = false;
    for (;;) {
      end = text.indexOf('"', end + 1);
      if (end < 0) {
        at = text.length;
        expected('"', start);
      }
      let slashes = end;
      while (text[slashes - 1] === '\\') slashes--;
      if ((end - slashes) % 2 === 0) break;
      escaped = true;
    }
    const body = text.slice(start + 1, end);
    const control = CONTROL.exec(body);
    if (control) fail('not valid JSON: a line break or control character inside a string', start + 1 + control.index);
    at = end + 1;
    if (!escaped && !body.includes('\\')) return body;
    try {
      return JSON.parse(text.slice(start, end + 1));
    } catch {
      const bad = /\\(?:\\|["/bfnrt]|u[0-9a-fA-F]{4})|(\\)/g;
      for (let match = bad.exec(body); match; match = bad.exec(body)) {
        if (match[1]) fail('not valid JSON: an unknown escape in a string', start + 1 + match.index);
      }
      return fail('not valid JSON: a broken string', start);
    }
  }

  function readNumber(owner: Container | undefined, key: string): number | undefined {
    NUMBER.lastIndex = at;
    const literal = NUMBER.exec(text)?.[0];
    if (literal === undefined) return undefined;
    at += literal.length;
    return remember(owner, key, Number(literal), literal);
  }

  function remember(owner: Container | undefined, key: string, value: number, literal: string): number {
    if (owner && JSON.stringify(value) !== literal) {
      const known = literals.get(owner) ?? new Map();
      literals.set(owner, known.set(key, { value, text: literal }));
    }
    return value;
  }

  function readValue(owner: Container | undefined, key: string, depth: number): unknown {
    if (depth > MAX_DEPTH) fail(`nested more than ${MAX_DEPTH} levels deep`);
    const first = text[at];
    if (first === '"') return readString();
    if (first === '{') return readObject(depth);
    if (first === '[') return readArray(depth);
    const number = readNumber(owner, key);
    if (number !== undefined) return number;
    WORD.lastIndex = at;
    const word = WORD.exec(text)?.[0];
    if (word === undefined || !Object.hasOwn(WORDS, word)) {
      if (PARTIAL.test(text.slice(at, at + 100))) {
        fail('the file is cut off: a value at its end is not complete', text.length);
      }
      fail(`not valid JSON: ${seen()} where a value should be`);
    }
    at += word.length;
    const value = WORDS[word];
    // written by Python's json module, and kept in the same form
    return typeof value === 'number' ? remember(owner, key, value, word) : value;
  }

  function readObject(depth: number): Record<string, unknown> {
    const start = at++;
    const object: Record<string, unknown> = {};
    offsets.set(object, start);
    skipSpace();
    if (text[at] === '}') {
      at++;
      return object;
    }
    for (;;) {
      skipSpace();
      if (text[at] !== '"') expected('a key in quotation marks', start);
      const key = readString();
      skipSpace();
      if (text[at] !== ':') expected('":"', start);
      at++;
      skipSpace();
      const value = readValue(object, key, depth + 1);
      if (key === '__proto__') {
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
      } else object[key] = value;
      skipSpace();
      if (text[at] === '}') break;
      if (text[at] !== ',') expected('"," or "}"', start);
      at++;
    }
    at++;
    return object;
  }

  function readArray(depth: number): unknown[] {
    const start = at++;
    const array: unknown[] = [];
    offsets.set(array, start);
    skipSpace();
    if (text[at] === ']') {
      at++;
      return array;
    }
    for (;;) {
      skipSpace();
      if (at >= text.length) expected('a value', start);
      array.push(readValue(array, String(array.length), depth + 1));
      skipSpace();
      if (text[at] === ']') break;
      if (text[at] !== ',') expected('"," or "]"', start);
      at++;
    }
    at++;
    return array;
  }

  skipSpace();
  const value = readValue(undefined, '', 0);
  skipSpace();
  if (at < text.length) fail(`not valid JSON: ${seen()} after its end`);
  return {
    value,
    placeOf(container) {
      const offset = typeof container === 'object' && container !== null ? offsets.get(container) : undefined;
      return offset === undefined ? undefined : placeOf(text, offset);
    },
  };
}

/** Python compares strings by code point, JavaScript by UTF-16 unit; they differ beyond the basic plane. */
function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    // surrogates (d800 to dfff) stand for code points above all others
    if (x !== y) return x >= 0xd800 && y >= 0xd800 ? a.codePointAt(i)! - b.codePointAt(i)! : x - y;
  }
  return a.length - b.length;
}

/**
 * Writes JSON as Jupyter does: keys sorted, one space of indentation, text as it is, no newline at the end.
 * What JavaScript's JSON leaves out (undefined, functions) is left out here as well.
 */
export function printJson(value: unknown, indent = ''): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    const inner = `${indent} `;
    return `[\n${value.map((item, i) => inner + printItem(value, String(i), item, inner)).join(',\n')}\n${indent}]`;
  }
  if (typeof value === 'object' && value !== null) {
    if ('toJSON' in value && typeof value.toJSON === 'function') return printJson(value.toJSON(), indent);
    const record = value as Record<string, unknown>;
    const inner = `${indent} `;
    const fields = Object.keys(record)
      .filter((key) => !['undefined', 'function', 'symbol'].includes(typeof record[key]))
      .sort(byCodePoint)
      .map((key) => `${inner}${JSON.stringify(key)}: ${printItem(record, key, record[key], inner)}`);
    return fields.length === 0 ? '{}' : `{\n${fields.join(',\n')}\n${indent}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

function printItem(owner: object, key: string, value: unknown, indent: string): string {
  if (typeof value === 'number') {
    const known = literals.get(owner)?.get(key);
    if (known && Object.is(known.value, value)) return known.text;
  }
  return printJson(value, indent);
}
