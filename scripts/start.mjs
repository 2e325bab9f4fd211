// npm start: from a fresh clone to a trained autoencoder and a page with its pictures. What is done is not done again.
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { build, checkNode, cli, ensureEngine, installPackages, main, node, root, StepFailed, say } from './steps.mjs';

const notebook = join('tutorials', '01-first-autoencoder.aenb');

await main(async () => {
  const began = Date.now();
  checkNode();
  await installPackages();
  await build();
  await prepareEngine();

  const out = join(root, 'out', basename(notebook));
  const html = out.replace(/\.aenb$/, '.html');
  mkdirSync(join(root, 'out'), { recursive: true });
  say(`\nRunning ${notebook}`);
  const ran = Date.now();
  const engine = process.env.AENB_ENGINE ? ['--engine', process.env.AENB_ENGINE] : [];
  const status = await node([cli, 'run', notebook, '--out', out, '--html', html, ...engine]);
  if (status === 130) throw new StepFailed('Interrupted.');
  if (status !== 0) throw new StepFailed(`${notebook} did not run to its end (see above).`);

  say('\nReached');
  console.log(summary(out));
  console.log(`time: ${seconds(ran)} for the notebook, ${seconds(began)} in all`);
  console.log(`executed notebook: ${relative(process.cwd(), out)}`);
  console.log(`page with the pictures: ${relative(process.cwd(), html)}`);
  return 0;
});

/** The native engine if it can be had; no reason to stop if it cannot. */
async function prepareEngine() {
  const asked = process.env.AENB_ENGINE;
  if (asked && asked !== 'auto' && asked !== 'tensorflow') {
    console.error(`AENB_ENGINE=${asked}: the native engine is not needed.`);
    return;
  }
  if (await ensureEngine()) return;
  if (asked === 'tensorflow')
    throw new StepFailed('AENB_ENGINE=tensorflow asks for the engine that cannot be had (see above).');
  console.error('Going on with the wasm engine.');
}

/** Text that the cells tagged `summary` printed. */
function summary(path) {
  const lines = [];
  for (const cell of JSON.parse(readFileSync(path, 'utf8')).cells) {
    if (!cell.metadata?.tags?.includes('summary')) continue;
    for (const output of cell.outputs ?? []) {
      const text = output.output_type === 'stream' ? output.text : output.data?.['text/plain'];
      if (text) lines.push([text].flat().join('').trimEnd());
    }
  }
  if (lines.length === 0) throw new StepFailed(`${path} holds no summary: no cell tagged "summary" printed anything.`);
  return lines.join('\n');
}

function seconds(since) {
  return `${Math.round((Date.now() - since) / 1000)} s`;
}
