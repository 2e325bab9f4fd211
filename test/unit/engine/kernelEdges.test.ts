/** Our own kernels where it is easy to be wrong: sizes that fill no vector, nothing at all, and what is not a number. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { correctAveragePoolGradient, correctResizeGradient } from '../../../src/engine/corrections.ts';
import { loadKernels } from '../../../src/engine/kernels/binding.ts';
import { KernelEngine } from '../../../src/engine/kernels/engine.ts';
import { WasmKernelEngine } from '../../../src/engine/kernels/wasm.ts';
import { simplify, trace } from '../../../src/engine/program/index.ts';
import { type InPlaceEngine, volume } from '../../../src/engine/training/index.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
  correctResizeGradient();
  correctAveragePoolGradient('cpu');
  loadKernels();
});

type Code = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
type Numbers = { values: Float32Array; shape: number[] };

/** What the engine computes of a and b, and what tfjs does. */
function both(engine: InPlaceEngine, a: Numbers, b: Numbers, code: Code): { got: Float32Array; wanted: Float32Array } {
  const variables = [a, b].map(({ values, shape }) => tf.variable(tf.tensor(values, shape)));
  const compute = () => ({ y: tf.cast(code(variables[0], variables[1]), 'float32') });
  const { y } = compute();
  const got = new Float32Array(y.size);
  const program = simplify(trace({ variables, feeds: {} }, compute));
  const outputs = { y: { values: got, shape: y.shape } };
  const given = [a.values, b.values];
  const executable = engine.compile(program, { variables: given, feeds: {}, randoms: {}, outputs });
  // again, as training does: nothing of the first run may be left
  for (let run = 0; run < 2; run++) executable.run();
  executable.dispose();
  return { got, wanted: y.dataSync<'float32'>().slice() };
}

/** @param tolerance relative to each number, and where sums may cancel to `scale`: the size of what is added */
function expectClose(got: Float32Array, wanted: Float32Array, what: string, tolerance: number, scale = 1e-3): void {
  expect(got).toHaveLength(wanted.length);
  const wrong = wanted.findIndex((value, i) => {
    // zero's sign is nobody's concern
    const same = Object.is(got[i], value) || got[i] === value;
    return !same && !(Math.abs(got[i] - value) <= tolerance * Math.max(Math.abs(value), scale));
  });
  if (wrong >= 0) expect.fail(`${what}[${wrong}]: ${got[wrong]} instead of ${wanted[wrong]}`);
}

const numbers = (shape: number[], at: (i: number) => number): Numbers => ({
  shape,
  values: Float32Array.from({ length: volume(shape) }, (_, i) => at(i)),
});
const waves = (shape: number[], phase: number) => numbers(shape, (i) => Math.sin(i * 1.7 + phase) * 2);

/** Of which every pair occurs, in vectors and behind the last one. */
const special = [
  Number.NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  3e-7,
  -3e-7,
  20,
  -20,
  95,
  -110,
];
const first = numbers([special.length ** 2], (i) => special[i % special.length]);
const second = numbers([special.length ** 2], (i) => special[Math.floor(i / special.length)]);

const unary: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  ...{ abs: tf.abs, ceil: tf.ceil, cos: tf.cos, cosh: tf.cosh, elu: tf.elu, erf: tf.erf, exp: tf.exp, expm1: tf.expm1 },
  ...{ floor: tf.floor, isFinite: tf.isFinite, isInf: tf.isInf, isNaN: tf.isNaN, log: tf.log, log1p: tf.log1p },
  ...{ neg: tf.neg, reciprocal: tf.reciprocal, relu: tf.relu, relu6: tf.relu6, round: tf.round, rsqrt: tf.rsqrt },
  ...{ selu: tf.selu, sigmoid: tf.sigmoid, sin: tf.sin, sinh: tf.sinh, softplus: tf.softplus },
  ...{ sqrt: tf.sqrt, square: tf.square, step: tf.step, tan: tf.tan, tanh: tf.tanh, asin: tf.asin, acos: tf.acos },
  ...{ atan: tf.atan, asinh: tf.asinh, acosh: tf.acosh, atanh: tf.atanh },
  leakyRelu: (x) => tf.leakyRelu(x, 0.3),
  // of what is no number tfjs takes zero for the sign; ours stays no number
  sign: (x) => tf.sign(tf.where(tf.isNaN(x), tf.zerosLike(x), x)),
  clip: (x) => tf.clipByValue(x, -0.7, 1.2),
};
const binary: Record<string, Code> = {
  ...{ add: tf.add, sub: tf.sub, mul: tf.mul, div: tf.div, maximum: tf.maximum, minimum: tf.minimum },
  ...{ squaredDifference: tf.squaredDifference, atan2: tf.atan2 },
  ...{ equal: tf.equal, notEqual: tf.notEqual, greater: tf.greater, greaterEqual: tf.greaterEqual, less: tf.less },
  ...{ lessEqual: tf.lessEqual, prelu: tf.prelu },
  // C and tfjs differ in what 1 and -1 give to powers that are no number or infinite
  pow: (a, b) => tf.where(a.abs().equal(1), b, tf.pow(a, b)),
  where: (a, b) => tf.where(a.greater(b), a, b),
};

describe.each([new KernelEngine(1), new WasmKernelEngine()])('$name (%#)', (engine) => {
  test.each(Object.entries(unary))('%s of numbers and of what is none', (name, code) => {
    const { got, wanted } = both(engine, first, second, (a) => code(a));
    expectClose(got, wanted, name, 4e-6);
  });

  test.each(Object.entries(binary))('%s of numbers and of what is none', (name, code) => {
    const { got, wanted } = both(engine, first, second, code);
    expectClose(got, wanted, name, 4e-6);
  });

  test.each([[1], [2], [3], [5], [7], [63], [255], [257], [511], [513], [1027]])('%i elements', (size) => {
    const code: Code = (a, b) => a.add(b).mul(a).tanh().sub(b.exp());
    for (const shape of [[size], [size, 3], [3, size], [1, size], [size, 1]]) {
      const { got, wanted } = both(engine, waves(shape, 0), waves(shape, 1), code);
      expectClose(got, wanted, `${shape}`, 2e-6, 10);
    }
  });

  test.each([1, 2, 3, 5, 9, 67, 259])('rows, columns and numbers beside %i columns', (columns) => {
    for (const rows of [1, 2, 5, 70]) {
      const x = waves([rows, columns], 0);
      for (const shape of [[columns], [1, columns], [rows, 1], [1], []]) {
        const { got, wanted } = both(engine, x, waves(shape, 1), (a, b) => a.mul(b).add(b.square()).relu().add(a));
        expectClose(got, wanted, `${[rows, columns]} with ${shape}`, 2e-6, 10);
      }
    }
  });

  test.each([1, 2, 3, 4, 5, 8, 13])('products of %i rows', (rows) => {
    for (const columns of [1, 3, 8, 13]) {
      for (const depth of [1, 3, 4, 33, 1031]) {
        for (const [turnA, turnB] of [
          [false, false],
          [true, false],
          [false, true],
          [true, true],
        ]) {
          const a = waves(turnA ? [depth, rows] : [rows, depth], 0);
          const b = waves(turnB ? [columns, depth] : [depth, columns], 1);
          const { got, wanted } = both(engine, a, b, (p, q) => tf.matMul(p, q, turnA, turnB).add(0.5));
          expectClose(got, wanted, `${[rows, columns, depth, turnA, turnB]}`, 1e-6, 4 * depth);
        }
      }
    }
  });

  test('a product spreads what is not a number over its row or column alone', () => {
    const a = numbers([5, 6], (i) => (i === 8 ? Number.NaN : 1));
    const b = numbers([6, 11], (i) => (i === 13 ? Infinity : 1));
    const { got, wanted } = both(engine, a, b, (p, q) => p.matMul(q));
    expect(got).toEqual(wanted);
  });

  test.each([1, 2, 3, 4, 5, 17, 66, 300])('reductions of %i', (size) => {
    for (const inner of [1, 2, 3, 4, 8, 21, 64]) {
      for (const outer of [1, 3]) {
        const x = waves([outer, size, inner], 0);
        const code: Code = (a) => tf.stack([a.sum(1), a.mean(1), a.max(1), a.min(1), a.div(2).prod(1)]);
        const { got, wanted } = both(engine, x, waves([1], 0), code);
        expectClose(got, wanted, `${[outer, size, inner]}`, 2e-6, size);
      }
    }
  });

  test('the largest and the sum of what is not a number is not a number', () => {
    for (const inner of [1, 3, 4]) {
      const x = numbers([9, inner], (i) => (i === 5 * inner ? Number.NaN : i));
      const { got, wanted } = both(engine, x, waves([1], 0), (a) => tf.stack([a.max(0), a.min(0), a.sum(0)]));
      expect(
        [0, inner, 2 * inner].map((i) => got[i]),
        'max, min, sum',
      ).toEqual([Number.NaN, Number.NaN, Number.NaN]);
      expect(got.filter((_, i) => i % inner !== 0)).toEqual(wanted.filter((_, i) => i % inner !== 0));
    }
  });

  test('nothing is computed of nothing', () => {
    const none = { a: numbers([0, 3], () => 1), b: numbers([3, 2], () => 1) };
    expect(both(engine, none.a, none.b, (a, b) => a.matMul(b).relu()).got).toHaveLength(0);
    // a product without an inner dimension is zero
    const thin = [numbers([4, 0], () => 1), numbers([0, 5], () => 1)] as const;
    expect(both(engine, ...thin, (a, b) => a.matMul(b).add(2)).got).toEqual(new Float32Array(20).fill(2));
  });

  /** Height, width, channels; filter's height, width, channels out; strides; padding; dilation. */
  const images: [number[], number[], number | [number, number], 'same' | 'valid' | number, number][] = [
    [[1, 1, 1], [1, 1, 1], 1, 'same', 1],
    [[5, 7, 1], [3, 3, 1], 1, 'same', 1],
    [[5, 7, 3], [3, 2, 5], [2, 1], 'same', 1],
    [[6, 5, 4], [2, 4, 9], 1, 'valid', 1],
    [[9, 8, 2], [3, 3, 8], 3, 'same', 1],
    // steps that leave places out
    [[9, 11, 3], [2, 2, 4], 4, 'valid', 1],
    [[7, 7, 2], [3, 3, 4], 1, 'same', 2],
    [[8, 9, 3], [2, 3, 3], 1, 'valid', 3],
    [[6, 6, 5], [3, 3, 2], 2, 2, 1],
    // a filter larger than the image
    [[3, 4, 2], [7, 9, 3], 1, 'same', 1],
    [[28, 28, 1], [3, 3, 16], 2, 'same', 1],
    [[14, 14, 16], [3, 3, 8], 1, 'same', 1],
  ];

  test.each(images)(
    'a convolution of %j by %j, strides %j, padding %j, dilation %i',
    (size, window, strides, pad, dilation) => {
      for (const batch of [1, 5]) {
        const x = waves([batch, ...size], 0);
        const w = waves([window[0], window[1], size[2], window[2]], 1);
        const convolve = (a: tf.Tensor, b: tf.Tensor) =>
          tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, strides, pad, 'NHWC', dilation);
        const scale = 4 * volume(w.shape);
        const forward = both(engine, x, w, (a, b) => convolve(a, b).add(1));
        expectClose(forward.got, forward.wanted, 'result', 1e-6, scale);
        // tfjs has no gradients of dilated convolutions
        if (dilation > 1) continue;
        const gradient =
          (of: 0 | 1): Code =>
          (a, b) => {
            const dy = waves(convolve(a, b).shape, 2);
            return tf.grads((p, q) => convolve(p, q))([a, b], tf.tensor(dy.values, dy.shape))[of];
          };
        const input = both(engine, x, w, gradient(0));
        expectClose(input.got, input.wanted, 'gradient of the input', 1e-6, scale);
        const filter = both(engine, x, w, gradient(1));
        expectClose(filter.got, filter.wanted, 'gradient of the filter', 1e-6, 4 * volume(x.shape));
      }
    },
  );

  test.each(images)(
    'pooling of %j by %j, strides %j, padding %j, dilation %i',
    (size, window, strides, pad, dilation) => {
      // windows that lie in the padding alone have no mean and no maximum
      if (typeof pad === 'number') return;
      const [height, width] = window;
      const kinds = {
        maximum: (a: tf.Tensor) => tf.maxPool(a as tf.Tensor4D, [height, width], strides, pad),
        average: (a: tf.Tensor) => tf.avgPool(a as tf.Tensor4D, [height, width], strides, pad),
      };
      if (dilation > 1) return;
      for (const [name, code] of Object.entries(kinds)) {
        // whole numbers, so that a maximum is there more than once
        const x = numbers([3, ...size], (i) => Math.round(3 * Math.sin(i * i)));
        const forward = both(engine, x, x, (a) => code(a));
        expectClose(forward.got, forward.wanted, name, 1e-6, 4);
        const backward = both(engine, x, x, (a) => {
          const dy = waves(code(a).shape, 2);
          return tf.grad((p: tf.Tensor) => code(p))(a, tf.tensor(dy.values, dy.shape));
        });
        expectClose(backward.got, backward.wanted, `gradient of the ${name}`, 1e-6, 40);
      }
    },
  );

  test.each([1, 2, 3, 4, 9])('enlarged images of %i channels', (channels) => {
    const x = waves([2, 3, 5, channels], 0);
    const enlarge = (a: tf.Tensor) => tf.image.resizeNearestNeighbor(a as tf.Tensor4D, [6, 15]);
    const forward = both(engine, x, x, (a) => enlarge(a));
    expect(forward.got).toEqual(forward.wanted);
    const backward = both(engine, x, x, (a) => tf.grad((p: tf.Tensor) => enlarge(p).mul(enlarge(p)))(a));
    expectClose(backward.got, backward.wanted, 'gradient', 1e-6, 24);
  });
});
