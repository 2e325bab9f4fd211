/** Memory and crashes: each in a process of its own, which may die without taking the others along. */
import { kernelInterface } from 'aenb';
import { beforeAll, describe, expect, test } from 'vitest';
import { inChild } from './child.ts';

const engines = ['aenb', 'onnx', 'wasm'];
beforeAll(async () => {
  process.env.AENB_ENGINE = 'auto';
  if ((await kernelInterface.loadEngine()).name === 'tensorflow') engines.push('tensorflow');
});

const megabyte = 2 ** 20;
const data = `
  const x = new aenb.NdArray(Float32Array.from({ length: 1000 * 16 }, (_, i) => Math.abs(Math.sin(i * i))), [1000, 16]);
  const resident = () => { gc(); gc(); return process.memoryUsage().rss; };`;

describe('memory stays flat', () => {
  test('over ten thousand steps', async () => {
    for (const engine of engines) {
      const { growth, steps } = await inChild<{ growth: number; steps: number }>(
        engine,
        `${data}
        const model = new aenb.VariationalAutoencoder({ hidden: [8], latentDim: 2, seed: 1 });
        let early;
        // a thousand samples in batches of four are 250 steps
        await model.fit(x, { epochs: 40, batchSize: 4, onEpoch: ({ epoch }) => { if (epoch === 10) early = resident(); } });
        report({ growth: resident() - early, steps: 40 * 250 });`,
      );
      expect(steps).toBe(10_000);
      expect(growth / megabyte, engine).toBeLessThan(40);
    }
  }, 180_000);

  test('over many models made and dropped', async () => {
    for (const engine of engines) {
      // a graph of TensorFlow's takes ten times as long to load; memory settles within some two hundred models
      const { models, settled } = engine === 'tensorflow' ? { models: 40, settled: 20 } : { models: 500, settled: 250 };
      const { growth, tensors } = await inChild<{ growth: number; tensors: number }>(
        engine,
        `${data}
        let early, before;
        for (let i = 0; i < ${models}; i++) {
          const model = new aenb.Autoencoder({ hidden: [8], latentDim: 2, seed: i });
          await model.fit(x.slice(0, 40), { epochs: 1, batchSize: 32 });
          await model.encode(x.slice(0, 3));
          model.dispose();
          if (i === ${settled}) { early = resident(); before = aenb.tf.memory().numTensors; }
        }
        report({ growth: resident() - early, tensors: aenb.tf.memory().numTensors - before });`,
      );
      expect(tensors, engine).toBe(0);
      expect(growth / megabyte, engine).toBeLessThan(engine === 'tensorflow' ? 80 : 30);
    }
  }, 300_000);
});

test('two threads of Node train at the same time on our own kernels', async () => {
  const losses = await inChild<number[]>(
    'aenb',
    `
    const { Worker } = require('node:worker_threads');
    const work = \`
      const { parentPort, workerData } = require('node:worker_threads');
      const aenb = require(workerData);
      const x = new aenb.NdArray(Float32Array.from({ length: 512 * 256 }, (_, i) => Math.abs(Math.sin(i * i))), [512, 256]);
      const model = new aenb.Autoencoder({ hidden: [256], latentDim: 8, seed: 1 });
      model.fit(x, { epochs: 10, batchSize: 64 }).then((run) => parentPort.postMessage(run.history.loss.at(-1)));\`;
    const file = Object.keys(require.cache).find((name) => name.endsWith('index.js'));
    const one = () => new Promise((done, fail) => {
      const worker = new Worker(work, { eval: true, workerData: file });
      worker.once('message', (loss) => worker.terminate().then(() => done(loss)));
      worker.once('error', fail);
    });
    report(await Promise.all([one(), one(), one()]));`,
    { AENB_THREADS: '3' },
  );
  expect(new Set(losses).size).toBe(1);
  expect(losses[0]).toBeGreaterThan(0);
}, 60_000);
