import { Autoencoder, ContractiveAutoencoder, datasets, type NdArray, SparseAutoencoder } from 'aenb';
import { beforeAll, expect, test } from 'vitest';
import { average, report, withoutTime } from './figures.ts';

const fit = { epochs: 15, batchSize: 128 };
let train: NdArray;
let held: NdArray;

beforeAll(async () => {
  if (withoutTime) return;
  const digits = await datasets.mnist();
  train = digits.train.x.slice(0, 20_000);
  held = digits.test.x.slice(0, 2000);
});

test.skipIf(withoutTime)(
  'the contractive penalty halves the Jacobian at no more than a quarter more error',
  { timeout: 3_600_000 },
  async () => {
    const options = { hidden: [], latentDim: 64, latentActivation: 'sigmoid', loss: 'sse', seed: 1 } as const;
    const plain = new Autoencoder({ ...options, hidden: [] });
    const contractive = new ContractiveAutoencoder({ ...options, hidden: [], weight: 0.75 });
    await plain.fit(train, fit);
    const run = await contractive.fit(train, fit);
    const [[norm, error], [wideNorm, leastError]] = [await measures(contractive), await measures(plain)];
    report({
      what: 'contractive 784-64, mean norm of the Jacobian (squared error)',
      ours: `${norm.toFixed(2)} (${error.toFixed(1)})`,
      reference: `<= half of ${wideNorm.toFixed(2)} (<= 1.25 x ${leastError.toFixed(1)}), plain`,
      source: 'Rifai et al. 2011',
      engine: run.engine,
      seconds: run.seconds,
    });
    expect(norm).toBeLessThanOrEqual(wideNorm / 2);
    expect(error).toBeLessThanOrEqual(1.25 * leastError);
    plain.dispose();
    contractive.dispose();
  },
);

/** Mean norm of the encoder's Jacobian, and squared error, on unseen digits. */
async function measures(model: Autoencoder): Promise<[number, number]> {
  return [average(await model.jacobianNorm(held.slice(0, 500))), average(await model.reconstructionError(held, 'sse'))];
}

test.skipIf(withoutTime)(
  'the sparse penalties halve the share of active units at no more than a quarter more error',
  { timeout: 3_600_000 },
  async () => {
    // a unit is active where it is above a tenth of its largest value
    const share = async (model: Autoencoder) => {
      const { data, shape } = await model.encode(held);
      const most = new Float32Array(shape[1]);
      data.forEach((value, i) => {
        most[i % shape[1]] = Math.max(most[i % shape[1]], value);
      });
      return data.filter((value, i) => value > 0.1 * most[i % shape[1]]).length / data.length;
    };
    const options = { latentDim: 128, latentActivation: 'sigmoid', loss: 'sse', seed: 1 } as const;
    const plain = new Autoencoder({ ...options, hidden: [] });
    await plain.fit(train, fit);
    for (const [kind, sparsity] of [
      ['L1', { kind: 'l1', weight: 0.4 }],
      ['KL', { kind: 'kl', weight: 0.5, target: 0.05 }],
    ] as const) {
      const sparse = new SparseAutoencoder({ ...options, hidden: [], sparsity });
      const run = await sparse.fit(train, fit);
      const [active, all] = [await share(sparse), await share(plain)];
      const [error, least] = [sparse, plain].map((model) => model.reconstructionError(held, 'sse').then(average));
      report({
        what: `sparse 784-128, ${kind}, share of active units (squared error)`,
        ours: `${active.toFixed(3)} (${(await error).toFixed(2)})`,
        reference: `<= half of ${all.toFixed(3)} (<= 1.25 x ${(await least).toFixed(2)}), plain`,
        source: 'Ng 2011',
        engine: run.engine,
        seconds: run.seconds,
      });
      expect(active).toBeLessThanOrEqual(all / 2);
      expect(await error).toBeLessThanOrEqual(1.25 * (await least));
      sparse.dispose();
    }
    plain.dispose();
  },
);
