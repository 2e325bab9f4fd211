// A library at work in a process of its own, which stays alive and does as it is told over its standard input.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Lines of a worker that are meant for us; libraries print others. */
const mark = '@';
/** How long an answer may take before a worker is given up: compilers may be at work in it. */
const patience = 15 * 60_000;

export class Worker {
  /** What it says of itself when it is ready: its libraries' versions. */
  versions;
  #child;
  #waiting;
  #ended;
  #words = '';

  constructor(command, args, env) {
    this.#child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stdin.on('error', () => {}); // its end is told below
    this.#child.stderr.on('data', (data) => (this.#words = (this.#words + data).slice(-8000)));
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      if (line.startsWith(mark)) this.#answer(JSON.parse(line.slice(mark.length)));
    });
    this.#child.on('error', (error) => this.#end(`could not be started: ${error.message}`));
    this.#child.on('close', (code, signal) => this.#end(`ended with ${signal ?? `exit code ${code}`}`));
  }

  static async start(command, args, env) {
    const worker = new Worker(command, args, env);
    try {
      worker.versions = (await worker.#reply()).versions;
      return worker;
    } catch (error) {
      worker.stop();
      throw error;
    }
  }

  get alive() {
    return this.#ended === undefined;
  }

  /** What it wrote to standard error since the last time this was asked, without TensorFlow's greetings. */
  takeWords() {
    const greeting = /^(WARNING: All log messages before|[IW]\d{4} ?)/;
    const words = this.#words
      .split('\n')
      .filter((line) => line.trim() && !greeting.test(line))
      .join('\n');
    this.#words = '';
    return words;
  }

  ask(message) {
    if (!this.alive) throw new Error(this.#ended);
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
    return this.#reply();
  }

  stop() {
    this.#child.kill('SIGKILL');
  }

  #reply() {
    return new Promise((resolve, reject) => {
      if (!this.alive) return reject(new Error(this.#ended));
      const timer = setTimeout(() => {
        this.stop();
        reject(new Error(`no answer in ${patience / 60_000} minutes`));
      }, patience);
      this.#waiting = (settle) => {
        clearTimeout(timer);
        this.#waiting = undefined;
        settle(resolve, reject);
      };
    });
  }

  #answer(reply) {
    this.#waiting?.((resolve, reject) => (reply.error ? reject(new Error(reply.error)) : resolve(reply)));
  }

  #end(how) {
    this.#ended ??= [how, ...this.#words.trim().split('\n').slice(-12)].join('\n');
    this.#waiting?.((_resolve, reject) => reject(new Error(this.#ended)));
  }
}
