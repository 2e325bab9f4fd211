import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { type Dataset, makeDataset } from '../dataset.ts';
import { NdArray } from '../ndarray.ts';
import { checkKnownOptions } from '../validate.ts';
import { type CsvBlock, type CsvFormat, CsvParser } from './csvParser.ts';

/**
 * A table of numbers in a text file, gzipped or not: fields may be quoted, delimiters and header are found out.
 *
 * x: [rows, columns without the label's]. y: the label's column; texts become 0, 1, … in their sorted order, which
 * `labels` keeps.
 * @param options.label name or index of the column that is the label; none by default
 * @param options.header whether the first row names the columns; default: if it has a field that is no number
 * @param options.delimiter default: the one of comma, semicolon, tab and bar that the first row has most of
 * @throws Error at the first missing value, field that is no number, or ragged row, by row and column
 */
export async function csv(path: string, options: CsvFormat = {}): Promise<Dataset> {
  checkKnownOptions('csv', options, ['label', 'header', 'delimiter']);
  const parser = new CsvParser(options, path);
  const blocks: CsvBlock[] = [];
  let values = 0;
  for await (const block of csvBlocks(path, parser)) {
    // the block's array has room for more than its values
    blocks.push({ ...block, values: block.values.slice() });
    values += block.values.length;
  }
  const x = new Float32Array(values);
  let offset = 0;
  for (const block of blocks) {
    x.set(block.values, offset);
    offset += block.values.length;
  }
  return makeDataset({
    name: path,
    x: new NdArray(x, [values / parser.features, parser.features]),
    ...(options.label !== undefined && numbered(blocks.flatMap((block) => block.labels ?? []))),
    source: path,
    licence: 'as the file says',
  });
}

/** The records of a file, a piece of about a megabyte at a time. */
export async function* csvBlocks(path: string, parser: CsvParser, bytesAtOnce = 2 ** 20): AsyncGenerator<CsvBlock> {
  for await (const chunk of await fileChunks(path, bytesAtOnce)) {
    const block = parser.parse(chunk, false);
    if (block.rows > 0) yield block;
  }
  const block = parser.parse(Buffer.alloc(0), true);
  if (block.rows > 0) yield block;
  parser.finish();
}

async function fileChunks(path: string, highWaterMark: number): Promise<AsyncIterable<Buffer>> {
  const file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0).finally(() => file.close());
  const packed = bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  const stream = createReadStream(path, { highWaterMark });
  if (!packed) return stream;
  const unpacked = createGunzip({ chunkSize: 2 ** 18 });
  stream.on('error', (error) => unpacked.destroy(error));
  return named(stream.pipe(unpacked), path);
}

async function* named(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
  } catch (error) {
    throw new Error(`${path} is no whole gzip file: ${(error as Error).message}`, { cause: error });
  }
}

/** Labels that are whole numbers stay; any others are numbered in their sorted order. */
export function numbered(texts: readonly string[]): { y: Int32Array; labels?: string[] } {
  if (texts.every((text) => /^[+-]?\d{1,9}(\.0*)?$/.test(text))) return { y: Int32Array.from(texts, Number) };
  const labels = [...new Set(texts)].sort();
  const numbers = new Map(labels.map((label, i) => [label, i]));
  return { y: Int32Array.from(texts, (text) => numbers.get(text)!), labels };
}
