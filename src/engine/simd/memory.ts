/** One piece of WebAssembly memory with the routines of `assembly/` that work in it. Freed when nobody refers to it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Address = number;

/** See `assembly/`. */
interface Routines {
  adam(w: Address, m: Address, v: Address, g: Address, n: number, rate: number, epsilon: number): void;
  sgd(w: Address, g: Address, n: number, rate: number): void;
  momentum(w: Address, velocity: Address, g: Address, n: number, rate: number): void;
  rmsprop(w: Address, square: Address, g: Address, n: number, rate: number): void;
  sumOfSquares(x: Address, n: number): number;
  planScratch(): number;
  runPlan(words: Address, end: Address, table: Address, scratch: Address, bytes: number): void;
  fillUniform(out: Address, n: number, key0: number, key1: number, index: number): void;
  fillNormal(out: Address, n: number, key0: number, key1: number, index: number): void;
  fillBernoulli(out: Address, n: number, p: number, key0: number, key1: number, index: number): void;
}

/** Floats in the memory: their address for the routines, and a view on them. */
export interface Block {
  readonly address: Address;
  readonly values: Float32Array;
}

let compiled: WebAssembly.Module | undefined;
const page = 65536;
/** Every block starts at a multiple of 32 bytes and has room for a multiple of 8 floats, so that routines may overrun. */
const alignment = 32;

/** Bytes that a block of n floats takes. */
export function blockBytes(n: number): number {
  return Math.ceil((n * 4) / alignment) * alignment;
}

/** Beside the bundle; a test that imports this source finds it in the build. */
function moduleFile(): string {
  const file = join(__dirname, 'simd.wasm');
  return existsSync(file) ? file : join(__dirname, '..', '..', '..', 'dist', 'simd.wasm');
}

export class SimdMemory {
  readonly routines: Routines;
  readonly #buffer: ArrayBuffer;
  #next: number;

  /** @param bytes that all blocks will take together; the memory can't grow, since views would lose it */
  constructor(bytes: number) {
    compiled ??= new WebAssembly.Module(readFileSync(moduleFile()));
    // the first page is the module's own
    const pages = 1 + Math.ceil(bytes / page);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.routines = new WebAssembly.Instance(compiled, {
      env: { memory },
    }).exports as unknown as Routines;
    this.#buffer = memory.buffer as ArrayBuffer;
    this.#next = page;
  }

  /** A block of n floats, all zero. */
  take(n: number): Block {
    const address = this.#next;
    this.#next += blockBytes(n);
    if (this.#next > this.#buffer.byteLength) throw new Error('more memory is taken than was asked for');
    return { address, values: new Float32Array(this.#buffer, address, n) };
  }
}

let scratch: number | undefined;

/** Bytes that `runPlan` needs besides what its operations read and write. */
export function planScratch(): number {
  return (scratch ??= new SimdMemory(0).routines.planScratch());
}
