import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Autoencoder,
  ConditionalVariationalAutoencoder,
  ConvAutoencoder,
  NdArray,
  tf,
  VariationalAutoencoder,
} from 'aenb';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../../src/toolkit/random.ts';

const imageShape = [8, 8, 1] as const;
const x = new NdArray(new Random(1, 'images').fillUniform(new Float32Array(40 * 64)), [40, 64]);
const labels = Int32Array.from({ length: 40 }, (_, i) => i % 3);

let folder: string;
beforeAll(async () => {
  process.env.AENB_ENGINE = 'onnx';
  folder = await mkdtemp(join(tmpdir(), 'aenb-onnx-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(file: string, feeds: Record<string, NdArray>): Promise<NdArray> {
  const session = await InferenceSession.create(join(folder, file));
  const tensors = Object.entries(feeds).map(([name, { data, shape }]) => [
    name,
    new Tensor('float32', data, [...shape]),
  ]);
  const results = await session.run(Object.fromEntries(tensors));
  const [result] = Object.values(results);
  return new NdArray(result.data as Float32Array, result.dims);
}

function expectClose(got: NdArray, wanted: NdArray): void {
  expect(got.data.length).toBe(wanted.data.length);
  got.data.forEach((value, i) => {
    expect(Math.abs(value - wanted.data[i])).toBeLessThan(1e-5);
  });
}

describe('exported ONNX files compute as the model does, for any number of samples:', () => {
  test.each<[string, () => Autoencoder, number[]]>([
    [
      'a dense net with batch normalization',
      () => new Autoencoder({ hidden: [16, 8], latentDim: 3, batchNorm: true, activation: 'elu', seed: 1 }),
      [64],
    ],
    [
      'max pooling and upsampling',
      () => new ConvAutoencoder({ imageShape, filters: [4, 3], pool: 'max', latentDim: 5, seed: 1 }),
      [...imageShape],
    ],
    [
      'strides, and a code that is a picture',
      () => new ConvAutoencoder({ imageShape, filters: [4, 3], pool: 'stride', latentDim: null, seed: 1 }),
      [...imageShape],
    ],
    ['a variational net', () => new VariationalAutoencoder({ hidden: [16], latentDim: 2, seed: 1 }), [64]],
  ])('%s', async (_, make, shape) => {
    const model = make();
    await model.fit(x, { epochs: 1 });
    await model.exportOnnx(folder);
    for (const n of [1, 5, 40]) {
      const some = x.slice(0, n);
      const z = await run('encoder.onnx', { x: some.reshape(n, ...shape) });
      expectClose(z, await model.encode(some));
      expectClose(await run('decoder.onnx', { z }), await model.reconstruct(some));
      expectClose(await run('model.onnx', { x: some.reshape(n, ...shape) }), await model.reconstruct(some));
    }
    model.dispose();
  });

  test('a conditional net, which takes the label as a second input', async () => {
    const model = new ConditionalVariationalAutoencoder({ classes: 3, hidden: [16], latentDim: 2, seed: 1 });
    await model.fit(x, { epochs: 1, labels });
    await model.exportOnnx(folder);
    const label = new NdArray(
      Float32Array.from({ length: 12 }, (_, i) => (i % 3 === Math.floor(i / 3) % 3 ? 1 : 0)),
      [4, 3],
    );
    const z = await run('encoder.onnx', { x: x.slice(0, 4), label });
    expectClose(z, await model.encode(x.slice(0, 4), labels.slice(0, 4)));
    model.dispose();
  });
});

test('a layer that ONNX does not know is named, and nothing is written', async () => {
  class Odd extends tf.layers.Layer {
    static className = 'Odd';
    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      const [input] = [inputs].flat();
      return tf.topk(input, 2).values;
    }
    override computeOutputShape(): number[] {
      return [null as unknown as number, 2];
    }
  }
  const input = tf.input({ shape: [64] });
  const encoder = tf.model({ inputs: input, outputs: new Odd({}).apply(input) as tf.SymbolicTensor });
  const decoder = tf.sequential({ layers: [tf.layers.dense({ units: 64, inputShape: [2] })] });
  const model = new Autoencoder({ encoder, decoder, loss: 'mse' });
  const empty = await mkdtemp(join(tmpdir(), 'aenb-onnx-'));
  await expect(model.exportOnnx(empty)).rejects.toThrow(/encoder can't be written as ONNX: .*TopK/);
  expect(await readdir(empty)).toEqual([]);
  await rm(empty, { recursive: true });
  model.dispose();
});

test('a folder that is a file is refused with its path', async () => {
  const file = join(folder, 'taken');
  await writeFile(file, 'mine');
  const model = new Autoencoder({ hidden: [4], latentDim: 2, seed: 1 });
  await model.fit(x, { epochs: 1 });
  await expect(model.exportOnnx(file)).rejects.toThrow(/taken/);
  expect(await readFile(file, 'utf8')).toBe('mine');
  model.dispose();
});
