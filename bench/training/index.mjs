// Training beside Keras, PyTorch and JAX, which are installed from PyPI on first use. Build first: node scripts/build.mjs
// npm run bench -- training [options]; --help lists them
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeData } from './data.mjs';
import { nets } from './nets.mjs';
import { cores, engineNames, participants, peerNames } from './participants.mjs';
import { describeMachine, firstUseLine, insert, markdown, terminalTable } from './report.mjs';
import { measure, measureFirstUse, Team } from './sitting.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const help = `npm run bench -- training [options]

  --quick             fewer steps a run, in place of whole epochs: a sitting in a quarter of an hour
  --only NET,…        ${Object.keys(nets).join(', ')}
  --batch N,…         batch sizes, in place of each net's own
  --engines NAME,…    ours: ${engineNames.join(', ')}
  --peers NAME,…      ${peerNames.join(', ')}, or none
  --rounds N          runs of each, in turn (default 5)
  --steps N           steps a run, in place of whole epochs
  --threads N         for everyone (default: the cores this process may use, ${cores})
  --no-first-use      leaves out how long the first training of a process takes (our own kernels, and engine onnx)
  --markdown FILE     writes the table between the lines <!-- bench training --> and <!-- /bench training --> of FILE`;

const log = (text) => console.error(text);

function readOptions() {
  const { values } = parseArgs({
    allowNegative: true,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: Object.keys(nets).join(',') },
      batch: { type: 'string' },
      engines: { type: 'string', default: engineNames.join(',') },
      peers: { type: 'string', default: peerNames.join(',') },
      rounds: { type: 'string', default: '5' },
      steps: { type: 'string' },
      threads: { type: 'string', default: String(cores) },
      'first-use': { type: 'boolean', default: true },
      markdown: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    process.exit(0);
  }
  const names = (option, known) => {
    const list = values[option] === 'none' ? [] : values[option].split(',');
    const wrong = list.find((name) => !known.includes(name));
    if (wrong !== undefined) throw new RangeError(`--${option} must be of ${known.join(', ')}, got '${wrong}'`);
    return list;
  };
  const integer = (option, text) => {
    if (!/^[1-9]\d*$/.test(text)) throw new RangeError(`--${option} must be a positive integer, got '${text}'`);
    return Number(text);
  };
  const threads = integer('threads', values.threads);
  if (threads > cores) throw new RangeError(`--threads must be at most ${cores}, the cores there are, got ${threads}`);
  return {
    ...values,
    only: names('only', Object.keys(nets)),
    groups: [...names('engines', engineNames), ...names('peers', peerNames)],
    batches: values.batch?.split(',').map((text) => integer('batch', text)),
    rounds: integer('rounds', values.rounds),
    steps: values.steps === undefined ? undefined : integer('steps', values.steps),
    threads,
  };
}

async function main() {
  const options = readOptions();
  const { only, groups, batches, rounds, threads, quick } = options;
  if (!existsSync(join(root, 'dist', 'index.js'))) throw new Error('build first: npm run build');
  if (options.markdown) insert(await readFile(options.markdown, 'utf8'), '', options.markdown);
  const shared = resolve(root, '..', 'shared', 'data');
  if (!process.env.AENB_DATA && existsSync(shared)) process.env.AENB_DATA = shared;

  const names = Object.keys(participants).filter((name) => groups.includes(participants[name].group));
  const started = new Date();
  const machine = describeMachine(threads);
  log(`${machine}\n`);
  const data = await writeData();
  const team = new Team(threads, log);
  const end = () => {
    team.stop();
    data.remove();
  };
  for (const [signal, status] of Object.entries({ SIGINT: 130, SIGTERM: 143 })) {
    process.once(signal, () => {
      end();
      process.exit(status);
    });
  }
  try {
    const measured = [];
    for (const key of only) {
      const net = nets[key];
      for (const batch of batches ?? [net.batch]) {
        log(`${net.title}, batch ${batch}`);
        const steps = options.steps ?? (quick ? net.quickSteps : undefined);
        const plan = { data: data.files[net.data], batch, steps, rounds, log };
        const entry = await measure(team, key, net, names, plan);
        measured.push(entry);
        console.log(`\n${terminalTable(entry)}\n`);
      }
    }
    const firstUses = [];
    for (const engine of ['aenb', 'onnx'].filter((name) => options['first-use'] && groups.includes(name))) {
      const plan = { threads, starts: Math.min(5, rounds), log };
      const firstUse = await measureFirstUse(engine, nets, data.files, plan);
      if (firstUse) firstUses.push(firstUse);
      if (firstUse) console.log(`${firstUseLine(firstUse)}\n`);
    }
    const sitting = {
      date: started.toISOString(),
      machine,
      threads,
      rounds,
      versions: { node: process.versions.node, ...team.versions },
      nets: measured,
      firstUses,
      failures: team.failures,
    };
    const file = await keep(sitting, started);
    const table = markdown(sitting);
    console.log(`${table}\n\n${relative(process.cwd(), file)}`);
    if (options.markdown) {
      const text = await readFile(options.markdown, 'utf8');
      await writeFile(options.markdown, insert(text, table, options.markdown));
    }
  } finally {
    end();
  }
}

async function keep(sitting, started) {
  const folder = join(root, 'out', 'bench');
  await mkdir(folder, { recursive: true });
  const file = join(folder, `training-${started.toISOString().slice(0, 19).replace(/[-:]/g, '')}.json`);
  await writeFile(file, `${JSON.stringify(sitting, null, 1)}\n`);
  return file;
}

await main().catch((error) => {
  console.error(error instanceof RangeError || error.code?.startsWith('ERR_PARSE_ARGS') ? error.message : error);
  process.exitCode = 1;
});
