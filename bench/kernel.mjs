// How quick and how light the kernel is, beside Jupyter's Python kernel and tslab (TypeScript), which this installs from
// PyPI and npm into a cache folder and drives with jupyter_client. Build first: node scripts/build.mjs
// node bench/kernel.mjs [--ours] [--json FILE]
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'aenb', 'bench-kernel');
const STARTS = 7;
const TRIPS = 300;
const FLOODS = 9;

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const time = async (run) => {
  const start = performance.now();
  await run();
  return performance.now() - start;
};
const repeat = async (n, run) => {
  const times = [];
  for (let i = 0; i < n; i++) times.push(await run());
  return times;
};

/** Session as the command line uses it, in a file of its own. */
async function loadSession() {
  const folder = mkdtempSync(join(tmpdir(), 'aenb-bench-'));
  const outfile = join(folder, 'session.mjs');
  const entryPoints = [join(root, 'src', 'kernel', 'session.ts')];
  await esbuild.build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
  const { Session } = await import(outfile);
  rmSync(folder, { recursive: true });
  return Session;
}

/** Resident memory of a kernel and everything it has started, in MB (Linux). */
function memory(pid) {
  if (process.platform !== 'linux') return undefined;
  const rows = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,rss='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number));
  const family = new Set([pid]);
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const [child, parent] of rows) if (family.has(parent)) family.add(child);
  }
  return rows.filter(([id]) => family.has(id)).reduce((sum, [, , rss]) => sum + rss, 0) / 1000;
}

/** 2 000 lines of TypeScript as people write it: interfaces, functions with types, some branches. */
const manyLines = Array.from(
  { length: 250 },
  (_, i) => `interface Options${i} {
  rate: number;
  name?: string;
}
function train${i}(options: Options${i}, epochs: number = ${i}): number {
  const scaled: number = options.rate * epochs;
  return scaled + (options.name?.length ?? 0);
}`,
).join('\n');

async function ours() {
  const Session = await loadSession();
  const quiet = { events: () => {} };
  const open = () => new Session({ kernelPath: join(root, 'dist', 'kernel.js'), directory: tmpdir() });
  const run = (session, code, sink = quiet) => session.execute({ id: 'bench', code }, sink);

  const starts = await repeat(STARTS, async () => {
    const session = open();
    const taken = await time(() => run(session, '1 + 1'));
    await session.dispose();
    return taken;
  });
  const session = open();
  await run(session, '1 + 1');
  // as a person would find it: some time after it was used
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const idle = memory(session.pid);
  const trips = await repeat(TRIPS, () => time(() => run(session, '1 + 1')));
  let characters = 0;
  const sink = {
    events: (events) => {
      for (const event of events) if (event.kind === 'stream') characters += event.text.length;
    },
  };
  const flood = "for (let i = 0; i < 20000; i++) console.log(`line ${i} ${'x'.repeat(80)}`)";
  const floods = await repeat(FLOODS, () => time(() => run(session, flood, sink)));
  if (characters < FLOODS * 20_000 * 90) throw new Error(`text was lost: ${characters} characters`);
  const cells = await repeat(FLOODS, async () => (await run(session, manyLines)).milliseconds);
  const restarts = await repeat(STARTS, () => time(() => session.restart()));
  await session.dispose();
  return {
    'start to the first result, ms': median(starts),
    'round trip of 1 + 1, ms': median(trips),
    '20 000 lines of 90 characters, ms': median(floods),
    'idle memory, MB': idle,
    'cell of 2 000 lines of TypeScript, first, ms': cells[0],
    'cell of 2 000 lines of TypeScript, warm, ms': median(cells.slice(1)),
    'restart, ms': median(restarts),
  };
}

const python = join(cache, 'python', 'bin', 'python');
const tslabBin = join(cache, 'node_modules', '.bin', 'tslab');

function installPeers() {
  mkdirSync(cache, { recursive: true });
  const options = { cwd: cache, stdio: ['ignore', 'ignore', 'inherit'] };
  if (!existsSync(join(cache, 'python', 'share', 'jupyter', 'kernels', 'python3'))) {
    execFileSync('python3', ['-m', 'venv', 'python'], options);
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', 'ipykernel', 'jupyter_client'], options);
  }
  if (!existsSync(tslabBin)) {
    writeFileSync(join(cache, 'package.json'), '{ "private": true }');
    execFileSync('npm', ['install', '--no-audit', '--no-fund', 'tslab', 'typescript@5'], options);
  }
  // what `tslab install` would write, which wants the whole of Jupyter
  const spec = join(cache, 'python', 'share', 'jupyter', 'kernels', 'tslab');
  mkdirSync(spec, { recursive: true });
  const argv = [tslabBin, 'kernel', '--config-path={connection_file}'];
  writeFileSync(
    join(spec, 'kernel.json'),
    JSON.stringify({ argv, display_name: 'TypeScript', language: 'typescript' }),
  );
}

const driver = `
import atexit, sys, time, json, statistics
from queue import Empty
from jupyter_client.manager import start_new_kernel
name, flood, starts, trips, floods = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
def open_kernel():
    begin = time.perf_counter()
    manager, client = start_new_kernel(kernel_name=name, startup_timeout=120)
    while True:
        try:
            run(client, '1 + 1', 5)
            break
        except Empty:  # said before the client was listening
            pass
    return manager, client, time.perf_counter() - begin
def run(client, code, patience=60):
    begin, size = time.perf_counter(), 0
    message = client.execute(code)
    while True:
        got = client.get_iopub_msg(timeout=patience)
        if got['parent_header'].get('msg_id') != message: continue
        if got['msg_type'] == 'error': raise SystemExit(str(got['content']))
        if got['msg_type'] == 'stream': size += len(got['content']['text'])
        if got['msg_type'] == 'status' and got['content']['execution_state'] == 'idle': break
    return time.perf_counter() - begin, size
def family(pid):
    rows = [list(map(int, r.split())) for r in __import__('subprocess').check_output(['ps', '-e', '-o', 'pid=,ppid=,rss='], text=True).split('\\n') if r.strip()]
    known = {pid}
    while True:
        more = {r[0] for r in rows if r[1] in known} - known
        if not more: break
        known |= more
    return sum(r[2] for r in rows if r[0] in known) / 1000
first = []
for _ in range(starts):
    manager, client, seconds = open_kernel()
    first.append(seconds)
    if _ < starts - 1: manager.shutdown_kernel(now=True)
atexit.register(lambda: manager.shutdown_kernel(now=True))
time.sleep(1)
idle = family(manager.provisioner.pid)
median = lambda values: statistics.median(values) * 1000
round_trip = median([run(client, '1 + 1')[0] for _ in range(trips)])
try:
    lines = [run(client, flood) for _ in range(floods)]
    assert all(size >= 20000 * 90 for _, size in lines), lines
    flooded = median([s for s, _ in lines])
except Empty:
    flooded = None
print(json.dumps({'start to the first result, ms': median(first), 'round trip of 1 + 1, ms': round_trip,
  '20 000 lines of 90 characters, ms': flooded, 'idle memory, MB': idle}))
`;

function peer(name, flood, trips = TRIPS) {
  const args = ['-c', driver, name, flood, ...[STARTS, trips, FLOODS].map(String)];
  const env = {
    ...process.env,
    PATH: `${join(cache, 'python', 'bin')}:${join(cache, 'node_modules', '.bin')}:${process.env.PATH}`,
  };
  return JSON.parse(execFileSync(python, args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] }));
}

const results = { aenb: await ours() };
if (!process.argv.includes('--ours')) {
  installPeers();
  measure('ipykernel', () => peer('python3', "for i in range(20000): print(f'line {i} ' + 'x' * 80)"));
  // it stops answering somewhere between 50 and 300 cells
  measure('tslab', () =>
    peer('tslab', "for (let i = 0; i < 20000; i++) console.log(`line ${i} ${'x'.repeat(80)}`)", 50),
  );
}

/** A peer that fails leaves its column out. */
function measure(name, run) {
  try {
    results[name] = run();
  } catch (error) {
    console.error(`${name} could not be measured: ${error.stderr || error.message.split('\n')[0]}`);
  }
}

const goals = {
  'start to the first result, ms': 400,
  'round trip of 1 + 1, ms': 2,
  '20 000 lines of 90 characters, ms': 250,
  'idle memory, MB': 110,
  'cell of 2 000 lines of TypeScript, warm, ms': 50,
};
const names = Object.keys(results);
// null: no answer within a minute
const show = (value) =>
  value === undefined ? '' : value === null ? 'none in 60 s' : value < 10 ? value.toFixed(1) : value.toFixed(0);
console.log(`${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}, medians\n`);
console.log(`| | goal | ${names.join(' | ')} |\n|---|---|${names.map(() => '---').join('|')}|`);
for (const row of Object.keys(results.aenb)) {
  console.log(`| ${row} | ${goals[row] ?? ''} | ${names.map((name) => show(results[name][row])).join(' | ')} |`);
}
const file = process.argv[process.argv.indexOf('--json') + 1];
if (process.argv.includes('--json')) writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
