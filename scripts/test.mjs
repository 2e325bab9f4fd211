// npm test [suite…]: installs what is missing, builds, runs the suites and ends with a line that sums them up.
// A suite may be narrowed to a file: npm test unit/install
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { writeFigures } from './figures.mjs';
import { packageVsix } from './package.mjs';
import { ensureChromium } from './setup/chromium.mjs';
import { ensureNode24 } from './setup/node24.mjs';
import { ensureVsCode } from './setup/vscode.mjs';
import { build, checkNode, ensureEngine, installPackages, main, node, root, StepFailed, say } from './steps.mjs';

const ci = /^(1|true)$/.test(process.env.CI ?? '');

/** Node 24's executable, once it is required. */
let node24;

/** What a suite needs beyond the packages. Each resolves to true, or throws with what to install. */
const requirements = {
  engine: async () => {
    if (!(await ensureEngine())) throw new Error('the native engine cannot be installed (see above)');
  },
  node24: async () => {
    node24 = await ensureNode24({ log: console.error });
  },
  chromium: async () => ensureChromium({ log: console.error }),
  vscode: async () => ensureVsCode({ log: console.error }),
  vsix: async () => {
    process.env.AENB_VSIX = await packageVsix();
  },
};

/**
 * Suites in the order they run: the quick ones first. Those without `run` are vitest's, in test/<folder>, which has the
 * suite's name if nothing else is said; `env` is what they are run with.
 */
const suites = {
  types: { run: () => tool('typescript/bin/tsc', '--noEmit') },
  lint: { run: () => tool('@biomejs/biome/bin/biome', 'check', '.') },
  // some wait for child processes, others compute: two files at once pay even on two cores
  unit: { needs: ['engine'], workers: Math.max(2, availableParallelism() - 1) },
  kernel: { needs: ['engine'] },
  // the same tests, with kernels on the newer Node
  kernel24: { needs: ['engine', 'node24'], folder: 'kernel', env: () => ({ AENB_TEST_NODE: node24 }) },
  cli: { needs: ['engine'] },
  renderers: { needs: ['chromium'] },
  published: { needs: ['engine'] },
  e2e: { needs: ['engine', 'chromium', 'vscode', 'vsix'] },
};

const counts = { passed: 0, failed: 0, skipped: 0 };
/** What each suite added to them. */
const tallies = new Map();
/** Requirement to the promise of a reason why it is missing, if it is: looked up once for all suites. */
const checked = new Map();

await main(async () => {
  const asked = process.argv.slice(2);
  for (const name of asked) {
    if (name.split('/')[0] in suites) continue;
    throw new StepFailed(`There is no suite ${name}. Suites: ${Object.keys(suites).join(', ')}`);
  }
  checkNode();
  await installPackages();
  await build();
  setEnvironment(asked);
  // mostly a download: it goes on beside the first suites
  if (asked.length === 0 || asked.some((name) => name.startsWith('e2e'))) void reasonItIsMissing('vscode');
  for (const name of asked.length > 0 ? asked : Object.keys(suites)) {
    const before = { ...counts };
    if (await runSuite(name)) return sumUp(130);
    tallies.set(name, Object.fromEntries(Object.keys(counts).map((kind) => [kind, counts[kind] - before[kind]])));
  }
  return sumUp(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
});

function setEnvironment(asked) {
  const data = resolve(root, '..', 'shared', 'data');
  if (!process.env.AENB_DATA && existsSync(data)) process.env.AENB_DATA = data;
  // all figures of the literature take an hour or two; a quick part of them runs with every test
  if (asked.some((name) => name.startsWith('published'))) process.env.AENB_PUBLISHED ??= 'all';
  if (process.env.AENB_PUBLISHED === 'all')
    process.env.AENB_FIGURES ??= join(root, 'test', 'published', 'figures.jsonl');
}

function allFigures(name) {
  return name.startsWith('published') && process.env.AENB_PUBLISHED === 'all';
}

/** @returns true if it was interrupted */
async function runSuite(name) {
  say(`\n── ${name}`);
  const { run, needs = [] } = suites[name.split('/')[0]];
  const missing = await firstMissing(needs);
  if (missing) {
    counts[ci ? 'failed' : 'skipped']++;
    console.error(`${name} ${ci ? 'cannot run' : 'is skipped'}: ${missing}`);
    return false;
  }
  if (!run) return runVitest(name);
  const status = await run();
  counts[status === 0 ? 'passed' : 'failed']++;
  return status === 130;
}

/** A missing native engine stops nothing but a build server: wasm takes its place. */
async function firstMissing(needs) {
  for (const need of needs) {
    const reason = await reasonItIsMissing(need);
    if (reason && (need !== 'engine' || ci)) return reason;
  }
  return undefined;
}

function reasonItIsMissing(need) {
  if (!checked.has(need)) checked.set(need, lookFor(need));
  return checked.get(need);
}

async function lookFor(need) {
  try {
    await requirements[need]();
    return undefined;
  } catch (error) {
    return error.message;
  }
}

function tool(script, ...args) {
  return node([join(root, 'node_modules', script), ...args], { stdin: 'ignore' });
}

async function runVitest(name) {
  const folder = await mkdtemp(join(tmpdir(), 'aenb-test-'));
  try {
    const results = join(folder, 'results.json');
    const [suite, ...file] = name.split('/');
    const { folder: tests = suite, env, workers } = suites[suite];
    const status = await node(
      [
        join(root, 'node_modules', 'vitest', 'vitest.mjs'),
        'run',
        ['test', tests, ...file].join('/') + (file.length > 0 ? '' : '/'),
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${results}`,
        ...(workers ? [`--maxWorkers=${workers}`] : []),
        // long trainings, timed, one at a time
        ...(allFigures(name) ? ['--no-file-parallelism'] : []),
      ],
      { stdin: 'ignore', env: { ...process.env, ...env?.() } },
    );
    if (allFigures(name)) await writeFigures();
    if (status === 130) return true;
    const text = await readFile(results, 'utf8').catch(() => undefined);
    if (!text) console.error(`${name}: vitest ended with status ${status} before it wrote its results`);
    count(JSON.parse(text ?? '{}'), status);
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A file that does not load, an error outside of any test, or a suite without tests counts as one failure each. */
function count(
  { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0, testResults = [] },
  status,
) {
  const broken = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = numFailedTests + broken;
  counts.passed += numPassedTests;
  counts.failed += failed > 0 || status === 0 ? failed : 1;
  counts.skipped += numPendingTests + numTodoTests;
}

function sumUp(status) {
  console.log();
  for (const [name, ofSuite] of tallies) console.log(`${name.padEnd(12)} ${words(ofSuite)}`);
  console.log(`\n${words(counts)}`);
  return status;
}

function words({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
