import { datasets, PCA } from 'aenb';
import { expect, test } from 'vitest';
import { average, report, withoutMnist } from './figures.ts';

// exact, so that any other implementation gives the same: centred, fitted on the 60 000, squared error per test image
const exact = [
  [2, 43.645],
  [30, 13.866],
  [32, 13.193],
  [64, 7.093],
] as const;

test.skipIf(withoutMnist)(
  'PCA of the full MNIST has the exact errors, to three decimals',
  { timeout: 600_000 },
  async () => {
    const { train, test: held } = await datasets.mnist();
    for (const [latentDim, error] of exact) {
      const started = performance.now();
      const pca = await new PCA({ latentDim }).fit(train);
      const ours = average(await pca.reconstructionError(held, 'sse'));
      const seconds = (performance.now() - started) / 1000;
      report({
        what: `PCA-${latentDim}, MNIST`,
        ours: ours.toFixed(3),
        reference: String(error),
        source: 'exact',
        seconds,
      });
      expect(ours).toBeCloseTo(error, 3);
    }
  },
);
