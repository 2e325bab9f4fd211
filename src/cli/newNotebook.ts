import { existsSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { codeCell, emptyNotebook, markdownCell, print } from '../notebook/index.ts';
import { BadCall } from './failure.ts';
import { checkWritable, writeWhole } from './files.ts';

/** Writes a small notebook that works at once: digits, an autoencoder, its reconstructions. */
export function newNotebook(path: string): void {
  const target = extname(path) === '' ? `${path}.aenb` : path;
  if (existsSync(target)) throw new BadCall(`cannot make ${target}: it is already there`);
  checkWritable(target);
  const notebook = emptyNotebook();
  notebook.cells = [
    markdownCell(`# ${basename(target, extname(target))}`),
    codeCell('const { train, test } = await datasets.digits();'),
    codeCell(
      'const model = new Autoencoder({ hidden: [128], latentDim: 32, seed: 1 });\nawait model.fit(train, { epochs: 10, validation: 0.1 });',
    ),
    codeCell('plot.reconstructions(model, test, { n: 10 });'),
  ];
  writeWhole(target, print(notebook));
  process.stderr.write(`wrote ${target}\n`);
}
