import { Autoencoder, datasets, PCA, StackedAutoencoder, VariationalAutoencoder } from 'aenb';
import { describe, expect, test } from 'vitest';
import { average, report } from './figures.ts';

/** The long figures in seconds: the same effects on a few of the digits that come with the package. */
describe('in seconds, on 2 000 digits', { timeout: 300_000 }, () => {
  const digits = async () => {
    const { train, test: held } = await datasets.digits();
    return { train: train.slice(0, 2000), held: held.slice(0, 500) };
  };

  test('a deep sigmoid net gives the mean image; greedy pre-training wakes it up', async () => {
    const { train, held } = await digits();
    const model = new StackedAutoencoder({
      hidden: [256, 128, 64],
      latentDim: 30,
      activation: 'sigmoid',
      initializer: { name: 'randomNormal', stddev: 0.01 },
      loss: 'sse',
      seed: 1,
    });
    const fit = { epochs: 5, batchSize: 50, learningRate: 0.003 };
    const run = await model.fit(train, { ...fit, trackGradients: true });
    const norms = run.gradientNorms!.at(-1)!;
    const asleep = average(await model.reconstructionError(held));
    for await (const _ of model.pretrain(train, { ...fit, epochs: 20 }));
    const awake = average(await model.reconstructionError(held));
    report({
      what: 'quick: deep sigmoid net, squared error after and before pre-training',
      ours: awake.toFixed(1),
      reference: `< 0.6 x ${asleep.toFixed(1)}; gradient ratio ${(norms.at(-1)! / norms[0]).toExponential(0)}`,
      source: 'Hinton & Salakhutdinov 2006',
      engine: run.engine,
      seconds: run.seconds,
    });
    expect(norms.at(-1)! / norms[0]).toBeGreaterThan(1e5);
    expect(awake).toBeLessThan(0.6 * asleep);
    model.dispose();
  });

  test('a VAE says more in nats than it costs', async () => {
    const { train, held } = await digits();
    const model = new VariationalAutoencoder({ hidden: [200], latentDim: 10, seed: 1 });
    const run = await model.fit(train, { epochs: 15, batchSize: 64 });
    const { loss, reconstruction, kl } = await model.evaluate(held);
    report({
      what: 'quick: VAE, nats per digit',
      ours: `${loss.toFixed(1)} (${reconstruction.toFixed(1)} + ${kl.toFixed(1)} KL)`,
      reference: '< 150; the mean image 206',
      source: 'Kingma & Welling 2014',
      engine: run.engine,
      seconds: run.seconds,
    });
    expect(loss).toBeLessThan(150);
    expect(kl).toBeGreaterThan(5);
    model.dispose();
  });

  test('without any option but the size, 32 numbers say more of a digit than PCA', async () => {
    const { train, held } = await digits();
    const model = new Autoencoder({ latentDim: 32, seed: 1 });
    const run = await model.fit(train, { epochs: 20 });
    const ours = average(await model.reconstructionError(held, 'sse'));
    const linear = average(await (await new PCA({ latentDim: 32 }).fit(train)).reconstructionError(held, 'sse'));
    report({
      what: 'quick: defaults, 32 latents, squared error',
      ours: ours.toFixed(2),
      reference: linear.toFixed(2),
      source: 'PCA on the same digits',
      engine: run.engine,
      seconds: run.seconds,
    });
    expect(ours).toBeLessThan(linear);
    model.dispose();
  });
});
