/** Data that does not fit in memory: read in pieces, again for every epoch, one piece ahead of the training. */
import { type Dataset, isDataset } from './dataset.ts';
import { NdArray, type Samples, toNdArray, volume } from './ndarray.ts';
import { Random } from './random.ts';
import type { TrainingPiece, TrainingStream } from './train.ts';
import { checkFinite, show } from './validate.ts';

/** Gives all samples anew at every call, in pieces [rows, …] of any size that all have the same width. */
export type BatchSource = () => AsyncIterable<Samples>;

export function isBatchSource(x: unknown): x is BatchSource {
  return typeof x === 'function';
}

/** Batches that are in memory at a time, and in which the order is mixed. */
const batchesPerPiece = 16;

/** The first rows that a source gives: they tell the width. */
export async function firstRows(source: BatchSource): Promise<NdArray> {
  for await (const chunk of chunksOf(source)) return chunk;
  throw new RangeError('x must give at least one sample, the source of batches gave none');
}

/**
 * A source as training takes it.
 *
 * @param shape of a sample as the networks take it
 */
export function streamOf(
  source: BatchSource,
  { shape, batchSize, shuffle, seed }: { shape: readonly number[]; batchSize: number; shuffle: boolean; seed: number },
): TrainingStream {
  return {
    async *open(epoch) {
      const pieces = piecesOf(source, batchSize * batchesPerPiece, volume(shape));
      let next = pieces.next();
      try {
        for (let number = 0; ; number++) {
          const { value, done } = await next;
          if (done) return;
          // read on while this piece trains
          next = pieces.next();
          next.catch(() => undefined);
          const x = value.rows.reshape(value.rows.length, ...shape);
          const order = shuffle ? new Random(seed, `shuffle/${epoch}`, number).permutation(x.length) : undefined;
          yield { data: { x, target: x }, order, last: value.last } satisfies TrainingPiece;
        }
      } finally {
        await pieces.return(undefined);
      }
    },
  };
}

/** Pieces of `size` rows, the last one shorter. */
async function* piecesOf(
  source: BatchSource,
  size: number,
  width: number,
): AsyncGenerator<{ rows: NdArray; last: boolean }, undefined> {
  let waiting: Float32Array | undefined;
  let piece = new Float32Array(size * width);
  let filled = 0;
  for await (const chunk of chunksOf(source, width)) {
    for (let at = 0; at < chunk.data.length; ) {
      const part = chunk.data.subarray(at, at + piece.length - filled);
      piece.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < piece.length) continue;
      if (waiting) yield { rows: new NdArray(waiting, [size, width]), last: false };
      waiting = piece;
      piece = new Float32Array(size * width);
      filled = 0;
    }
  }
  if (waiting) yield { rows: new NdArray(waiting, [size, width]), last: filled === 0 };
  if (filled > 0) yield { rows: new NdArray(piece.slice(0, filled), [filled / width, width]), last: true };
  return undefined;
}

/** What a source gives, as arrays [rows, width] that were looked at. */
async function* chunksOf(source: BatchSource, width?: number): AsyncGenerator<NdArray, undefined> {
  const iterable: unknown = source();
  if (typeof (iterable as AsyncIterable<Samples> | null)?.[Symbol.asyncIterator] !== 'function') {
    throw new TypeError(
      `x must be a function that returns an async iterable of samples, it returned ${show(iterable)}`,
    );
  }
  let number = 0;
  let expected = width;
  for await (const given of iterable as AsyncIterable<Samples | Dataset>) {
    const name = `piece ${number++} of x`;
    const chunk = isDataset(given) ? given.x : await toNdArray(given);
    if (chunk.length === 0) continue;
    checkFinite(name, chunk);
    const found = volume(chunk.shape.slice(1));
    expected ??= found;
    if (found !== expected) throw new RangeError(`${name} must have ${expected} values per sample, got ${found}`);
    yield chunk.reshape(chunk.length, found);
  }
  return undefined;
}
