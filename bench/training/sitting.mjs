// One sitting: for each net, everyone warms up, then runs in turn, again and again, so that a disturbed minute hits all.
import { fileURLToPath } from 'node:url';
import { run } from '../../scripts/setup/run.mjs';
import { countParameters, matrices } from './nets.mjs';
import { commandOf, environmentOf, participants } from './participants.mjs';
import { ensurePeer } from './peers.mjs';
import { Worker } from './worker.mjs';

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** The workers of a sitting: started when they are first asked for, and kept. */
export class Team {
  /** Why someone is not there, by name. */
  failures = {};
  versions = {};
  #workers = new Map();
  #pythons = new Map();
  #threads;
  #log;

  constructor(threads, log) {
    this.#threads = threads;
    this.#log = log;
  }

  async worker(name) {
    const present = this.#workers.get(name);
    if (present?.alive) return present;
    const { environment } = participants[name];
    const python = environment && (await this.#python(environment));
    const [command, ...args] = commandOf(name, python, this.#threads);
    const worker = await Worker.start(command, args, environmentOf(name, this.#threads));
    this.#workers.set(name, worker);
    Object.assign(this.versions, worker.versions);
    return worker;
  }

  /** Says why someone does not take part, and goes on. */
  fail(name, net, error) {
    const reason = error.message;
    this.failures[`${name}, ${net}`] = reason;
    this.#log(`  ${participants[name].label} does not take part: ${reason.split('\n').slice(-6).join('\n    ')}`);
    this.#workers.get(name)?.stop();
    this.#workers.delete(name);
  }

  stop() {
    for (const worker of this.#workers.values()) worker.stop();
  }

  /** Asked for once, also where it fails: several share an environment. */
  #python(environment) {
    if (!this.#pythons.has(environment)) this.#pythons.set(environment, ensurePeer(environment, this.#log));
    return this.#pythons.get(environment);
  }
}

/**
 * Times of one net with one batch size.
 *
 * @param names of participants
 * @param plan.steps per run, or undefined for the whole epoch
 * @returns milliseconds per step and what belongs to them, by participant
 */
export async function measure(team, key, net, names, { data, batch, steps, rounds, log }) {
  const parameters = countParameters(net);
  const sizes = matrices(net);
  const present = new Map();
  for (const name of names) {
    const { denseOnly, steps: most = Infinity, label } = participants[name];
    if (denseOnly && !sizes) continue;
    const wanted = Math.min(data.samples, (steps ?? Infinity) * batch, most * batch);
    try {
      const worker = await team.worker(name);
      const task = { net, batch, file: data.file, samples: wanted, parameters, matrices: sizes };
      const first = await worker.ask({ do: 'train', ...task });
      if (first.parameters !== parameters) {
        throw new Error(`it has built another net: ${first.parameters} parameters instead of ${parameters}`);
      }
      present.set(name, { worker, first: first.seconds, seconds: [], losses: [first.loss], samples: wanted });
      log(`  ${label}: first run ${first.seconds.toFixed(2)} s`);
    } catch (error) {
      team.fail(name, key, error);
    }
  }
  for (let round = 0; round < rounds; round++) {
    const order = [...present.keys()];
    // everyone follows everyone's cache and heat alike
    const turned = [...order.slice(round % order.length), ...order.slice(0, round % order.length)];
    for (const name of turned) {
      const entry = present.get(name);
      try {
        const { seconds, loss } = await entry.worker.ask({ do: 'run' });
        if (!Number.isFinite(loss)) throw new Error(`its loss is ${loss}`);
        entry.seconds.push(seconds);
        entry.losses.push(loss);
      } catch (error) {
        present.delete(name);
        team.fail(name, key, error);
      }
    }
  }
  const results = {};
  for (const [name, { worker, first, seconds, losses, samples }] of present) {
    const perRun = median(seconds);
    const stepsPerRun = Math.ceil(samples / batch);
    results[name] = {
      ms: (1000 * perRun) / stepsPerRun,
      samplesPerSecond: samples / perRun,
      warmUpSeconds: Math.max(0, first - perRun),
      stepsPerRun,
      msOfRuns: seconds.map((time) => (1000 * time) / stepsPerRun),
      losses,
    };
    // such as: this loss can't be compiled
    const words = worker.takeWords();
    if (participants[name].role === 'ours' && words) {
      results[name].said = words;
      log(`  ${participants[name].label} says: ${words}`);
    }
    try {
      await worker.ask({ do: 'stop' });
    } catch (error) {
      team.fail(name, key, error);
    }
  }
  warnOfOtherWork(results, log);
  return { key, title: net.title, batch, parameters, results };
}

/** After as many steps losses are alike, unless someone computes something else. */
function warnOfOtherWork(results, log) {
  const own = Object.keys(results).find((name) => participants[name].role === 'ours');
  if (!own) return;
  const { losses, stepsPerRun } = results[own];
  for (const [name, other] of Object.entries(results)) {
    if (participants[name].role === 'floor' || other.stepsPerRun !== stepsPerRun) continue;
    const ratio = other.losses.at(-1) / losses.at(-1);
    if (ratio > 1.5 || ratio < 1 / 1.5) {
      log(
        `  ${participants[name].label} ends at a loss of ${other.losses.at(-1)}, ${own} at ${losses.at(-1)}: the same work?`,
      );
    }
  }
}

/**
 * What a user waits for in a process that has trained nothing yet, in seconds, medians over fresh processes.
 *
 * @returns the first training on MNIST (until its progress moves, until its first epoch ends), and a training of one
 *   step with the small net, its engine loaded: trace, load, check and the step; undefined if it fails
 */
export async function measureFirstUse(engine, nets, files, { threads, starts, log }) {
  const script = fileURLToPath(new URL('workers/firstUse.mjs', import.meta.url));
  const env = environmentOf(engine, threads);
  const fresh = async (net, data, samples, engineFirst) => {
    const task = { net, batch: net.batch, file: data.file, samples };
    const times = [];
    for (let i = 0; i < starts; i++) {
      const output = await run(process.execPath, [script, JSON.stringify({ task, engineFirst })], { env });
      const answer = output.split('\n').find((line) => line.startsWith('@'));
      times.push(JSON.parse(answer.slice(1)).times);
    }
    return Object.fromEntries(Object.keys(times[0]).map((what) => [what, median(times.map((time) => time[what]))]));
  };
  try {
    const deep = await fresh(nets.deep, files.mnist, files.mnist.samples, false);
    const small = await fresh(nets.small, files.tabular, nets.small.batch, true);
    return { engine, deep, small: small.epoch };
  } catch (error) {
    log(`The first use of ${engine} could not be measured: ${error.message.split('\n').at(-1)}`);
    return undefined;
  }
}
