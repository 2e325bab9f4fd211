// Ours, as a user writes it: one fit, whose onEpoch is where a run ends and the next begins.
import { createRequire } from 'node:module';
import { readSamples, serve } from './protocol.mjs';

const aenb = createRequire(import.meta.url)('../../../dist/index.js');
const { name, version } = await aenb.kernelInterface.loadEngine();
if (name !== process.env.AENB_ENGINE) throw new Error(`the engine is ${name}, not ${process.env.AENB_ENGINE}`);

await serve({ [name]: version }, async (task, pause) => {
  const { net, samples, batch } = task;
  const width = net.shape.reduce((a, b) => a * b);
  const x = new aenb.NdArray(readSamples(task), [samples, width]);
  const [className, options] = net.ours;
  const model = new aenb[className]({ ...options, seed: 1 });
  const stop = new AbortController();
  await model.fit(x, {
    epochs: 1_000_000,
    batchSize: batch,
    signal: stop.signal,
    onEpoch: async ({ loss }) => {
      if (!(await pause(loss, model.parameters))) stop.abort();
    },
  });
  model.dispose();
});
