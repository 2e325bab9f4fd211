import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Classifier, type Dataset } from 'aenb';

const folder = process.env.AENB_DATA;

/** For `test.skipIf`: the full MNIST is not there. Where it is, nothing is skipped. */
export const withoutMnist = !folder || !existsSync(join(folder, 'mnist', 'train-images-idx3-ubyte.gz'));
if (withoutMnist) {
  console.log(`Skipped: figures on the full MNIST need it in $AENB_DATA/mnist (AENB_DATA is ${folder ?? 'not set'}).`);
}

/** Figures that take minutes run with `npm run published` only; a quick part of them with every `npm test`. */
export const onlyQuick = process.env.AENB_PUBLISHED !== 'all';

/** For the long figures, which are on the full MNIST. */
export const withoutTime = onlyQuick || withoutMnist;

export interface Figure {
  what: string;
  ours: string;
  /** What it is compared with, or must reach. */
  reference: string;
  source: string;
  engine?: string;
  seconds?: number;
}

/** Prints our figure beside the one it is compared with; `npm run published` puts it into the table of the README. */
export function report(figure: Figure): void {
  const { what, ours, reference, source, engine, seconds } = figure;
  const where = [engine, seconds !== undefined && `${seconds.toFixed(0)} s`].filter(Boolean).join(', ');
  console.log(`${what}: ours ${ours}, reference ${reference} (${source})${where && `; ${where}`}`);
  if (process.env.AENB_FIGURES) keep(process.env.AENB_FIGURES, figure);
}

/** One line of JSON a figure; a later one of the same name takes its place. */
function keep(path: string, figure: Figure): void {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').filter(Boolean) : [];
  const figures = lines.map((line) => JSON.parse(line) as Figure);
  const place = figures.findIndex(({ what }) => what === figure.what);
  figures.splice(place < 0 ? figures.length : place, place < 0 ? 0 : 1, figure);
  writeFileSync(path, `${figures.map((each) => JSON.stringify(each)).join('\n')}\n`);
}

export function average(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

/** A classifier of real digits that says which digit a drawn one is. */
export async function trainedJudge(train: Dataset): Promise<Classifier> {
  const judge = new Classifier({ encoder: { hidden: [512] }, classes: 10, seed: 1 });
  await judge.fit(train, { epochs: 6, batchSize: 128 });
  return judge;
}
