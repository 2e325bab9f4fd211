import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as tar from 'tar';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as engine from '../../../src/engine/install/index.ts';
import { addonPath } from '../../../src/engine/tensorflow/location.ts';
import { Machine, serve } from './machine.ts';
import { zip } from './zip.ts';

/** The engine installed for this user, on loan for installations that have to compute in the end. */
const realAddon = addonPath();
const realLibraries = realAddon && dirname(realAddon);

let machine: Machine;
let server: Server | undefined;

beforeAll(async () => {
  machine = await Machine.create();
});
afterAll(() => machine.remove());
beforeEach(() => machine.reset());
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
  server = undefined;
});

const quiet = { onProgress: () => {} };

describe.skipIf(process.platform === 'win32')('on a machine with nothing', () => {
  test('the message names each road with its reason, and nothing is left behind', async () => {
    const failure = engine.install(quiet);
    await expect(failure).rejects.toThrow(/wheel: no Python with pip/);
    await expect(failure).rejects.toThrow(/C\+\+ compiler/);
    await expect(failure).rejects.toThrow(/could not be downloaded: ECONNREFUSED/);
    await expect(failure).rejects.toThrow(/wasm/);
    expect(await machine.cachedFiles()).toEqual([]);
  });

  test('the plan says why the better road is closed', async () => {
    const plan = await engine.plan();
    expect(plan.installed).toBe(false);
    expect(plan.reasons.join()).toMatch(/no Python with pip/);
  });

  test('the status says that nothing is installed and how to change that', async () => {
    expect(await engine.status()).toMatchObject({
      installed: false,
      works: false,
      reason: expect.stringContaining('aenb engine install'),
    });
  });

  test('there is nothing to remove', async () => {
    expect(await engine.remove()).toEqual({ freedBytes: 0 });
  });

  test('a folder in AENB_NATIVE that holds no engine is named, and the cache is not used instead', async () => {
    process.env.AENB_NATIVE = join(machine.home, 'elsewhere');
    const { reason } = await engine.status();
    expect(reason).toContain('elsewhere');
    await expect(engine.install(quiet)).rejects.toThrow(/AENB_NATIVE names .*elsewhere/);
  });
});

describe.skipIf(process.platform === 'win32')('when a tool fails', () => {
  test("pip's last lines are shown", async () => {
    await addCompiler();
    await machine.addProgram(
      'python3',
      pip(`console.error('ERROR: this index is closed on Sundays'); process.exit(3);`),
    );
    await expect(engine.install(quiet)).rejects.toThrow(/exit status 3[\s\S]*closed on Sundays/);
    expect(await machine.cachedFiles()).toEqual([]);
  });

  test('pip without a network is put in one line', async () => {
    await addCompiler();
    const words = `WARNING: Retrying after connection broken by 'NewConnectionError('<x>: [Errno 111] Connection refused')': /simple`;
    await machine.addProgram('python3', pip(`console.error(${JSON.stringify(words)}); process.exit(1);`));
    await expect(engine.install(quiet)).rejects.toThrow('cannot reach the Python package index (Connection refused)\n');
  });

  test("the compiler's last lines are shown, before anything is downloaded", async () => {
    await machine.addProgram('python3', pip(''));
    await machine.addProgram('g++', `console.error('g++: fatal error: no disk'); process.exit(1);`);
    await expect(engine.install(quiet)).rejects.toThrow(/no working C\+\+ compiler[\s\S]*fatal error: no disk/);
    expect((await machine.callsOf('python3')).filter((call) => call.includes('download'))).toEqual([]);
  });

  test('a wheel with a flipped bit is refused and not kept', async () => {
    await addCompiler();
    const wheel = zip({
      'tensorflow/libtensorflow_cc.so.2': 'the library',
      'tensorflow/libtensorflow_framework.so.2': 'f',
    });
    wheel[wheel.indexOf('the library')] = 0x54;
    await addPip(wheel);
    await expect(engine.install(quiet)).rejects.toThrow(/damaged: the checksum of .*libtensorflow_cc/);
    expect(await machine.cachedFiles()).toEqual([]);
  });
});

describe.skipIf(process.platform === 'win32' || process.arch !== 'x64')('the download', () => {
  test.each([
    ['that is no archive', Buffer.from('<html>Please log in</html>'), /cannot be unpacked/],
    ['that is refused', undefined, /could not be downloaded: the server answers 404/],
  ])('%s is named with its address and leaves nothing', async (_, body, message) => {
    server = await serve((_request, response) => (body ? response.end(body) : response.writeHead(404).end()));
    const failure = engine.install(quiet);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toThrow(process.env.AENB_NATIVE_MIRROR);
    expect(await machine.cachedFiles()).toEqual([]);
  });

  test('that is cut off is refused', async () => {
    server = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('x'.repeat(100), () => response.destroy());
    });
    await expect(engine.install(quiet)).rejects.toThrow(/could not be downloaded/);
    expect(await machine.cachedFiles()).toEqual([]);
  });

  test('of a library that does not load is never installed', async () => {
    const library = await archive({ 'lib/libtensorflow.so.2': 'no library', 'include/tensorflow/c/c_api.h': '' });
    const addon = await archive({ 'napi-v8/tfjs_binding.node': 'no addon' });
    server = await serve((request, response) => response.end(request.url?.includes('pre-built') ? addon : library));
    await expect(engine.install(quiet)).rejects.toThrow(/it does not load/);
    expect(await machine.cachedFiles()).toEqual([]);
    expect((await engine.status()).installed).toBe(false);
  });
});

// these end in a matrix product, so they need a library that computes: the one that is installed here
const canCompute =
  realLibraries !== undefined && process.platform !== 'win32' && existsSync(join(realLibraries, framework()));

describe.skipIf(!canCompute)('with pip and a compiler', () => {
  beforeEach(async () => {
    const wheel = {
      [`tensorflow/${library()}`]: 'the library',
      [`tensorflow/${framework()}`]: 'its other half',
      'tensorflow/include/tensorflow/c/c_api.h': '// a header',
      'tensorflow/python/framework.py': '# not needed',
    };
    await addPip(zip(wheel));
    await addCompiler();
  });

  test('the engine is installed, proves itself, is found again, and goes away', async () => {
    const planned = await engine.plan();
    expect(planned).toMatchObject({ road: 'wheel', installed: false, reasons: [] });
    const steps: string[] = [];
    const done = await engine.install({ onProgress: ({ step }) => steps.at(-1) !== step && steps.push(step) });
    expect(done).toMatchObject({ road: 'wheel', folder: planned.folder });
    expect(steps).toEqual(['downloading', 'unpacking', 'compiling', 'testing']);
    expect(await readdir(dirname(done.folder))).toEqual([expect.stringContaining('tensorflow-')]);
    expect((await readdir(done.folder)).sort()).toEqual(
      ['installed.json', framework(), library(), 'tfjs_binding.node'].sort(),
    );

    const report = await engine.status();
    expect(report).toMatchObject({ installed: true, works: true, road: 'wheel', folder: done.folder });
    expect(report.matrixProductSeconds).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(await engine.plan()).toMatchObject({ installed: true, downloadBytes: 0 });

    await engine.install(quiet);
    expect(await downloads()).toBe(1);

    expect((await engine.remove()).freedBytes).toBeGreaterThan(0);
    expect(await machine.cachedFiles()).toEqual([]);
    expect((await engine.status()).installed).toBe(false);
  });

  test('an interruption keeps the finished download only, and the next attempt goes on from there', async () => {
    const stop = new AbortController();
    const interrupted = engine.install({
      onProgress: ({ step }) => step === 'compiling' && stop.abort(new Error('enough')),
      signal: stop.signal,
    });
    await expect(interrupted).rejects.toThrow('enough');
    expect(await machine.cachedFiles()).toEqual([expect.stringMatching(/\.whl$/)]);
    expect((await engine.status()).installed).toBe(false);
    expect(await engine.plan()).toMatchObject({ road: 'wheel', downloadBytes: 0 });

    await engine.install(quiet);
    expect(await downloads()).toBe(1);
    expect((await machine.cachedFiles()).filter((file) => file.endsWith('.whl'))).toEqual([]);
  });

  test('an interruption ends pip as well', async () => {
    const note = join(machine.home, 'pid.log');
    const hang = `fs.writeFileSync(${JSON.stringify(note)}, String(process.pid));
      fs.writeFileSync(path.join(process.env.TMPDIR, 'part'), 'some bytes');
      setInterval(() => {}, 1000);`;
    await machine.addProgram('python3', pip(hang));
    const stop = new AbortController();
    const interrupted = engine.install({
      onProgress: ({ fraction = 0 }) => fraction > 0 && stop.abort(new Error('enough')), // it has written
      signal: stop.signal,
    });
    await expect(interrupted).rejects.toThrow('enough');
    const pid = Number(readFileSync(note, 'utf8'));
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(await machine.cachedFiles()).toEqual([]);
  });

  test('of two at once the second waits, and there is one download', async () => {
    const seen = [new Set<string>(), new Set<string>()];
    const [first, second] = await Promise.all(
      seen.map((steps) => engine.install({ onProgress: ({ step }) => steps.add(step) })),
    );
    expect(second?.folder).toBe(first?.folder);
    expect(seen.filter((steps) => steps.has('waiting')).length).toBe(1);
    expect(seen.filter((steps) => steps.has('downloading')).length).toBe(1);
    expect(await downloads()).toBe(1);
  });

  test('what a killed process left is cleared away, its lock too', async () => {
    const { folder } = await engine.plan();
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    const native = dirname(folder);
    await mkdir(join(native, 'unfinished', 'engine'), { recursive: true });
    await writeFile(join(native, 'unfinished', 'engine', 'half'), 'half a library');
    await writeFile(join(native, 'install.lock'), JSON.stringify({ pid: gone, host: hostname() }));
    await engine.install(quiet);
    expect(await readdir(native)).toEqual([expect.stringContaining('tensorflow-')]);
    expect(await readdir(folder)).not.toContain('half');
  });

  test('an installation that stopped working is reported and replaced', async () => {
    const { folder } = await engine.install(quiet);
    await rm(join(folder, library()));
    const broken = await engine.status();
    expect(broken).toMatchObject({ installed: true, works: false });
    expect(broken.reason).toMatch(/does not load/);
    await engine.install(quiet);
    expect((await engine.status()).works).toBe(true);
  });

  test('a folder without its manifest is no installation', async () => {
    const { folder } = await engine.install(quiet);
    await rm(join(folder, 'installed.json'));
    expect((await engine.status()).installed).toBe(false);
  });

  test('AENB_NATIVE takes an engine from elsewhere', async () => {
    process.env.AENB_NATIVE = realLibraries;
    expect(await engine.status()).toMatchObject({ installed: true, works: true, folder: realLibraries });
    await machine.addProgram('python3', 'process.exit(1)');
    expect(await engine.install(quiet)).toMatchObject({ folder: realLibraries });
  });
});

function library(): string {
  return process.platform === 'darwin' ? 'libtensorflow_cc.2.dylib' : 'libtensorflow_cc.so.2';
}

function framework(): string {
  return process.platform === 'darwin' ? 'libtensorflow_framework.2.dylib' : 'libtensorflow_framework.so.2';
}

/** @param download what `pip download` does */
function pip(download: string): string {
  return `if (args.includes('--version')) process.exit(0);
    const option = (name) => args.find((arg) => arg.startsWith(name + '=')).slice(name.length + 1);
    ${download}`;
}

async function addPip(wheel: Buffer): Promise<void> {
  const file = join(machine.home, 'bin', 'wheel');
  await writeFile(file, wheel);
  const copy = `const [name, version] = args.at(-1).split('==');
    const file = [name.replace('-', '_'), version, 'cp311-cp311-any.whl'].join('-');
    fs.copyFileSync(${JSON.stringify(file)}, path.join(option('--dest'), file));`;
  await machine.addProgram('python3', pip(copy));
}

/** "Compiles" by taking the addon that is installed, and the libraries that it needs in place of the wheel's. */
async function addCompiler(): Promise<void> {
  const body = `const out = args[args.indexOf('-o') + 1];
    if (out.endsWith('trial.out')) fs.writeFileSync(out, '');
    else {
      fs.copyFileSync(${JSON.stringify(realAddon ?? '')}, out);
      for (const name of ${JSON.stringify([library(), framework()])}) {
        fs.rmSync(path.join(path.dirname(out), name));
        fs.symlinkSync(path.join(${JSON.stringify(realLibraries ?? '')}, name), path.join(path.dirname(out), name));
      }
    }`;
  await machine.addProgram('c++', body);
}

async function downloads(): Promise<number> {
  return (await machine.callsOf('python3')).filter((call) => call.includes(' download ')).length;
}

async function archive(files: Record<string, string>): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'aenb-archive-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(join(folder, dirname(name)), { recursive: true });
      await writeFile(join(folder, name), content);
    }
    const stream = tar.create({ gzip: true, cwd: folder }, Object.keys(files));
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
