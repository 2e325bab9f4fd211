import { type Program, threadsFor, valuesOf } from '../program/index.ts';
import { adamSettings } from '../training/adam.ts';
import {
  type Bindings,
  type Executable,
  type InPlaceEngine,
  type Rows,
  type Samples,
  volume,
} from '../training/index.ts';
import { names } from '../training/programs.ts';
import type { Store } from '../training/store.ts';
import { allocate } from './arena.ts';
import { Plan, preparedFilterSize } from './binding.ts';
import { lower, memoryOf } from './lower.ts';
import { encode, type Learning, type Operation, Place } from './operations.ts';

/** Multiplications of a run from which on the other threads help. They wait busily, so that it takes little to call them. */
const worthSharing = 2e5;

/** Our own kernels on the trainer's memory. */
export class KernelEngine implements InPlaceEngine {
  readonly name = 'aenb';
  readonly #threads: number;

  constructor(threads: number) {
    this.#threads = threads;
  }

  compile(program: Program, bindings: Bindings, store?: Store): Executable {
    const threads = threadsFor(program, this.#threads, worthSharing);
    const memory = memoryOf(bindings);
    const batches = valuesOf(program, 'feed').filter(({ value }) => names.batches.some((name) => name === value.name));
    const sources = batches.map(({ value }) => value.name);
    const gathers = batches.map(
      ({ value: { name, shape } }, source): Operation => ({
        kind: 'gather',
        source,
        output: new Place(volume(shape), memory.feeds[name]),
        rows: shape[0],
        columns: volume(shape.slice(1)),
      }),
    );
    const plan = (learning?: Record<string, Learning>) => {
      const operations = lower(program, { ...memory, preparedFilterSize, learning });
      return planOf([...gathers, ...operations], sources.length, threads);
    };
    const plain = plan();
    /** Where the batch is, by source. */
    const rows: [Float32Array, Uint32Array | undefined, number][] = [];
    const run = (one: Plan) => {
      rows.forEach((from, source) => {
        one.source(source, ...from);
      });
      one.run();
    };
    let learner: { plan: Plan; set: (learningRate: number, step: number) => void } | undefined;
    const learn = (learningRate: number, step: number) => {
      if (!learner) {
        const { settings, set } = settingsOf(store!);
        const learning = store!.trained.map((_, i) => [names.gradient(i), learningOf(store!, settings, i)]);
        learner = { plan: plan(Object.fromEntries(learning)), set };
      }
      learner.set(learningRate, step);
      run(learner.plan);
    };
    return {
      gather: (feed: string, { data }: Samples, { order, start }: Rows) => {
        rows[sources.indexOf(feed)] = [data, order, start];
      },
      run: () => run(plain),
      ...(store && { learn }),
      dispose: () => {},
    };
  }

  optimizer(store: Store): (learningRate: number, step: number) => void {
    const { settings, set } = settingsOf(store);
    const { weights, gradients, slots } = store.whole;
    const learning = { optimizer: store.optimizer, weights: place(weights), slots: slots.map(place), settings };
    const operation: Operation = { kind: 'update', learning, gradients: place(gradients) };
    const plan = planOf([operation], 0, weights.length < 65536 ? 1 : this.#threads);
    return (learningRate, step) => {
      set(learningRate, step);
      plan.run();
    };
  }
}

function place(values: Float32Array): Place {
  return new Place(values.length, values);
}

/** What changes from step to step: the rate, and Adam's epsilon. */
function settingsOf({ optimizer }: Store): { settings: Place; set: (learningRate: number, step: number) => void } {
  const values = new Float32Array(2);
  const set = (learningRate: number, step: number) => {
    const { rate, epsilon } =
      optimizer === 'adam' ? adamSettings(learningRate, step) : { rate: learningRate, epsilon: 1e-7 };
    values[0] = rate;
    values[1] = epsilon;
  };
  return { settings: place(values), set };
}

/** The part of one variable. */
function learningOf({ optimizer, weights, slots }: Store, settings: Place, variable: number): Learning {
  return {
    optimizer,
    weights: place(weights[variable].values),
    slots: slots.map((blocks) => place(blocks[variable].values)),
    settings,
  };
}

function planOf(operations: readonly Operation[], sources: number, threads: number): Plan {
  allocate(operations);
  const { words, places } = encode(operations);
  const memory = places.map((place) => {
    if (!place.memory) throw new Error('a place without memory');
    return place.memory;
  });
  return new Plan(words, memory, { operations: operations.length, sources, threads });
}
