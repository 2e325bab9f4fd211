import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Writable } from 'node:stream';
import { BadCall } from './failure.ts';
import { checkWritable } from './files.ts';

export const SCORE_FORMATS = ['csv', 'jsonl'] as const;

export interface ScoreOptions {
  out?: string;
  format?: (typeof SCORE_FORMATS)[number];
  label?: string;
  delimiter?: string;
  top?: number;
  quiet?: boolean;
}

type Toolkit = typeof import('../toolkit/index.ts');
type Row = import('../toolkit/index.ts').ScoredRow;

/** Scores every row of a file with a saved detector; what is written to a file appears there when it is whole. */
export async function score(folder: string, data: string, options: ScoreOptions): Promise<void> {
  if (options.out !== undefined) checkWritable(options.out);
  const format = options.format ?? (/^\.(jsonl|ndjson)$/.test(extname(options.out ?? '')) ? 'jsonl' : 'csv');
  const toolkit: Toolkit = await import('../toolkit/index.ts');
  const detector = await toolkit.AnomalyDetector.load(folder).catch((error: Error) => {
    throw new BadCall(error.message);
  });
  const partial = options.out && `${options.out}.${process.pid}.part`;
  const target: Writable = partial ? createWriteStream(partial) : process.stdout;
  try {
    const { label } = options;
    const rows = toolkit.scoreFile(detector, data, {
      ...(label !== undefined && { label: /^-?\d+$/.test(label) ? Number(label) : label }),
      ...(options.delimiter !== undefined && { delimiter: options.delimiter === '\\t' ? '\t' : options.delimiter }),
      ...(options.top !== undefined && { top: options.top }),
    });
    const counts = await writeRows(rows, target, format, options.top ?? 3);
    if (partial && options.out) {
      target.end();
      await once(target, 'close');
      await rename(partial, options.out);
    }
    if (!options.quiet) process.stderr.write(`${counts.rows} rows, ${counts.anomalies} anomalies\n`);
  } catch (error) {
    if (partial) {
      target.destroy();
      await rm(partial, { force: true });
    }
    throw error instanceof Error ? new BadCall(error.message) : error;
  }
}

async function writeRows(
  blocks: AsyncIterable<Row[]>,
  target: Writable,
  format: 'csv' | 'jsonl',
  top: number,
): Promise<{ rows: number; anomalies: number }> {
  const counts = { rows: 0, anomalies: 0 };
  const names = Array.from({ length: top }, (_, i) => `,top${i + 1},share${i + 1}`).join('');
  if (format === 'csv') target.write(`row,score,anomaly${names}\n`);
  for await (const block of blocks) {
    const text = block.map((row) => (format === 'csv' ? csvLine(row, top) : jsonLine(row))).join('');
    for (const { anomaly } of block) counts.anomalies += anomaly;
    counts.rows += block.length;
    // a slow reader is waited for: nothing piles up
    if (!target.write(text)) await once(target, 'drain');
  }
  return counts;
}

function csvLine({ row, score, anomaly, top }: Row, columns: number): string {
  const cells = Array.from({ length: columns }, (_, i) =>
    top[i] ? `,${quoted(String(top[i].feature))},${rounded(top[i].share)}` : ',,',
  );
  return `${row},${rounded(score)},${anomaly}${cells.join('')}\n`;
}

function jsonLine({ row, score, anomaly, top }: Row): string {
  const features = top.map(({ feature, share }) => ({ feature, share: rounded(share) }));
  return `${JSON.stringify({ row, score: rounded(score), anomaly, top: features })}\n`;
}

/** As many digits as a 32-bit float has. */
function rounded(value: number): number {
  return Number(value.toPrecision(7));
}

function quoted(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
