import { Autoencoder, datasets } from 'aenb';
import { expect, test } from 'vitest';
import { average, report, withoutTime } from './figures.ts';

test.skipIf(withoutTime)(
  '784-32-784 of the Keras blog reaches 0.093 of binary cross-entropy per pixel',
  { timeout: 1_800_000 },
  async () => {
    const { train, test: held } = await datasets.mnist();
    // ReLU code, sigmoid output, Adam, batches of 256, 50 epochs
    const model = new Autoencoder({ hidden: [], latentDim: 32, latentActivation: 'relu', loss: 'bce', seed: 1 });
    const run = await model.fit(train, { epochs: 50, batchSize: 256 });
    const ours = average(await model.reconstructionError(held));
    report({
      what: '784-32-784, BCE per pixel, MNIST',
      ours: ours.toFixed(4),
      reference: '0.0915 to 0.093',
      source: 'Chollet 2016, "Building autoencoders in Keras"',
      engine: run.engine,
      seconds: run.seconds,
    });
    expect(ours).toBeLessThanOrEqual(0.093);
    model.dispose();
  },
);
