/** Every operation that the engines which work in place get, and its gradient, beside tfjs's own. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { correctAveragePoolGradient, correctResizeGradient } from '../../../src/engine/corrections.ts';
import { loadKernels } from '../../../src/engine/kernels/binding.ts';
import { KernelEngine } from '../../../src/engine/kernels/engine.ts';
import { WasmKernelEngine } from '../../../src/engine/kernels/wasm.ts';
import { OnnxEngine } from '../../../src/engine/onnx/inPlace.ts';
import { loadRuntime } from '../../../src/engine/onnx/runtime.ts';
import { NotCompilable, simplify, trace } from '../../../src/engine/program/index.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
  correctResizeGradient();
  correctAveragePoolGradient('cpu');
  await loadRuntime();
  loadKernels();
});

type Code = (x: tf.Tensor, w: tf.Tensor) => tf.Tensor;
const image = [2, 6, 6, 3];
const rows = [4, 6];

/** A function that has no gradient, inside of one that has. */
function notLearned(x: tf.Tensor, w: tf.Tensor, code: Code): tf.Tensor {
  const compute = tf.customGrad((a, b) => ({
    value: code(a as tf.Tensor, b as tf.Tensor),
    gradFunc: () => [tf.zerosLike(x), tf.zerosLike(w)],
  }));
  return compute(x, w);
}

/** Name, shapes of x and w, and what is computed of them. */
const cases: [string, number[], number[], Code][] = [
  ['a dense layer', rows, [6, 5], (x, w) => x.matMul(w).relu()],
  [
    'a product with the first factor transposed',
    [6, 4],
    [6, 5],
    (x, w) => tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D, true),
  ],
  [
    'a product with the second factor transposed',
    rows,
    [5, 6],
    (x, w) => tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D, false, true),
  ],
  ['batches of products', [3, 4, 6], [3, 6, 2], (x, w) => x.matMul(w)],
  [
    'a fused dense layer',
    rows,
    [6, 5],
    (x, w) => tf.fused.matMul({ a: x as tf.Tensor2D, b: w as tf.Tensor2D, bias: tf.ones([5]) }),
  ],
  ['broadcasting in both directions', [4, 1, 6], [5, 1], (x, w) => x.add(w).mul(x).sub(w).div(w.square().add(1))],
  [
    'squares, roots and powers',
    rows,
    rows,
    (x, w) => x.square().add(1).sqrt().mul(w.abs().add(0.5).pow(1.5)).add(w.abs().add(1).rsqrt()),
  ],
  [
    'exponentials and logarithms',
    rows,
    rows,
    (x, w) => x.exp().add(w.abs().log1p()).add(x.expm1()).add(w.abs().add(0.1).log()),
  ],
  [
    'activations',
    rows,
    rows,
    (x, w) => tf.addN([x.elu(), x.selu(), x.sigmoid(), w.tanh(), w.softplus(), w.leakyRelu(0.1), x.relu6()]),
  ],
  [
    'trigonometry',
    rows,
    rows,
    (x, w) => x.sin().add(w.cos()).add(x.mul(0.3).tan()).add(w.atan()).add(x.sinh()).add(w.cosh()),
  ],
  ['the error function', rows, rows, (x, w) => x.erf().mul(w)],
  [
    'minimum, maximum and clipping',
    rows,
    rows,
    (x, w) => x.minimum(w).add(x.maximum(0.2)).add(w.clipByValue(-0.5, 0.5)),
  ],
  [
    'choices',
    rows,
    rows,
    (x, w) =>
      tf.where(
        notLearned(x, w, (a, b) => a.greater(b)),
        x.mul(2),
        w.square(),
      ),
  ],
  ['distances', rows, rows, (x, w) => tf.squaredDifference(x, w).add(x.sub(w).abs())],
  [
    'sums and means over axes',
    [3, 4, 5],
    [4, 1],
    (x, w) =>
      x
        .mul(w)
        .sum([0, 2])
        .add(x.mean(1).sum())
        .add(x.mean([1, 2], true).sum()),
  ],
  ['the largest and the smallest', rows, rows, (x, w) => x.max(1).add(w.min(1))],
  [
    'softmax and its logarithm',
    rows,
    rows,
    (x, w) => tf.softmax(x as tf.Tensor2D).mul(tf.logSoftmax(w as tf.Tensor2D)),
  ],
  ['log-sum-exp', rows, rows, (x, w) => tf.logSumExp(x.add(w), 1)],
  [
    'moments',
    rows,
    [6],
    (x, w) => {
      const { mean, variance } = tf.moments(x, 0);
      return x.sub(mean).div(variance.add(1e-3).sqrt()).mul(w);
    },
  ],
  [
    'slices and concatenation',
    rows,
    rows,
    (x, w) => tf.concat([x.slice([0, 1], [-1, 3]), w.slice([1, 0], [3, 6]).transpose().slice(0, 4)], 1),
  ],
  [
    'strides',
    rows,
    rows,
    (x, w) => notLearned(x, w, (a) => tf.stridedSlice(a, [0, 0], [4, 6], [1, 2])).add(w.slice([0, 3], [4, 3])),
  ],
  [
    'stacks and splits',
    rows,
    rows,
    (x, w) => {
      const [a, b] = tf.split(x, 2, 1);
      return tf
        .stack([a, b.mul(2)], 1)
        .sum(1)
        .add(tf.unstack(w, 1)[0].expandDims(1));
    },
  ],
  [
    'padding',
    rows,
    [6, 8],
    (x, w) =>
      tf
        .pad(x as tf.Tensor2D, [
          [1, 1],
          [2, 0],
        ])
        .mul(w),
  ],
  ['tiles', [4, 1], [4, 6], (x, w) => x.tile([1, 6]).mul(w).tile([2, 1])],
  ['transposition', [3, 4, 5], [5, 3], (x, w) => x.transpose([2, 0, 1]).mul(w.expandDims(2))],
  ['reversal', rows, rows, (x, w) => x.reverse(1).mul(w)],
  ['running sums', rows, rows, (x, w) => x.cumsum(1).mul(w)],
  ['gathered rows', rows, rows, (x, w) => x.gather([2, 0, 2]).add(w.gather(tf.tensor1d([1, 1, 3], 'int32')))],
  [
    'the nearest of a code book',
    rows,
    [5, 6],
    (x, w) => {
      const distance = x.square().sum(1, true).sub(x.matMul(w.transpose()).mul(2)).add(w.square().sum(1));
      return tf.oneHot(distance.argMin(1) as tf.Tensor1D, 5).matMul(w);
    },
  ],
  [
    'kernels between samples',
    rows,
    rows,
    (x, w) => x.expandDims(1).sub(w.expandDims(0)).square().sum(2).mul(-0.5).exp(),
  ],
  ['a convolution', image, [3, 3, 3, 4], (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same').relu()],
  [
    'a convolution without padding',
    image,
    [3, 2, 3, 4],
    (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'valid'),
  ],
  [
    'a convolution to fewer channels',
    image,
    [3, 5, 3, 2],
    (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'),
  ],
  [
    'a convolution to fewer channels without padding',
    image,
    [2, 3, 3, 1],
    (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'valid'),
  ],
  [
    'a transposed convolution with steps of three',
    image,
    [4, 2, 4, 3],
    (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [2, 18, 18, 4], 3, 'same'),
  ],
  ['sums over rows, one of them of size one', [20, 24], [24], (x, w) => x.add(w).reshape([1, 20, 24]).sum([0, 1])],
  ['a multiple of a multiple', rows, rows, (x, w) => x.mul(0.3).mul(7).add(w.mul(2).mul(-1))],
  ['a strided convolution', image, [3, 3, 3, 4], (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, 'same')],
  [
    'a strided convolution that leaves a rest',
    [2, 8, 8, 3],
    [3, 3, 3, 4],
    (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, 'valid'),
  ],
  [
    'a convolution with an even filter',
    image,
    [2, 4, 3, 2],
    (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same').tanh(),
  ],
  [
    'a convolution after another',
    image,
    [3, 3, 3, 3],
    (x, w) =>
      tf
        .conv2d(
          tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same').relu() as tf.Tensor4D,
          w as tf.Tensor4D,
          2,
          'same',
        )
        .add(0.1),
  ],
  [
    'a transposed convolution',
    image,
    [3, 3, 4, 3],
    (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [2, 12, 12, 4], 2, 'same'),
  ],
  [
    'a transposed convolution without padding',
    image,
    [2, 2, 4, 3],
    (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [2, 12, 12, 4], 2, 'valid'),
  ],
  [
    'a depthwise convolution',
    image,
    [3, 3, 3, 2],
    (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'),
  ],
  ['max pooling', image, image, (x, w) => tf.maxPool(x.mul(w) as tf.Tensor4D, 2, 2, 'valid')],
  ['max pooling with padding', [2, 7, 7, 3], [2, 7, 7, 3], (x, w) => tf.maxPool(x.mul(w) as tf.Tensor4D, 2, 2, 'same')],
  ['max pooling of windows that overlap', image, image, (x, w) => tf.maxPool(x.mul(w) as tf.Tensor4D, 3, 1, 'valid')],
  ['average pooling', image, image, (x, w) => tf.avgPool(x.mul(w) as tf.Tensor4D, 2, 2, 'valid')],
  [
    'average pooling of windows that overlap',
    image,
    image,
    (x, w) => tf.avgPool(x.mul(w) as tf.Tensor4D, 3, 1, 'valid'),
  ],
  [
    'average pooling with padding',
    [2, 7, 7, 3],
    [2, 7, 7, 3],
    (x, w) => tf.avgPool(x.mul(w) as tf.Tensor4D, 2, 2, 'same'),
  ],
  ['upsampling', image, [3], (x, w) => tf.image.resizeNearestNeighbor(x.mul(w) as tf.Tensor4D, [12, 18])],
  ['smooth upsampling', image, [3], (x, w) => tf.image.resizeBilinear(x.mul(w) as tf.Tensor4D, [12, 9])],
  [
    'batch normalization of images',
    image,
    [3],
    (x, w) => {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      return tf.batchNorm(
        x as tf.Tensor4D,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        w as tf.Tensor1D,
        w as tf.Tensor1D,
        1e-3,
      );
    },
  ],
  [
    'images with their channels scaled, summed and flattened',
    image,
    [3],
    (x, w) =>
      tf
        .conv2d(x as tf.Tensor4D, tf.ones([3, 3, 3, 3]) as tf.Tensor4D, 1, 'same')
        .mul(w)
        .reshape([2, -1])
        .sum(1),
  ],
  [
    'channels side by side',
    image,
    image,
    (x, w) => tf.concat([tf.maxPool(x as tf.Tensor4D, 2, 2, 'same'), tf.avgPool(w as tf.Tensor4D, 2, 2, 'same')], 3),
  ],
  [
    'comparisons and logic',
    rows,
    rows,
    (x, w) =>
      notLearned(x, w, (a, b) => a.greater(0).logicalAnd(b.lessEqual(0.3)).logicalOr(a.equal(b)).toFloat()).mul(x),
  ],
  [
    'a gradient that is stopped',
    rows,
    rows,
    (x, w) => {
      const stop = tf.customGrad((v) => ({
        value: (v as tf.Tensor).clone(),
        gradFunc: (dy) => tf.zerosLike(dy as tf.Tensor),
      }));
      return x.add(stop(w.sub(x)));
    },
  ],
];

const engines = [new OnnxEngine(1), new KernelEngine(1), new KernelEngine(3), new WasmKernelEngine()];
/** What our own kernels leave to the other engines. */
const leftOut = [
  'running sums',
  'gathered rows',
  'the nearest of a code book',
  'a depthwise convolution',
  'smooth upsampling',
];

describe.each(engines)('$name (%#) computes as tfjs does, gradients too:', (engine) => {
  test.each(cases)('%s', (title, xShape, wShape, code) => {
    const x = tf.variable(tf.randomUniform(xShape, -1, 1, 'float32', 11));
    const w = tf.variable(tf.randomUniform(wShape, -1, 1, 'float32', 12));
    // unequal weights, so that no two elements of the result can be mixed up
    const loss = (y: tf.Tensor) =>
      y
        .mul(tf.range(1, y.size + 1).reshape(y.shape))
        .sum()
        .div(y.size) as tf.Scalar;
    const compute = () => {
      const { value, grads } = tf.variableGrads(() => loss(code(x, w)), [x, w]);
      return { value, x: grads[x.name] ?? tf.zerosLike(x), w: grads[w.name] ?? tf.zerosLike(w), y: code(x, w) };
    };
    const expected = compute();
    const program = simplify(trace({ variables: [x, w], feeds: {} }, compute));
    const outputs = Object.fromEntries(
      Object.entries(expected).map(([name, { shape, size }]) => [name, { values: new Float32Array(size), shape }]),
    );
    const variables = [x, w].map((variable) => variable.dataSync<'float32'>());
    const compile = () => engine.compile(program, { variables, feeds: {}, randoms: {}, outputs });
    if (engine.name !== 'onnx' && leftOut.includes(title)) {
      expect(compile).toThrow(NotCompilable);
      return;
    }
    const executable = compile();
    executable.run();
    executable.dispose();
    for (const [name, tensor] of Object.entries(expected)) {
      const wanted = Array.from(tensor.dataSync());
      const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
      outputs[name].values.forEach((value, i) => {
        expect(Math.abs(value - wanted[i]) / largest, `${name}[${i}]: ${value} instead of ${wanted[i]}`).toBeLessThan(
          2e-5,
        );
      });
    }
  });
});
