// How long a notebook's user waits the first time: from `fit` in a process that has trained nothing yet. One line of JSON.
import { createRequire } from 'node:module';
import { readSamples, say } from './protocol.mjs';

const { kernelInterface, NdArray, ...aenb } = createRequire(import.meta.url)('../../../dist/index.js');
const { task, engineFirst } = JSON.parse(process.argv[2]);
const { net, samples, batch } = task;
const width = net.shape.reduce((a, b) => a * b);
const x = new NdArray(readSamples(task), [samples, width]);
const times = {};
let started;
const note = (what) => (times[what] ??= (performance.now() - started) / 1000);
/** The first picture is drawn before training, later ones while it goes on. */
const look = (bundle) => {
  if (Object.values(bundle).some((payload) => payload?.progress?.fraction > 0)) note('progress');
};
kernelInterface.setHost({
  display: (bundle) => {
    note('picture');
    look(bundle);
    return { update: look };
  },
  signal: undefined,
  handle: () => ({ dispose() {} }),
  engineLoaded() {},
});
if (engineFirst) await kernelInterface.loadEngine();

const [className, options] = net.ours;
started = performance.now();
await new aenb[className]({ ...options, seed: 1 }).fit(x, {
  epochs: 1,
  batchSize: batch,
  onEpoch: () => void note('epoch'),
});
say({ times, engine: kernelInterface.engine().name });
process.exit(0);
