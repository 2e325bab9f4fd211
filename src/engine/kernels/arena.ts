import { blockBytes, SimdMemory } from '../simd/memory.ts';
import { type Operation, type Place, placesOf } from './operations.ts';

/** Floats between the beginnings of places: a line of the cache. */
const line = 16;

interface Block {
  start: number;
  size: number;
}

/** Gives memory to the places that have none. */
export function allocate(operations: readonly Operation[]): void {
  const { starts, extent } = layOut(operations);
  if (extent === 0) return;
  const { values } = new SimdMemory(blockBytes(extent)).take(extent);
  for (const [place, start] of starts) place.memory = values.subarray(start, start + place.size);
}

/** Where the places that have no memory begin, in floats. Those that are not needed at the same time share it. */
export function layOut(operations: readonly Operation[]): { starts: Map<Place, number>; extent: number } {
  const lastUse = new Map<Place, number>();
  operations.forEach((operation, i) => {
    const { reads, writes } = placesOf(operation);
    for (const place of [...reads, ...writes]) if (!place.memory) lastUse.set(place, i);
  });
  const ending = operations.map((): Place[] => []);
  for (const [place, last] of lastUse) ending[last].push(place);
  const blocks = new Map<Place, Block>();
  const starts = new Map<Place, number>();
  const arena = new Arena();
  operations.forEach((operation, i) => {
    for (const place of placesOf(operation).writes) {
      if (!lastUse.has(place) || blocks.has(place)) continue;
      const block = arena.take(Math.ceil(place.size / line) * line);
      blocks.set(place, block);
      starts.set(place, block.start);
    }
    for (const place of ending[i]) {
      const block = blocks.get(place);
      if (!block) throw new Error('a place is read before it is written');
      arena.free(block);
    }
  });
  return { starts, extent: arena.extent };
}

class Arena {
  extent = 0;
  /** By their start; no two touch. */
  #gaps: Block[] = [];

  take(size: number): Block {
    // the smallest that is large enough
    const gap = this.#gaps.filter((one) => one.size >= size).sort((p, q) => p.size - q.size)[0];
    if (!gap) {
      const last = this.#gaps.at(-1);
      const start = last && last.start + last.size === this.extent ? this.#gaps.pop()!.start : this.extent;
      this.extent = start + size;
      return { start, size };
    }
    const block = { start: gap.start, size };
    gap.start += size;
    gap.size -= size;
    this.#gaps = this.#gaps.filter((one) => one.size > 0);
    return block;
  }

  free(block: Block): void {
    const gaps = [...this.#gaps, { ...block }].sort((p, q) => p.start - q.start);
    this.#gaps = [];
    for (const gap of gaps) {
      const before = this.#gaps.at(-1);
      if (before && before.start + before.size === gap.start) before.size += gap.size;
      else this.#gaps.push(gap);
    }
  }
}
