import { blockBytes, SimdMemory } from '../simd/memory.ts';
import { type Operation, type Place, placesOf } from './operations.ts';

/** Floats between the beginnings of places: a line of the cache. */
const line = 16;

interface Block {
  start: number;
  size: number;
}

/** Gives memory to the places that have none. Those that are not needed at the same time share it. */
export function allocate(operations: readonly Operation[]): void {
  const lastUse = new Map<Place, number>();
  operations.forEach((operation, i) => {
    const { reads, writes } = placesOf(operation);
    for (const place of [...reads, ...writes]) if (!place.memory) lastUse.set(place, i);
  });
  const ending = operations.map((): Place[] => []);
  for (const [place, last] of lastUse) ending[last].push(place);
  const blocks = new Map<Place, Block>();
  const arena = new Arena();
  operations.forEach((operation, i) => {
    for (const place of placesOf(operation).writes) {
      if (lastUse.has(place) && !blocks.has(place)) blocks.set(place, arena.take(Math.ceil(place.size / line) * line));
    }
    for (const place of ending[i]) {
      const block = blocks.get(place);
      if (!block) throw new Error('a place is read before it is written');
      arena.free(block);
    }
  });
  if (arena.extent === 0) return;
  const { values } = new SimdMemory(blockBytes(arena.extent)).take(arena.extent);
  for (const [place, { start }] of blocks) place.memory = values.subarray(start, start + place.size);
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
