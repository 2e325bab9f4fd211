/** Our own kernels in WebAssembly, on one thread: what trains where no native engine is. */
import type { Program } from '../program/index.ts';
import { type Block, blockBytes, planScratch, SimdMemory } from '../simd/memory.ts';
import type { Bindings, Executable, InPlaceEngine } from '../training/index.ts';
import { layOut } from './arena.ts';
import { lower, memoryOf } from './lower.ts';
import { encode, type Geometry, type Operation, placesOf } from './operations.ts';

export class WasmKernelEngine implements InPlaceEngine {
  readonly name = 'wasm';

  compile(program: Program, bindings: Bindings): Executable {
    const memory = memoryOf(bindings);
    const operations = lower(program, { ...memory, preparedFilterSize: filterSize });
    const changing = [...memory.variables, ...Object.values(memory.feeds), ...Object.values(memory.randoms)];
    const plan = new WasmPlan(operations, new Set(changing));
    return { run: () => plan.run(), dispose: () => {} };
  }
}

const filterSize = ({ filterHeight, filterWidth, inChannels, outChannels }: Geometry): number =>
  filterHeight * filterWidth * inChannels * outChannels;

/** Bytes that an operation needs besides what it reads and writes, more than every plan has. */
function moreScratch(operation: Operation): number {
  if (!('geometry' in operation)) return 0;
  const { outWidth, filterHeight, filterWidth, inChannels } = operation.geometry;
  // one row of a convolution's output, with all that lies under the filter
  return 4 * outWidth * filterHeight * filterWidth * inChannels;
}

/** Operations in a memory of their own, with copies of what lies elsewhere. */
class WasmPlan {
  readonly #memory: SimdMemory;
  /** What is copied before every run. */
  readonly #given: Copy[] = [];
  /** What is copied after it. */
  readonly #results: Copy[] = [];
  readonly #arguments: readonly [words: number, end: number, table: number, scratch: number, bytes: number];

  /**
   * @param changing what the operations read, of which others change the values between runs
   */
  constructor(operations: readonly Operation[], changing: ReadonlySet<Float32Array>) {
    const { starts, extent } = layOut(operations);
    const { words, places } = encode(operations);
    const written = new Set(operations.flatMap((operation) => placesOf(operation).writes.map(({ memory }) => memory)));
    const elsewhere = places.filter((place) => !starts.has(place));
    const scratch = planScratch() + Math.max(0, ...operations.map(moreScratch));
    const sizes = [words.length, places.length, extent, scratch / 4, ...elsewhere.map(({ size }) => size)];
    this.#memory = new SimdMemory(sizes.reduce((sum, size) => sum + blockBytes(size), 0));
    const [program, table, arena, work] = sizes.slice(0, 4).map((size) => this.#memory.take(size));
    integers(program).set(words);
    integers(table).set(
      places.map((place) => {
        const start = starts.get(place);
        if (start !== undefined) return arena.address + 4 * start;
        const { address, values } = this.#memory.take(place.size);
        const memory = place.memory!;
        if (written.has(memory)) this.#results.push({ from: values, to: memory });
        else if (changing.has(memory)) this.#given.push({ from: memory, to: values });
        else values.set(memory);
        return address;
      }),
    );
    this.#arguments = [program.address, program.address + 4 * words.length, table.address, work.address, scratch];
  }

  run(): void {
    for (const { from, to } of this.#given) to.set(from);
    this.#memory.routines.runPlan(...this.#arguments);
    for (const { from, to } of this.#results) to.set(from);
  }
}

interface Copy {
  readonly from: Float32Array;
  readonly to: Float32Array;
}

function integers({ address, values }: Block): Int32Array {
  return new Int32Array(values.buffer, address, values.length);
}
