/** Functions of a model (encode, decode), compiled once for each size of batch; weights are read in place. */
import * as tf from '@tensorflow/tfjs';
import { NotCompilable, simplify, trace } from '../program/index.ts';
import { tolerance } from './check.ts';
import type { Executable, InPlaceEngine } from './inPlace.ts';
import { volume } from './types.ts';

/** Of one function; the least used is dropped. */
const maxPrograms = 6;

interface Compiled {
  readonly executable: Executable;
  readonly inputs: readonly Float32Array[];
  readonly output: Float32Array;
  readonly shape: readonly number[];
}

/** What a function of tensors, one batch from each array, gives: [batch, …]. */
export type BatchFunction = (...batch: tf.Tensor[]) => tf.Tensor;

export class CompiledFunction {
  readonly #variables: readonly tf.Variable[];
  readonly #weights: readonly Float32Array[];
  /** The data that the weights were read from. */
  #read: object[] = [];
  readonly #programs = new Map<string, Compiled>();

  readonly #engine: InPlaceEngine;

  constructor(variables: readonly tf.Variable[], engine: InPlaceEngine) {
    this.#variables = variables;
    this.#engine = engine;
    this.#weights = variables.map(({ size }) => new Float32Array(size));
  }

  /**
   * @param code the same function at every call
   * @param shapes of the inputs, [batch, …] each
   * @param fill writes the inputs
   * @returns the result, in memory that the next call overwrites
   * @throws NotCompilable
   */
  run(
    code: BatchFunction,
    shapes: readonly (readonly number[])[],
    fill: (inputs: readonly Float32Array[]) => void,
  ): { values: Float32Array; shape: readonly number[] } {
    const key = shapes.join('/');
    const known = this.#programs.get(key);
    if (known) this.#programs.delete(key);
    const compiled = known ?? this.#compile(code, shapes);
    // the last in the map is the latest in use
    this.#programs.set(key, compiled);
    const [oldest] = this.#programs.keys();
    if (this.#programs.size > maxPrograms) {
      this.#programs.get(oldest)!.executable.dispose();
      this.#programs.delete(oldest);
    }
    this.#readWeights();
    fill(compiled.inputs);
    compiled.executable.run();
    if (!known) checkFirstRows(code, shapes, compiled);
    return { values: compiled.output, shape: compiled.shape };
  }

  #readWeights(): void {
    this.#variables.forEach((variable, i) => {
      if (variable.dataId === this.#read[i]) return;
      this.#weights[i].set(variable.dataSync());
      this.#read[i] = variable.dataId;
    });
  }

  #compile(code: BatchFunction, shapes: readonly (readonly number[])[]): Compiled {
    const names = shapes.map((_, i) => `input${i}`);
    const feedTypes = Object.fromEntries(
      names.map((name, i) => [name, { shape: shapes[i], dtype: 'float32' as const }]),
    );
    const traced = trace({ variables: this.#variables, feeds: feedTypes }, ({ feeds }) => ({
      result: code(...names.map((name) => feeds[name])),
    }));
    const program = simplify(traced);
    const { shape } = program.values[program.outputs.result];
    const inputs = shapes.map((of) => new Float32Array(volume(of)));
    const output = new Float32Array(volume(shape));
    const feeds = inputs.map((values, i) => [names[i], { values, shape: shapes[i], dtype: 'float32' as const }]);
    const executable = this.#engine.compile(program, {
      variables: this.#weights,
      feeds: Object.fromEntries(feeds),
      randoms: {},
      outputs: { result: { values: output, shape } },
    });
    return { executable, inputs, output, shape };
  }

  dispose(): void {
    for (const { executable } of this.#programs.values()) executable.dispose();
    this.#programs.clear();
  }
}

/** A few samples also go through tf: a function that maps each sample for itself gives the same for them. */
function checkFirstRows(
  code: BatchFunction,
  shapes: readonly (readonly number[])[],
  { inputs, output }: Compiled,
): void {
  const rows = Math.min(4, shapes[0][0]);
  const expected = tf.tidy(() => {
    const batch = shapes.map((shape, i) => {
      const part = [rows, ...shape.slice(1)];
      return tf.tensor(inputs[i].slice(0, volume(part)), part);
    });
    return code(...batch).dataSync<'float32'>();
  });
  const worst = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30) * tolerance;
  const wrong = expected.findIndex((value, i) => Math.abs(value - output[i]) > worst);
  if (wrong >= 0) throw new NotCompilable(`the compiled function gives ${output[wrong]} instead of ${expected[wrong]}`);
}
