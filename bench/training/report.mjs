// What a sitting found, as tables: for the terminal, and for a document.
import { readFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import { participants } from './participants.mjs';

const goals = { documented: 1.5, tunedDense: 1.1, tunedConv: 1.3, share: 0.8, tfjs: 2.5, wasm: 5 };
const begin = '<!-- bench training -->';
const finish = '<!-- /bench training -->';

/** Processor, its vector instructions, cores in use, system, Node. */
export function describeMachine(threads) {
  const model = cpus()[0]?.model ?? arch();
  let kind = '';
  if (platform() === 'linux') {
    const info = readFileSync('/proc/cpuinfo', 'utf8');
    const field = (name) => new RegExp(`^${name}\\s*:\\s*(.+)$`, 'm').exec(info)?.[1];
    const vectors = ['avx512f', 'avx2'].find((flag) => field('flags')?.split(' ').includes(flag));
    const family = field('cpu family') && `family ${field('cpu family')}, model ${field('model')}`;
    const parts = [family, { avx512f: 'AVX-512', avx2: 'AVX2' }[vectors]].filter(Boolean);
    if (parts.length > 0) kind = ` (${parts.join(', ')})`;
  }
  return `${model}${kind}, ${threads} ${threads === 1 ? 'core' : 'cores'}, ${platform()} ${arch()}, Node ${process.versions.node}`;
}

const quickest = (results, wanted) => {
  const times = Object.entries(results).filter(([name]) => wanted(participants[name], name));
  return times.length > 0 ? times.reduce((a, b) => (b[1].ms < a[1].ms ? b : a)) : undefined;
};
const byRole = (results, role) => quickest(results, (participant) => participant.role === role);

/** Times faster than others, by the quickest of our native engines; undefined where someone is missing. */
function ratios({ key, results }) {
  const ours = byRole(results, 'ours')?.[1].ms;
  const against = (other) => ours && other && other[1].ms / ours;
  const [wasm, stock] = [results.wasm, results['tfjs-wasm']];
  const dense = !['conv', 'pool'].includes(key);
  return {
    documented: { value: against(byRole(results, 'documented')), goal: goals.documented },
    tuned: { value: against(byRole(results, 'tuned')), goal: dense ? goals.tunedDense : goals.tunedConv },
    tfjs: { value: against(byRole(results, 'tfjs')), goal: goals.tfjs },
    wasm: { value: wasm && stock && stock.ms / wasm.ms, goal: goals.wasm },
    share: { value: against(byRole(results, 'floor')), goal: key === 'deep' ? goals.share : undefined },
  };
}

const meaning = {
  documented: 'times faster than the best peer as documented',
  tuned: 'times faster than the best tuned peer',
  tfjs: 'times faster than tfjs-node',
  wasm: 'times faster on wasm than tfjs',
  share: 'of a step is its bare matrix products',
};

/** Three digits, two below 1. */
function digits(value) {
  if (value === undefined) return '';
  return value >= 100 ? value.toFixed(0) : value.toPrecision(value < 1 ? 2 : 3);
}

/** One net: everyone's times, and what they are beside ours. */
export function terminalTable(entry) {
  const { title, batch, parameters, results } = entry;
  const engines = ['aenb', 'onnx', 'tensorflow'].filter((name) => results[name]);
  const rows = [
    ['', 'ms/step', 'samples/s', 'warm-up s', 'lowest', 'highest', ...engines.map((name) => `/ ${name}`), 'loss'],
    ...Object.entries(results).map(([name, { ms, samplesPerSecond, warmUpSeconds, msOfRuns, losses }]) => [
      participants[name].label,
      digits(ms),
      samplesPerSecond.toFixed(0),
      participants[name].role === 'floor' ? '' : warmUpSeconds.toFixed(2),
      digits(Math.min(...msOfRuns)),
      digits(Math.max(...msOfRuns)),
      ...engines.map((engine) => (ms / results[engine].ms).toFixed(2)),
      participants[name].role === 'floor' ? '' : losses.at(-1).toPrecision(4),
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  '),
  );
  const summary = Object.entries(ratios(entry))
    .filter(([, { value }]) => value !== undefined)
    .map(([name, { value, goal }]) => {
      const shown = name === 'share' ? `${(100 * value).toFixed(0)} %` : value.toFixed(2);
      const wanted = name === 'share' ? `${100 * goal} %` : goal;
      return `${shown} ${meaning[name]}${goal === undefined ? '' : ` (goal ${wanted}: ${value >= goal ? 'met' : 'missed'})`}`;
    });
  return [`${title}, batch ${batch}, ${parameters} parameters`, ...lines, ...summary].join('\n');
}

/** @param firstUse as measureFirstUse found it */
export function firstUseLine({ engine, deep, small }) {
  return (
    `First training of a fresh process on ${engine === 'aenb' ? 'our own kernels' : `\`${engine}\``}: from fit to the first progress ${digits(deep.progress)} s, to the end ` +
    `of the first epoch ${digits(deep.epoch)} s (deep dense, 60 000 images, the library loaded on the way). ` +
    `Small net, library loaded: tracing, loading, checking and one step take ${digits(small)} s.`
  );
}

const columns = [
  ['aenb, own kernels', (_, name) => name === 'aenb'],
  ['aenb, `onnx`', (_, name) => name === 'onnx'],
  ['aenb, `tensorflow`', (_, name) => name === 'tensorflow'],
  ['Keras', ({ group, role }) => group === 'keras' && role === 'documented'],
  ['Keras, tuned', ({ group, role }) => group === 'keras' && role === 'tuned'],
  ['PyTorch', ({ group, role }) => group === 'torch' && role === 'documented'],
  ['PyTorch, tuned', ({ group, role }) => group === 'torch' && role === 'tuned'],
  ['JAX', ({ group }) => group === 'jax'],
  ['tfjs-node', ({ role }) => role === 'tfjs'],
  ['aenb, `wasm`', (_, name) => name === 'wasm'],
  ['tfjs wasm', (_, name) => name === 'tfjs-wasm'],
  ['matrix products', ({ role }) => role === 'floor'],
];

/** The sitting's tables, for README or documentation. */
export function markdown({ machine, date, rounds, versions, nets, firstUses }) {
  const shown = columns.filter(([, wanted]) => nets.some(({ results }) => quickest(results, wanted)));
  const table = (head, rows) =>
    [head, ['---', ...head.slice(1).map(() => '---:')], ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
  const times = table(
    ['ms per step', 'batch', ...shown.map(([title]) => title)],
    nets.map(({ title, batch, results }) => [
      title,
      batch,
      ...shown.map(([, wanted]) => digits(quickest(results, wanted)?.[1].ms)),
    ]),
  );
  const asked = Object.keys(meaning).filter((name) => nets.some((net) => ratios(net)[name].value !== undefined));
  const comparison = table(
    ['', 'batch', ...asked.map((name) => meaning[name])],
    nets.map((net) => [
      net.title,
      net.batch,
      ...asked.map((name) => {
        const { value } = ratios(net)[name];
        if (value === undefined) return '';
        return name === 'share' ? `${(100 * value).toFixed(0)} %` : value.toFixed(2);
      }),
    ]),
  );
  const { node: _, ...others } = versions;
  const list = Object.entries(others).map(([name, version]) => `${name} ${version}`);
  return [
    `Medians of ${rounds} alternating runs on ${date.slice(0, 10)}, warm-up left out: ${machine}; ${list.join(', ')}.`,
    times,
    'The quickest of our engines beside the others:',
    comparison,
    ...firstUses.map(firstUseLine),
  ].join('\n\n');
}

/** @returns the document with the table between its markers */
export function insert(text, table, name) {
  const [from, to] = [text.indexOf(begin), text.indexOf(finish)];
  if (from < 0 || to < from) throw new RangeError(`${name} must hold the lines ${begin} and ${finish}`);
  return `${text.slice(0, from + begin.length)}\n${table}\n${text.slice(to)}`;
}
