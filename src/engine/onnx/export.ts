/** A model's function as a file that any ONNX runtime reads: weights inside, number of samples free. */
import * as tf from '@tensorflow/tfjs';
import { NotCompilable, type Program, simplify, trace, type Value } from '../program/index.ts';
import { tolerance } from '../training/check.ts';
import { volume } from '../training/types.ts';
import { emit } from './emit.ts';
import { loadRuntime, Session, tensorOver } from './runtime.ts';

/** Stands for the number of samples: a prime that no other size is a multiple of. */
const anyBatch = 1009;
/** Numbers of samples that a graph is tried with. */
const tried = [1, 3];

export interface ExportedFunction {
  readonly variables: readonly tf.Variable[];
  /** Shapes of the inputs per sample, by the names that they get. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly output: string;
  /** Inputs [batch, …] in the order of `inputs`, to [batch, …]. */
  readonly code: (...inputs: tf.Tensor[]) => tf.Tensor;
}

/**
 * The function in ONNX's format, compared with tf where ONNX Runtime is there to run it.
 *
 * @throws NotCompilable if it uses an operation that can't be written, or one that depends on the number of samples
 */
export async function exportFunction(exported: ExportedFunction): Promise<Uint8Array> {
  const { variables, inputs, output, code } = exported;
  const names = Object.keys(inputs);
  const feeds = Object.fromEntries(
    names.map((name) => [name, { shape: [anyBatch, ...inputs[name]], dtype: 'float32' as const }]),
  );
  const traced = trace({ variables, feeds }, (scope) => ({
    [output]: code(...names.map((name) => scope.feeds[name])),
  }));
  const graph = emit(withWeights(simplify(traced), variables), { freeBatch: anyBatch, feedName: (name) => name });
  const model = graph.encode();
  if (await runtimeIsThere()) check(model, exported);
  return model;
}

/** Variables become constants. */
function withWeights(program: Program, variables: readonly tf.Variable[]): Program {
  const values = program.values.map((value): Value => {
    if (value.kind !== 'variable') return value;
    const { shape, dtype } = value;
    return { kind: 'constant', values: variables[value.index].dataSync<'float32'>(), shape, dtype };
  });
  return { ...program, values };
}

async function runtimeIsThere(): Promise<boolean> {
  try {
    await loadRuntime();
    return true;
  } catch {
    return false;
  }
}

function check(model: Uint8Array, { inputs, output, code }: ExportedFunction): void {
  const session = new Session(model, 1);
  try {
    for (const batch of tried) {
      const data = Object.entries(inputs).map(([name, shape], i) => {
        const size = batch * volume(shape);
        // any numbers will do, as long as no two samples are alike
        return {
          name,
          shape: [batch, ...shape],
          values: Float32Array.from({ length: size }, (_, j) => Math.abs(Math.sin(j + i))),
        };
      });
      const { expected, shape } = tf.tidy(() => {
        const result = code(...data.map(({ values, shape }) => tf.tensor(values.slice(), shape)));
        return { expected: result.dataSync<'float32'>(), shape: result.shape } as unknown as tf.TensorContainer;
      }) as unknown as { expected: Float32Array; shape: number[] };
      const got = new Float32Array(expected.length);
      const feeds = Object.fromEntries(data.map(({ name, shape, values }) => [name, tensorOver(values, shape)]));
      session.run(feeds, { [output]: tensorOver(got, shape) });
      const limit = tolerance * expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
      const wrong = got.findIndex((value, i) => !(Math.abs(value - expected[i]) <= limit));
      if (wrong >= 0) {
        throw new NotCompilable(
          `for ${batch} samples the file gives ${got[wrong]} where the model gives ${expected[wrong]}`,
        );
      }
    }
  } catch (error) {
    if (error instanceof NotCompilable) throw error;
    throw new NotCompilable(`the file can't be run for another number of samples: ${(error as Error).message}`);
  } finally {
    session.dispose();
  }
}
