import { Autoencoder, datasets, PCA } from 'aenb';
import { expect, test } from 'vitest';
import { average, onlyQuick, report } from './figures.ts';

// squared error per unseen digit, as a share of PCA's at the same size; measured 0.52 and 0.76
test.skipIf(onlyQuick).each([
  [32, 0.6],
  [2, 0.82],
])(
  'without any option but the size, %d numbers say more of a digit than PCA',
  { timeout: 900_000 },
  async (latentDim, share) => {
    const { train, test: held } = await datasets.digits();
    const model = new Autoencoder({ latentDim, seed: 1 });
    const run = await model.fit(train);
    const ours = average(await model.reconstructionError(held, 'sse'));
    const linear = average(await (await new PCA({ latentDim }).fit(train)).reconstructionError(held, 'sse'));
    report({
      what: `defaults, ${latentDim} latents, squared error per digit`,
      ours: ours.toFixed(2),
      reference: linear.toFixed(2),
      source: 'PCA on the same digits',
      engine: run.engine,
      seconds: run.seconds,
    });
    expect(ours).toBeLessThan(share * linear);
    model.dispose();
  },
);
