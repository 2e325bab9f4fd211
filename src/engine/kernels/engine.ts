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
import type { Store } from '../training/store.ts';
import { allocate } from './arena.ts';
import { Plan } from './binding.ts';
import { encode, type Operation, Place } from './operations.ts';
import { lower } from './rules.ts';

/** Multiplications of a run from which on the other threads help. They wait busily, so that it takes little to call them. */
const worthSharing = 2e5;

/** Our own kernels on the trainer's memory. */
export class KernelEngine implements InPlaceEngine {
  readonly name = 'aenb';
  readonly #threads: number;

  constructor(threads: number) {
    this.#threads = threads;
  }

  compile(program: Program, bindings: Bindings): Executable {
    const gathered = valuesOf(program, 'feed').filter(({ value }) => isBatch(value.name));
    const sources = gathered.map(({ value }) => value.name);
    const feeds = Object.fromEntries(
      // the kernels know floats only
      Object.entries(bindings.feeds).map(([name, { values }]) => [
        name,
        values instanceof Float32Array ? values : Float32Array.from(values),
      ]),
    );
    const operations: Operation[] = [
      ...gathered.map(
        ({ value: { name, shape } }, source): Operation => ({
          kind: 'gather',
          source,
          output: new Place(volume(shape), feeds[name]),
          rows: shape[0],
          columns: volume(shape.slice(1)),
        }),
      ),
      ...lower(program, {
        variables: bindings.variables,
        feeds,
        randoms: bindings.randoms,
        outputs: Object.fromEntries(Object.entries(bindings.outputs).map(([name, { values }]) => [name, values])),
      }),
    ];
    const plan = planOf(operations, sources.length, threadsFor(program, this.#threads, worthSharing));
    return {
      gather: (feed: string, { data }: Samples, { order, start }: Rows) =>
        plan.source(sources.indexOf(feed), data, order, start),
      run: () => plan.run(),
      dispose: () => {},
    };
  }

  optimizer({ whole, optimizer }: Store): (learningRate: number, step: number) => void {
    const { weights, gradients, slots } = whole;
    const settings = new Float32Array(2);
    const place = (values: Float32Array) => new Place(values.length, values);
    const operation: Operation = {
      kind: 'update',
      optimizer,
      count: weights.length,
      weights: place(weights),
      slots: slots.map(place),
      gradients: place(gradients),
      settings: place(settings),
    };
    const plan = planOf([operation], 0, weights.length < 65536 ? 1 : this.#threads);
    return (learningRate, step) => {
      const { rate, epsilon } =
        optimizer === 'adam' ? adamSettings(learningRate, step) : { rate: learningRate, epsilon: 1e-7 };
      settings.set([rate, epsilon]);
      plan.run();
    };
  }
}

function isBatch(feed: string): boolean {
  return feed === 'x' || feed === 'target' || feed === 'y';
}

function planOf(operations: readonly Operation[], sources: number, threads: number): Plan {
  allocate(operations);
  const { words, places } = encode(operations);
  return new Plan(words, places, { operations: operations.length, sources, threads });
}
