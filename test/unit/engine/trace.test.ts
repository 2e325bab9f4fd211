import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  difference,
  NotCompilable,
  type Program,
  print,
  replay,
  simplify,
  trace,
} from '../../../src/engine/program/index.ts';
import { withQuickFilterGradients } from '../../../src/engine/tensorflow/filterGradients.ts';
import { withGradientKernels } from '../../../src/engine/tensorflow/gradients.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const feeds = { x: { shape: [4, 6], dtype: 'float32' as const } };
const variable = (shape: number[], seed: number) => tf.variable(tf.randomUniform(shape, -1, 1, 'float32', seed));

describe('a trace', () => {
  test('gives what the code gives, with its gradients, when it is replayed', () => {
    const w = variable([6, 3], 1);
    const b = variable([3], 2);
    const loss = (x: tf.Tensor) =>
      tf
        .matMul(x as tf.Tensor2D, w as unknown as tf.Tensor2D)
        .add(b)
        .relu()
        .square()
        .mean() as tf.Scalar;
    const x = tf.randomUniform([4, 6], -1, 1, 'float32', 3);
    const program = trace({ variables: [w, b], feeds }, ({ feeds }) => {
      const { value, grads } = tf.variableGrads(() => loss(feeds.x), [w, b]);
      return { loss: value, w: grads[w.name], b: grads[b.name] };
    });
    const { value, grads } = tf.variableGrads(() => loss(x), [w, b]);
    for (const tried of [program, simplify(program)]) {
      const again = replay(tried, { variables: [w, b], feeds: { x } });
      expect(again.loss.dataSync()[0]).toBe(value.dataSync()[0]);
      expect(again.w.dataSync()).toEqual(grads[w.name].dataSync());
      expect(again.b.dataSync()).toEqual(grads[b.name].dataSync());
    }
    expect(simplify(program).nodes.length).toBeLessThan(program.nodes.length);
    expect(print(program)).toContain('Relu');
  });

  test('leaves no tensor and no backend behind, also when the code throws', () => {
    const w = variable([6, 3], 1);
    const before = tf.memory().numTensors;
    trace({ variables: [w], feeds }, ({ feeds }) => ({
      y: tf.matMul(feeds.x as tf.Tensor2D, w as unknown as tf.Tensor2D),
    }));
    expect(() =>
      trace({ variables: [w], feeds }, ({ feeds }) => {
        tf.variableGrads(() => {
          feeds.x
            .matMul(w as unknown as tf.Tensor)
            .relu()
            .dataSync();
          return tf.scalar(0);
        }, [w]);
        return {};
      }),
    ).toThrow(NotCompilable);
    expect(tf.getBackend()).toBe('cpu');
    expect(tf.memory().numTensors).toBe(before);
    expect(w.dataSync()).toHaveLength(18);
  });

  test('notes what is assigned to variables, and undoes it', () => {
    const average = tf.variable(tf.zeros([6]));
    const program = trace({ variables: [average], feeds }, ({ feeds }) => {
      average.assign(average.mul(0.9).add(feeds.x.mean(0).mul(0.1)));
      return {};
    });
    expect(Array.from(average.dataSync())).toEqual([0, 0, 0, 0, 0, 0]);
    expect(Object.keys(program.outputs)).toEqual(['update:0']);
    const { 'update:0': update } = replay(program, { variables: [average], feeds: { x: tf.ones([4, 6]) } });
    expect(update.dataSync()[0]).toBeCloseTo(0.1);
  });

  test('differs from the next one where the code draws its own random numbers', () => {
    const once = () => trace({ variables: [], feeds }, ({ feeds }) => ({ y: feeds.x.add(tf.randomNormal([4, 6])) }));
    expect(difference(once(), once())).toMatch(/constant of shape \[4,6\] that goes into Add/);
    const pure = () =>
      trace({ variables: [], feeds }, ({ feeds, random }) => ({ y: feeds.x.add(random([4, 6], { name: 'normal' })) }));
    expect(difference(pure(), pure())).toBeUndefined();
  });
});

describe('a program written in a quicker way', () => {
  const kernels = ({ nodes }: Program) => nodes.map(({ kernel }) => kernel);

  test('has the gradient of a ReLU before that of the pooling, where there are fewer elements', () => {
    const filter = variable([3, 3, 1, 4], 4);
    const program = trace(
      { variables: [filter], feeds: { x: { shape: [2, 6, 6, 1], dtype: 'float32' } } },
      ({ feeds }) => {
        const loss = () =>
          tf
            .conv2d(feeds.x as tf.Tensor4D, filter as unknown as tf.Tensor4D, 1, 'same')
            .relu<tf.Tensor4D>()
            .maxPool(2, 2, 'same')
            .square()
            .sum() as tf.Scalar;
        return { gradient: tf.variableGrads(loss, [filter]).grads[filter.name] };
      },
    );
    const simple = simplify(program);
    const steps = ({ nodes, values }: Program) =>
      nodes.filter(({ kernel }) => kernel === 'Step').map(({ outputs }) => values[outputs[0]].shape);
    expect(steps(program)).toEqual([[2, 6, 6, 4]]);
    expect(steps(simple)).toEqual([[2, 3, 3, 4]]);
    const x = tf.randomUniform([2, 6, 6, 1], -1, 1, 'float32', 5);
    const [slow, quick] = [program, simple].map((one) => replay(one, { variables: [filter], feeds: { x } }).gradient);
    expect(quick.dataSync()).toEqual(slow.dataSync());
  });

  test('has one operation for the gradient of each activation', () => {
    const w = variable([6, 3], 6);
    const gradientsOf = (activation: 'relu' | 'sigmoid' | 'tanh') =>
      withGradientKernels(
        simplify(
          trace({ variables: [w], feeds }, ({ feeds }) => {
            const loss = () =>
              tf
                .matMul(feeds.x as tf.Tensor2D, w as unknown as tf.Tensor2D)
                [activation]()
                .square()
                .sum() as tf.Scalar;
            return { gradient: tf.variableGrads(loss, [w]).grads[w.name] };
          }),
        ),
      );
    expect(kernels(gradientsOf('relu'))).toEqual(['BatchMatMul', 'Relu', 'Multiply', 'ReluGrad', 'BatchMatMul']);
    expect(kernels(gradientsOf('sigmoid'))).toContain('SigmoidGrad');
    expect(kernels(gradientsOf('tanh'))).toContain('TanhGrad');
    expect(kernels(gradientsOf('sigmoid'))).not.toContain('Sub');
  });

  test('finds the gradient of a filter that gives few channels the other way round', () => {
    const filter = variable([3, 5, 6, 1], 7);
    const program = simplify(
      trace({ variables: [filter], feeds: { x: { shape: [2, 7, 8, 6], dtype: 'float32' } } }, ({ feeds }) => {
        const loss = () =>
          tf
            .conv2d(feeds.x as tf.Tensor4D, filter as unknown as tf.Tensor4D, 1, 'same')
            .square()
            .sum() as tf.Scalar;
        return { gradient: tf.variableGrads(loss, [filter]).grads[filter.name] };
      }),
    );
    const turned = withQuickFilterGradients(program);
    expect(kernels(turned)).toContain('Reverse');
    const x = tf.randomUniform([2, 7, 8, 6], -1, 1, 'float32', 8);
    const [slow, quick] = [program, turned].map((one) => replay(one, { variables: [filter], feeds: { x } }).gradient);
    expect(quick.shape).toEqual(slow.shape);
    const wrong = tf.sub(quick, slow).abs().max().dataSync()[0];
    expect(wrong).toBeLessThan(1e-4);
  });
});
