import { type Program, threadsFor } from '../program/index.ts';
import type { Bindings, Executable, InPlaceEngine } from '../training/index.ts';
import { emit, inputName } from './emit.ts';
import { Session, tensorOver } from './runtime.ts';

/** ONNX Runtime on the trainer's memory. */
export class OnnxEngine implements InPlaceEngine {
  readonly name = 'onnx';
  readonly #threads: number;

  constructor(threads: number) {
    this.#threads = threads;
  }

  compile(program: Program, { variables, feeds, randoms, outputs }: Bindings): Executable {
    const session = new Session(emit(program).encode(), threadsFor(program, this.#threads));
    const inputs = program.values.flatMap((value) => {
      const { shape } = value;
      switch (value.kind) {
        case 'variable':
          return [[inputName.variable(value.index), tensorOver(variables[value.index], shape)]];
        case 'random':
          return [[inputName.random(value.index), tensorOver(randoms[value.index], shape)]];
        case 'feed': {
          const { values, dtype } = feeds[value.name];
          return [[inputName.feed(value.name), tensorOver(values, shape, dtype)]];
        }
        default:
          return [];
      }
    });
    const results = Object.entries(outputs).map(([name, { values, shape }]) => [name, tensorOver(values, shape)]);
    const [given, found] = [Object.fromEntries(inputs), Object.fromEntries(results)];
    return { run: () => session.run(given, found), dispose: () => session.dispose() };
  }
}
