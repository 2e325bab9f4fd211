/**
 * CSV as numbers, chunk by chunk. Bytes become floats without ever being strings, which is ten times as quick as parsing
 * text and lets files larger than memory through.
 */
import { show } from '../validate.ts';

const quote = 0x22;
const newline = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const tab = 0x09;
/** No sensible record is longer: an unclosed quote is. */
const longestRecord = 2 ** 26;

export interface CsvFormat {
  /** The column that is a label: its name in the header, or its index from 0; negative counts from the end. */
  label?: string | number;
  /** Whether the first record names the columns; default: if it has a field that is no number. */
  header?: boolean;
  /** One character; default: the one of comma, semicolon, tab and bar that the first record has most of. */
  delimiter?: string;
}

/** Some records as numbers. */
export interface CsvBlock {
  /** [rows, columns without the label's] */
  readonly values: Float32Array;
  readonly rows: number;
  /** Texts of the label's column, where there is one. */
  readonly labels?: string[];
}

/**
 * Takes a file's bytes in pieces and gives its records in blocks.
 *
 * @throws Error at the first field that is missing or no number, by row and column, and at the first ragged row
 */
export class CsvParser {
  readonly #format: CsvFormat;
  readonly #name: string;
  #rest: Buffer = Buffer.alloc(0);
  #delimiter = 0;
  #names: string[] | undefined;
  /** Columns with the label's; 0 until the first record was seen. */
  #width = 0;
  #labelColumn = -1;
  #row = 0;
  #line = 1;
  #begun = false;
  /** Of the record being read. */
  #values: Float32Array = new Float32Array();
  #labels: string[] = [];
  #filled = 0;

  /** @param name the file, for errors */
  constructor(format: CsvFormat, name: string) {
    if (format.delimiter !== undefined && !/^[^"\r\n]$/.test(format.delimiter)) {
      throw new RangeError(`delimiter must be one character such as ',' or '\\t', got ${show(format.delimiter)}`);
    }
    if (format.delimiter !== undefined && format.delimiter.charCodeAt(0) > 127) {
      throw new RangeError(`delimiter must be an ASCII character, got ${show(format.delimiter)}`);
    }
    const { label } = format;
    if (label !== undefined && typeof label !== 'string' && !Number.isInteger(label)) {
      throw new TypeError(`label must be the name of a column or its index, got ${show(label)}`);
    }
    this.#format = format;
    this.#name = name;
  }

  /** Names of the columns without the label's, as the header has them. */
  get columns(): string[] | undefined {
    return this.#names?.filter((_, column) => column !== this.#labelColumn);
  }

  /** Numbers per record. */
  get features(): number {
    return this.#width - (this.#labelColumn >= 0 ? 1 : 0);
  }

  /** @param last whether the file ends here */
  parse(chunk: Buffer, last: boolean): CsvBlock {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = 0;
    if (!this.#begun && (bytes.length >= 3 || last)) {
      this.#begun = true;
      if (bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf]))) at = 3;
    }
    if (last && bytes.length > 0 && bytes[bytes.length - 1] !== newline)
      bytes = Buffer.concat([bytes, Buffer.of(newline)]);
    this.#startBlock(bytes.length);
    while (this.#begun && at < bytes.length) {
      const end = recordEnd(bytes, at);
      if (end < 0) break;
      if (!isBlank(bytes, at, end)) this.#record(bytes, at, end);
      for (let i = at; i <= end; i++) if (bytes[i] === newline) this.#line++;
      at = end + 1;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
    if (this.#rest.length > longestRecord || (last && this.#rest.length > 0)) {
      throw new Error(`${this.#name}: the record at line ${this.#line} does not end; is a quote left open?`);
    }
    return {
      values: this.#values.subarray(0, this.#filled),
      rows: this.features > 0 ? this.#filled / this.features : this.#labels.length,
      ...(this.#labelColumn >= 0 && { labels: this.#labels }),
    };
  }

  /** Throws if there was nothing in the file. */
  finish(): void {
    if (this.#row === 0) throw new Error(`${this.#name} holds no rows of data`);
  }

  #startBlock(bytes: number): void {
    // a number needs a digit and a delimiter
    this.#values = new Float32Array(Math.ceil(bytes / 2) + 1);
    this.#labels = [];
    this.#filled = 0;
  }

  #record(bytes: Buffer, start: number, end: number): void {
    if (this.#width === 0 && this.#firstRecord(bytes, start, end)) return;
    this.#row++;
    let column = 0;
    let at = start;
    while (at <= end) {
      const stop = fieldEnd(bytes, at, end, this.#delimiter);
      if (column === this.#labelColumn) this.#labels.push(fieldText(bytes, at, stop));
      else if (column < this.#width) {
        const value = parseNumber(bytes, at, stop);
        // Infinity and NaN take part in no training
        this.#values[this.#filled++] = Number.isFinite(value) ? value : this.#numberOf(bytes, at, stop, column);
      }
      column++;
      at = stop + 1;
    }
    if (column !== this.#width) {
      throw new Error(
        `${this.#name}: ${this.#place()} has ${column} ${column === 1 ? 'field' : 'fields'}, the first row has ${this.#width}`,
      );
    }
  }

  /** Finds out how the file is written. @returns whether the record was a header */
  #firstRecord(bytes: Buffer, start: number, end: number): boolean {
    const { delimiter, header, label } = this.#format;
    this.#delimiter = delimiter?.charCodeAt(0) ?? guessDelimiter(bytes, start, end);
    const fields = fieldTexts(bytes, start, end, this.#delimiter);
    const named =
      header ??
      (typeof label === 'string' ||
        fields.some(
          (field, i) => i !== labelIndex(label, fields.length) && field !== '' && Number.isNaN(Number(field)),
        ));
    this.#width = fields.length;
    this.#labelColumn = this.#findLabel(named ? fields : undefined);
    if (this.features === 0) throw new Error(`${this.#name} has no column beside the label's`);
    if (named) this.#names = fields;
    return named;
  }

  #findLabel(names: string[] | undefined): number {
    const { label } = this.#format;
    if (label === undefined) return -1;
    const index = typeof label === 'string' ? (names?.indexOf(label) ?? -1) : labelIndex(label, this.#width);
    if (index >= 0 && index < this.#width) return index;
    const columns = names ? `the columns ${names.map(show).join(', ')}` : `${this.#width} columns and no header`;
    throw new RangeError(`label must be a column of ${this.#name}, which has ${columns}; got ${show(label)}`);
  }

  /** What the quick reading could not read, or the error that names it. */
  #numberOf(bytes: Buffer, start: number, stop: number, column: number): number {
    const text = fieldText(bytes, start, stop);
    const value = Number(text);
    if (text !== '' && Number.isFinite(value)) return value;
    const name = this.#names ? ` ${show(this.#names[column])}` : '';
    const where = `${this.#name}: ${this.#place()}, column ${column + 1}${name}`;
    if (/^(|na|nan|null|none|n\/a|\?|-)$/i.test(text)) {
      throw new Error(
        `${where} is missing (${show(text)}): leave such rows out, or fill in a value such as the mean of the column`,
      );
    }
    throw new Error(
      `${where} must be a finite number, got ${show(text)}` +
        (this.#row === 1 && this.#format.header === false ? '; is the first row a header?' : ''),
    );
  }

  #place(): string {
    return `row ${this.#row} (line ${this.#line})`;
  }
}

function labelIndex(label: string | number | undefined, width: number): number {
  return typeof label === 'number' ? (label < 0 ? width + label : label) : -1;
}

/** The place of the newline that ends the record, or -1: newlines in quotes don't. */
function recordEnd(bytes: Buffer, start: number): number {
  let end = bytes.indexOf(newline, start);
  // a quote before the newline is rare: looked for only within the record
  let quoted = bytes.subarray(start, end < 0 ? bytes.length : end).indexOf(quote);
  if (end < 0 || quoted < 0) return end;
  let inside = false;
  for (quoted += start; quoted < bytes.length; quoted++) {
    if (bytes[quoted] === quote) inside = !inside;
    else if (bytes[quoted] === newline && !inside) return quoted;
  }
  end = -1;
  return end;
}

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    if (bytes[i] !== space && bytes[i] !== carriageReturn) return false;
  }
  return true;
}

/** The place of the delimiter after the field, or of the record's end. */
function fieldEnd(bytes: Buffer, start: number, end: number, delimiter: number): number {
  let inside = false;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte === quote) inside = !inside;
    else if (byte === delimiter && !inside) return i;
  }
  return end;
}

/** Without quotes and the blanks around. */
function fieldText(bytes: Buffer, start: number, stop: number): string {
  const text = bytes.toString('utf8', start, stop).trim();
  return text.startsWith('"') && text.endsWith('"') && text.length > 1
    ? text.slice(1, -1).replaceAll('""', '"').trim()
    : text;
}

function fieldTexts(bytes: Buffer, start: number, end: number, delimiter: number): string[] {
  const texts: string[] = [];
  for (let at = start; at <= end; ) {
    const stop = fieldEnd(bytes, at, end, delimiter);
    texts.push(fieldText(bytes, at, stop));
    at = stop + 1;
  }
  return texts;
}

function guessDelimiter(bytes: Buffer, start: number, end: number): number {
  const counts = [',', ';', '\t', '|'].map((candidate) => {
    const code = candidate.charCodeAt(0);
    return { code, count: fieldTexts(bytes, start, end, code).length };
  });
  return counts.reduce((most, one) => (one.count > most.count ? one : most)).code;
}

const powers = Float64Array.from({ length: 23 }, (_, i) => 10 ** i);

/** A decimal number, or NaN where this reader gives up: quotes, exponents beyond 22, words. */
function parseNumber(bytes: Buffer, from: number, to: number): number {
  let at = from;
  let stop = to;
  while (at < stop && (bytes[at] === space || bytes[at] === tab)) at++;
  while (stop > at && bytes[stop - 1] <= space) stop--;
  if (at === stop) return Number.NaN;
  const negative = bytes[at] === 0x2d;
  if (negative || bytes[at] === 0x2b) at++;
  let mantissa = 0;
  let exponent = 0;
  let digits = 0;
  for (; at < stop; at++) {
    const digit = bytes[at] - 0x30;
    if (digit < 0 || digit > 9) break;
    mantissa = mantissa * 10 + digit;
    digits++;
  }
  if (at < stop && bytes[at] === 0x2e) {
    for (at++; at < stop; at++) {
      const digit = bytes[at] - 0x30;
      if (digit < 0 || digit > 9) break;
      mantissa = mantissa * 10 + digit;
      exponent--;
      digits++;
    }
  }
  if (digits === 0 || digits > 22) return Number.NaN;
  if (at < stop && (bytes[at] | 0x20) === 0x65) {
    at++;
    const down = bytes[at] === 0x2d;
    if (down || bytes[at] === 0x2b) at++;
    let power = 0;
    const first = at;
    for (; at < stop; at++) {
      const digit = bytes[at] - 0x30;
      if (digit < 0 || digit > 9) break;
      power = power * 10 + digit;
    }
    if (at === first) return Number.NaN;
    exponent += down ? -power : power;
  }
  if (at !== stop || exponent > 22 || exponent < -22) return Number.NaN;
  const size = exponent < 0 ? mantissa / powers[-exponent] : mantissa * powers[exponent];
  return negative ? -size : size;
}
