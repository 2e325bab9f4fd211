import { open } from 'node:fs/promises';
import type { AnomalyDetector } from './anomalyDetector.ts';
import { csvBlocks } from './datasets/csv.ts';
import { type CsvFormat, CsvParser } from './datasets/csvParser.ts';
import { npyBlocks } from './datasets/npy.ts';
import { NdArray } from './ndarray.ts';
import { checkKnownOptions, checkPositiveInteger } from './validate.ts';

export interface ScoredRow {
  /** From 1, the header not counted. */
  readonly row: number;
  readonly score: number;
  /** 1 where the score is above the detector's threshold. */
  readonly anomaly: 0 | 1;
  /** The features of the greatest error, by name where the file has names, else by index. */
  readonly top: readonly { readonly feature: string | number; readonly share: number }[];
}

/**
 * Scores a CSV (gzipped or not) or .npy file of any size, some rows at a time.
 *
 * @param options.top features to name for each row; default 3
 * @throws Error at a value that is missing or no number, by row and column
 */
export async function* scoreFile(
  detector: AnomalyDetector,
  path: string,
  options: CsvFormat & { top?: number } = {},
): AsyncGenerator<ScoredRow[]> {
  checkKnownOptions('scoreFile', options, ['label', 'header', 'delimiter', 'top']);
  const { top = 3, ...format } = options;
  if (top !== 0) checkPositiveInteger('top', top);
  let done = 0;
  for await (const { rows, names } of await blocksOf(path, format)) {
    const scores = await detector.scores(rows);
    const explanations = top > 0 ? await detector.explain(rows, { top }) : [];
    yield Array.from(scores, (score, i) => ({
      row: done + i + 1,
      score,
      anomaly: score > detector.threshold ? 1 : 0,
      top: (explanations[i]?.features ?? []).map(({ index, share }) => ({ feature: names?.[index] ?? index, share })),
    }));
    done += rows.length;
  }
}

async function blocksOf(path: string, format: CsvFormat): Promise<AsyncIterable<{ rows: NdArray; names?: string[] }>> {
  const file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(6), 0, 6, 0).finally(() => file.close());
  return buffer.toString('latin1') === '\x93NUMPY' ? npyParts(path) : csvParts(path, format);
}

async function* npyParts(path: string) {
  for await (const block of npyBlocks(path)) yield { rows: block.reshape(block.length, -1) };
}

async function* csvParts(path: string, format: CsvFormat) {
  const parser = new CsvParser(format, path);
  for await (const { values, rows } of csvBlocks(path, parser)) {
    yield { rows: new NdArray(values, [rows, parser.features]), names: parser.columns };
  }
}
