/** A graph that TensorFlow has loaded, and calls of it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NotCompilable } from '../program/index.ts';
import { nodeBackend, type TensorMetadata } from './binding.ts';
import type { encodeSavedModel, GraphNode } from './savedModel.ts';

export type Encode = typeof encodeSavedModel;

export class GraphSession {
  readonly #id: number;

  /** The file that TensorFlow reads is in a folder of this user's alone, for as long as it is being read. */
  constructor(nodes: readonly GraphNode[], initializer: string, encode: Encode) {
    let folder: string | undefined;
    try {
      folder = mkdtempSync(join(tmpdir(), 'aenb-graph-'));
      writeFileSync(join(folder, 'saved_model.pb'), encode(nodes, initializer), { mode: 0o600 });
      this.#id = nodeBackend().binding.loadSavedModel(folder, 'serve');
    } catch (error) {
      throw new NotCompilable(`TensorFlow does not take the graph: ${(error as Error).message}`);
    } finally {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Feeds tensors by name, and gives what the named outputs are; the caller deletes both. */
  run(feeds: ReadonlyMap<string, number>, outputs: readonly string[]): TensorMetadata[] {
    const { binding } = nodeBackend();
    return binding.runSavedModel(this.#id, [...feeds.values()], [...feeds.keys()].join(','), outputs.join(','));
  }

  /** As `run`, with the values of the outputs. */
  read(feeds: ReadonlyMap<string, number>, outputs: readonly string[]): Float32Array[] {
    const { binding } = nodeBackend();
    return this.run(feeds, outputs).map(({ id }) => {
      // a copy: the tensor's memory goes with it
      const values = binding.tensorDataSync(id).slice();
      binding.deleteTensor(id);
      return values;
    });
  }

  /** Runs for what it changes, and deletes what it was fed with. */
  runAndFree(feeds: readonly (readonly [string, number])[], output: string): void {
    const { binding } = nodeBackend();
    try {
      for (const { id } of this.run(new Map(feeds), [output])) binding.deleteTensor(id);
    } finally {
      for (const [, id] of feeds) binding.deleteTensor(id);
    }
  }

  dispose(): void {
    nodeBackend().binding.deleteSavedModel(this.#id);
  }
}
