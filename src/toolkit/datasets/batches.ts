/** Data larger than memory, as functions that a model's `fit` takes: each call reads it once more. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BatchSource } from '../batchSource.ts';
import { NdArray } from '../ndarray.ts';
import { Random } from '../random.ts';
import { checkKnownOptions, checkSeed, show } from '../validate.ts';
import { csvBlocks } from './csv.ts';
import { type CsvFormat, CsvParser } from './csvParser.ts';
import { npy } from './npy.ts';

export interface Mixing {
  /** Rows that are kept in memory and leave it in random order, so that neighbours in the file part; default 0. */
  buffer?: number;
  /** Of the order; every pass has another one. Default 0. */
  seed?: number;
}

/**
 * The rows of a CSV file of any size, a megabyte of it at a time. Options as with `datasets.csv`; the label's column is
 * left out.
 */
export function csvBatches(path: string, options: CsvFormat & Mixing = {}): BatchSource {
  checkKnownOptions('csvBatches', options, ['label', 'header', 'delimiter', 'buffer', 'seed']);
  const { buffer = 0, seed = 0, ...format } = options;
  checkMixing({ buffer, seed });
  // what is wrong with the format is said now
  new CsvParser(format, path);
  async function* rows(): AsyncGenerator<NdArray> {
    const parser = new CsvParser(format, path);
    for await (const block of csvBlocks(path, parser)) yield new NdArray(block.values, [block.rows, parser.features]);
  }
  let pass = 0;
  return () => mixed(rows(), buffer, new Random(seed, 'csvBatches', pass++));
}

/**
 * The arrays of a folder of .npy files, of which the next is read while one is used. Each pass takes the files in another
 * order, and the rows of each.
 *
 * @param options.shuffle false: as they lie in the folder, by name; default true
 */
export function npyShards(folder: string, options: Mixing & { shuffle?: boolean } = {}): BatchSource {
  checkKnownOptions('npyShards', options, ['shuffle', 'buffer', 'seed']);
  const { shuffle = true, buffer = 0, seed = 0 } = options;
  checkMixing({ buffer, seed });
  async function* rows(random: Random): AsyncGenerator<NdArray> {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.npy')).sort();
    if (names.length === 0) throw new Error(`${folder} holds no shards: no file in it ends in .npy`);
    const order = shuffle ? random.permutation(names.length) : names.keys();
    const paths = Array.from(order, (i) => join(folder, names[i]));
    let next = npy(paths[0]);
    for (let i = 0; i < paths.length; i++) {
      const shard = await next;
      if (i + 1 < paths.length) {
        next = npy(paths[i + 1]);
        next.catch(() => undefined);
      }
      yield shuffle ? shard.gather(random.permutation(shard.length)) : shard;
    }
  }
  let pass = 0;
  return () => {
    const random = new Random(seed, 'npyShards', pass++);
    return mixed(rows(random), shuffle ? buffer : 0, random);
  };
}

function checkMixing({ buffer, seed }: Required<Mixing>): void {
  checkSeed(seed);
  if (!Number.isSafeInteger(buffer) || buffer < 0) {
    throw new RangeError(`buffer must be a number of rows from 0 up, got ${show(buffer)}`);
  }
}

/** Each row that comes takes the place of a random one of the buffer, which leaves. */
async function* mixed(blocks: AsyncIterable<NdArray>, buffer: number, random: Random): AsyncGenerator<NdArray> {
  if (buffer === 0) {
    yield* blocks;
    return;
  }
  let pool: Float32Array = new Float32Array();
  let width = 0;
  let filled = 0;
  for await (const block of blocks) {
    if (width === 0) {
      width = block.data.length / block.length;
      pool = new Float32Array(buffer * width);
    }
    const out = new Float32Array(block.data.length);
    let left = 0;
    for (let i = 0; i < block.length; i++) {
      const row = block.row(i);
      const full = filled === buffer;
      const place = full ? random.integer(buffer) : filled++;
      if (full) out.set(pool.subarray(place * width, (place + 1) * width), left++ * width);
      pool.set(row, place * width);
    }
    if (left > 0) yield new NdArray(out.slice(0, left * width), [left, width]);
  }
  if (filled > 0) {
    yield new NdArray(pool.slice(0, filled * width), [filled, width]).gather(random.permutation(filled));
  }
}
