import { type Classifier, datasets, NdArray, VariationalAutoencoder } from 'aenb';
import { expect, test } from 'vitest';
import { report, trainedJudge, withoutTime } from './figures.ts';

test.skipIf(withoutTime)(
  'a VAE of 784-400-20 reaches 106.0 nats after ten epochs',
  { timeout: 3_600_000 },
  async () => {
    const { train, test: held } = await datasets.mnist();
    const model = new VariationalAutoencoder({ hidden: [400], latentDim: 20, seed: 1 });
    const run = await model.fit(train, { epochs: 10, batchSize: 128 });
    const { loss, reconstruction, kl } = await model.evaluate(held);
    report({
      what: 'VAE 784-400-20, 10 epochs, nats per test image',
      ours: `${loss.toFixed(2)} (${reconstruction.toFixed(2)} + ${kl.toFixed(2)} KL)`,
      reference: '105.6; <= 106.0',
      source: 'Kingma & Welling 2014, recipe of the PyTorch examples',
      engine: run.engine,
      seconds: run.seconds,
    });
    expect(loss).toBeLessThanOrEqual(106);
    expect(reconstruction + kl).toBeCloseTo(loss, 3);
    model.dispose();
  },
);

test.skipIf(withoutTime)(
  'the manifold of a two-dimensional VAE shows all ten digits',
  { timeout: 3_600_000 },
  async () => {
    const { train } = await datasets.mnist();
    const judge: Classifier = await trainedJudge(train);
    const model = new VariationalAutoencoder({ hidden: [512, 256], latentDim: 2, seed: 1 });
    const run = await model.fit(train, { epochs: 15, batchSize: 128 });
    // a grid that is even in probability, as the paper's figure 4
    const steps = 20;
    const z = new NdArray(new Float32Array(2 * steps * steps), [steps * steps, 2]);
    for (let i = 0; i < steps * steps; i++) {
      z.row(i).set([
        normalQuantile((Math.floor(i / steps) + 0.5) / steps),
        normalQuantile(((i % steps) + 0.5) / steps),
      ]);
    }
    const probabilities = await judge.predictProbabilities(await model.decode(z));
    const seen = new Array<number>(10).fill(0);
    for (let i = 0; i < z.length; i++) {
      const row = Array.from(probabilities.row(i));
      const best = row.indexOf(Math.max(...row));
      if (row[best] > 0.9) seen[best]++;
    }
    report({
      what: '2-D VAE, digits seen for sure among 400 points of its manifold',
      ours: `${seen.filter((count) => count > 0).length} of 10 (${seen.join(', ')})`,
      reference: 'all ten',
      source: 'Kingma & Welling 2014, figure 4',
      engine: run.engine,
      seconds: run.seconds,
    });
    expect(Math.min(...seen)).toBeGreaterThan(0);
    model.dispose();
    judge.dispose();
  },
);

/** The value below which a standard normal number lies with probability p, by bisection. */
function normalQuantile(p: number): number {
  let [low, high] = [-6, 6];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (normalBelow(middle) < p) low = middle;
    else high = middle;
  }
  return low;
}

/** Marsaglia's series. */
function normalBelow(x: number): number {
  let [sum, term] = [x, x];
  for (let i = 3; Math.abs(term) > 1e-17; i += 2) sum += term = (term * x * x) / i;
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}
