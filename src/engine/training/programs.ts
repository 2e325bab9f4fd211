/** A loss as programs: the step that learns, and the pass that only looks. What every compiling engine starts from. */
import * as tf from '@tensorflow/tfjs';
import {
  difference,
  type Lifted,
  liftConstants,
  NotCompilable,
  type Program,
  simplify,
  type TraceScope,
  trace,
} from '../program/index.ts';
import type { Type } from '../program/shapes.ts';
import { checkTerms, total } from './eager.ts';
import { randomOf } from './randomness.ts';
import type { StepInput, TrainerSpec, TrainingData } from './types.ts';

/** Names of a program's feeds and outputs. */
export const names = {
  /** What comes from the data. */
  batches: ['x', 'target', 'y'] as const,
  scalar: (name: string) => `scalar:${name}`,
  terms: 'terms',
  gradient: (index: number) => `gradient:${index}`,
};

export interface StepProgram {
  /** Simplified: its operations are those of tfjs, but their operands may have fewer axes than kernels of tfjs take. */
  readonly program: Program;
  /** What of it is fed at every run, though it never changes. */
  readonly constants: readonly Lifted[];
  /** As it was traced: for a replay, and to be compared with a later trace. */
  readonly traced: Program;
  /** In the order of the output `terms`. */
  readonly termNames: readonly string[];
  readonly batch: number;
  readonly training: boolean;
}

/** The variables of a model in the order in which an engine holds them: first those that train, by layers. */
export function orderedVariables({ layers, weights }: Pick<TrainerSpec, 'layers' | 'weights'>): {
  all: tf.Variable[];
  trained: tf.Variable[];
} {
  const trained = [...new Set(layers.flatMap((layer) => layer.variables))];
  return { trained, all: [...trained, ...weights.filter((variable) => !trained.includes(variable))] };
}

/**
 * Traces the loss for batches of one size, twice: what differs between the two can't be compiled.
 *
 * @throws NotCompilable with the reason
 */
export function traceStep(
  spec: TrainerSpec,
  data: TrainingData,
  scalars: readonly string[],
  batch: number,
  training: boolean,
): StepProgram {
  const kind = { data, scalars, batch, training };
  const { program, termNames } = traceOnce(spec, kind, 0);
  const differs = difference(program, traceOnce(spec, kind, 1).program);
  if (differs) {
    throw new NotCompilable(
      `what it computes differs from call to call (${differs}): draw random numbers from \`random\` instead of ` +
        'tf.randomNormal, tf.dropout or Math.random, and keep counters out of the loss',
    );
  }
  return { ...liftConstants(simplify(program)), traced: program, termNames, batch, training };
}

/** Whether the loss still computes what it did when it was traced. */
export function isCurrent(
  { traced, batch, training }: StepProgram,
  spec: TrainerSpec,
  data: TrainingData,
  scalars: readonly string[],
): boolean {
  return difference(traced, traceOnce(spec, { data, scalars, batch, training }, 0).program) === undefined;
}

interface StepKind {
  readonly data: TrainingData;
  readonly scalars: readonly string[];
  readonly batch: number;
  readonly training: boolean;
}

function traceOnce(
  spec: TrainerSpec,
  { data, scalars, batch, training }: StepKind,
  step: number,
): { program: Program; termNames: string[] } {
  const { all, trained } = orderedVariables(spec);
  let termNames: string[] = [];
  const program = trace({ variables: all, feeds: feedsOf(data, scalars, batch) }, (scope) => {
    const input = inputOf(scope, data, scalars, step, training);
    let terms: tf.Tensor | undefined;
    const loss = () => {
      const checked = checkTerms(spec.loss(input));
      termNames = Object.keys(checked);
      terms = tf.keep(tf.stack(Object.values(checked)));
      return total(checked);
    };
    if (!training) {
      loss();
      return { [names.terms]: unkept(terms!) };
    }
    const { grads } = tf.variableGrads(loss, trained);
    const gradients = trained.map((variable, i) => [names.gradient(i), grads[variable.name] ?? tf.zerosLike(variable)]);
    return { [names.terms]: unkept(terms!), ...Object.fromEntries(gradients) };
  });
  return { program, termNames };
}

/** Given to the scope around, which frees it. */
function unkept(tensor: tf.Tensor): tf.Tensor {
  const copy = tensor.clone();
  tensor.dispose();
  return copy;
}

function feedsOf({ x, target, y }: TrainingData, scalars: readonly string[], batch: number): Record<string, Type> {
  const perBatch = ({ shape }: { shape: readonly number[] }): Type => ({
    shape: [batch, ...shape.slice(1)],
    dtype: 'float32',
  });
  return {
    x: perBatch(x),
    ...(target !== x && { target: perBatch(target) }),
    ...(y && { y: perBatch(y) }),
    ...Object.fromEntries(scalars.map((name) => [names.scalar(name), { shape: [], dtype: 'float32' as const }])),
  };
}

function inputOf(
  { feeds, random }: TraceScope,
  { y }: TrainingData,
  scalars: readonly string[],
  step: number,
  training: boolean,
): StepInput {
  return {
    x: feeds.x,
    target: feeds.target ?? feeds.x,
    ...(y && { y: feeds.y }),
    random: randomOf(random),
    step,
    training,
    scalars: Object.fromEntries(scalars.map((name) => [name, feeds[names.scalar(name)] as tf.Scalar])),
  };
}
