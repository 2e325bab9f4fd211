// node scripts/figures.mjs: puts the figures that `npm run published` measured into the README, as a table.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const [start, end] = ['<!-- figures -->', '<!-- /figures -->'];

export async function writeFigures() {
  const lines = await readFile(resolve(root, 'test/published/figures.jsonl'), 'utf8').catch(() => '');
  const figures = lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .filter(({ what }) => !what.startsWith('quick'));
  const readme = resolve(root, 'README.md');
  const text = await readFile(readme, 'utf8');
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md must hold ${start} and ${end}, the table goes between them`);
  const table = `${text.slice(0, from)}${start}\n${tableOf(figures)}\n${text.slice(to)}`;
  if (table === text) return;
  await writeFile(`${readme}.new`, table);
  await rename(`${readme}.new`, readme);
}

function tableOf(figures) {
  const rows = figures.map(({ what, ours, reference, source, seconds, engine }) => [
    what,
    ours,
    reference,
    source,
    seconds === undefined ? '' : String(Math.round(seconds)),
    engine ?? '',
  ]);
  return [['what', 'ours', 'reference', 'source', 'seconds', 'engine'], new Array(6).fill('---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await writeFigures();
