import { existsSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.env.AENB_DATA;

/** For `test.skipIf`: the full MNIST is not there. Where it is, nothing is skipped. */
export const withoutMnist = !folder || !existsSync(join(folder, 'mnist', 'train-images-idx3-ubyte.gz'));
if (withoutMnist) {
  console.log(`Skipped: figures on the full MNIST need it in $AENB_DATA/mnist (AENB_DATA is ${folder ?? 'not set'}).`);
}

/** Figures of our own run with `npm run published` only; those of the literature with every `npm test`. */
export const onlyLiterature = process.env.AENB_PUBLISHED !== 'all';

/** Prints our figure beside the one it is compared with. */
export function report(figure: {
  what: string;
  ours: string;
  reference: string;
  source: string;
  engine?: string;
  seconds?: number;
}): void {
  const { what, ours, reference, source, engine, seconds } = figure;
  const where = [engine, seconds !== undefined && `${seconds.toFixed(0)} s`].filter(Boolean).join(', ');
  console.log(`${what}: ours ${ours}, reference ${reference} (${source})${where && `; ${where}`}`);
}

export function average(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}
