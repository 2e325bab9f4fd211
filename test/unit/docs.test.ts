import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as ae from 'aenb';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const toolkit = join(root, 'src', 'toolkit');
const models = [
  'Autoencoder',
  'DenoisingAutoencoder',
  'SparseAutoencoder',
  'ContractiveAutoencoder',
  'ConvAutoencoder',
  'VariationalAutoencoder',
  'ConditionalVariationalAutoencoder',
  'StackedAutoencoder',
  'Classifier',
  'PCA',
  'optimize',
];

/** The example in the docstring above the export of this name. */
async function exampleOf(name: string): Promise<string> {
  const files = (await readdir(toolkit)).filter((file) => file.endsWith('.ts'));
  for (const file of files) {
    const text = await readFile(join(toolkit, file), 'utf8');
    const [before] = text.split(new RegExp(`export (?:class|async function) ${name}\\b`));
    if (before.length === text.length) continue;
    const docstring = before.slice(before.lastIndexOf('/**'));
    const [, code = ''] = docstring.match(/@example\n \* ```ts\n([\s\S]*?) \* ```/) ?? [];
    return code.replace(/^ \* ?/gm, '');
  }
  return '';
}

describe('the example of each model runs as it stands', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    await ae.kernelInterface.loadEngine();
  });

  test.each(models)('%s', async (name) => {
    const code = await exampleOf(name);
    expect(code).toContain(name);
    const quiet = { log: vi.fn(), warn: vi.fn() };
    // as in a cell: every export of the toolkit is a global
    const { default: _, ...exported } = ae as typeof ae & { default: unknown };
    const globals = { ...exported, console: quiet };
    const AsyncFunction = (async () => undefined).constructor as new (
      ...parts: string[]
    ) => (...values: unknown[]) => Promise<void>;
    await new AsyncFunction(...Object.keys(globals), code)(...Object.values(globals));
    for (const [first] of quiet.log.mock.calls) expect(first).toBeDefined();
  });
});

describe('the API documentation', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aenb-docs-'));
    const typedoc = join(root, 'node_modules', 'typedoc', 'bin', 'typedoc');
    await promisify(execFile)(process.execPath, [typedoc, '--out', folder], { cwd: root });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(models)('has a page of %s with its example', async (name) => {
    const page = await readFile(join(folder, name === 'optimize' ? 'functions' : 'classes', `${name}.html`), 'utf8');
    expect(page).toContain('Example');
    expect(page).toContain('datasets');
  });
});
