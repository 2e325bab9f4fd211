import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A machine to install on: a cache folder and a PATH of its own, on which there is what the test puts there. Programs on
 * it are scripts for the Node that runs the tests.
 */
export class Machine {
  private constructor(
    readonly home: string,
    private readonly saved: NodeJS.ProcessEnv,
  ) {}

  static async create(): Promise<Machine> {
    const home = await mkdtemp(join(tmpdir(), 'aenb-machine-'));
    const saved = { ...process.env };
    Object.assign(process.env, { HOME: home, AENB_CACHE: join(home, 'cache'), PATH: join(home, 'bin') });
    for (const name of ['AENB_NATIVE', 'CXX']) delete process.env[name];
    const machine = new Machine(home, saved);
    await machine.reset();
    return machine;
  }

  /** Nothing installed, no programs, no network. */
  async reset(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
    await mkdir(join(this.home, 'bin'), { recursive: true });
    await this.addProgram('xcode-select', '');
    delete process.env.AENB_NATIVE;
    (await serve(() => {})).close(); // an address where nobody listens any more
  }

  /** @param body JavaScript; `args` are its arguments, `fs` and `path` are there */
  async addProgram(name: string, body: string): Promise<void> {
    const file = join(this.home, 'bin', name);
    const log = JSON.stringify(this.logOf(name));
    const lines = [
      `#!${process.execPath}`,
      `const fs = require('node:fs'), path = require('node:path'), args = process.argv.slice(2);`,
      `fs.appendFileSync(${log}, args.join(' ') + '\\n');`,
      body,
    ];
    await writeFile(file, lines.join('\n'));
    await chmod(file, 0o755);
  }

  /** The calls of a program so far, one string each. */
  async callsOf(name: string): Promise<string[]> {
    if (!existsSync(this.logOf(name))) return [];
    return (await readFile(this.logOf(name), 'utf8')).trim().split('\n');
  }

  /** Every file below the cache folder. */
  async cachedFiles(): Promise<string[]> {
    const entries = await readdir(join(this.home, 'cache'), { recursive: true, withFileTypes: true }).catch(() => []);
    return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  }

  async remove(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
    for (const name of Object.keys(process.env)) if (!(name in this.saved)) delete process.env[name];
    Object.assign(process.env, this.saved);
  }

  private logOf(name: string): string {
    return join(this.home, `${name}.log`);
  }
}

/** A mirror of the download addresses, on this machine. */
export async function serve(listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  process.env.AENB_NATIVE_MIRROR = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return server;
}
