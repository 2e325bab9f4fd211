import {
  type Autoencoder,
  Classifier,
  type Dataset,
  DenoisingAutoencoder,
  datasets,
  maskingNoise,
  StandardScaler,
} from 'aenb';
import { expect, test } from 'vitest';
import { average, report, withoutTime } from './figures.ts';

const seeds = [1, 2, 3];
/** An encoder that has seen all 60 000 digits, with most of their pixels taken away, and none of their labels. */
async function pretrained(seed: number): Promise<Autoencoder> {
  const { train } = await datasets.mnist();
  const model = new DenoisingAutoencoder({
    hidden: [500, 250],
    latentDim: 64,
    latentActivation: 'relu',
    noise: maskingNoise(0.7),
    loss: 'bce',
    seed,
  });
  await model.fit(train, { epochs: 20, batchSize: 128 });
  return model;
}

test.skipIf(withoutTime)(
  'pre-training without labels makes a net of few labels better, and a net on codes over-fit less',
  { timeout: 7_200_000 },
  async () => {
    const { train, test: held } = await datasets.mnist();
    const started = performance.now();
    const errors = { pretrained: [] as number[], fresh: [] as number[] };
    const gaps = { codes: [] as number[], pixels: [] as number[] };
    const accuracies = { codes: [] as number[], pixels: [] as number[] };
    let engine = '';
    for (const seed of seeds) {
      const autoencoder = await pretrained(seed);
      // 1 000 labels: the same net from pre-trained and from random weights
      const labelled = train.slice(1000 * (seed - 1), 1000 * seed);
      const supervised = { epochs: 40, batchSize: 50 };
      const tuned = new Classifier({ encoder: autoencoder, classes: 10, seed });
      const fresh = new Classifier({ encoder: { hidden: [500, 250, 64] }, classes: 10, seed });
      for (const [name, model] of Object.entries({ pretrained: tuned, fresh })) {
        engine = (await model.fit(labelled, supervised)).engine;
        errors[name as 'fresh'].push(1 - (await model.evaluate(held)).accuracy);
        model.dispose();
      }
      // 500 labels: the same net on codes, standardised without labels, and on pixels
      const few = train.slice(500 * (seed - 1), 500 * seed);
      const scaler = new StandardScaler().fit(await autoencoder.encode(train));
      const codesOf = async (digits: Dataset) => scaler.transform(await autoencoder.encode(digits));
      const data = { pixels: [few.x, held.x], codes: [await codesOf(few), await codesOf(held)] };
      for (const [name, [seen, unseen]] of Object.entries(data)) {
        const model = new Classifier({ encoder: { hidden: [64] }, classes: 10, seed });
        await model.fit(seen, { epochs: 30, batchSize: 50, labels: few.y });
        const [known, other] = [await model.evaluate(seen, few.y), await model.evaluate(unseen, held.y)];
        gaps[name as 'codes'].push(known.accuracy - other.accuracy);
        accuracies[name as 'codes'].push(other.accuracy);
        model.dispose();
      }
      autoencoder.dispose();
    }
    const seconds = (performance.now() - started) / 1000;
    report({
      what: 'net of 1 000 labels, test error after pre-training on 60 000 images, mean of 3 seeds',
      ours: average(errors.pretrained).toFixed(4),
      reference: `<= 0.8 x ${average(errors.fresh).toFixed(4)}, from random weights`,
      source: 'Bengio et al. 2007; Vincent et al. 2010',
      engine,
      seconds,
    });
    report({
      what: 'net of 500 labels on codes, gap of training and test accuracy (test accuracy), mean of 3 seeds',
      ours: `${average(gaps.codes).toFixed(3)} (${average(accuracies.codes).toFixed(3)})`,
      reference: `<= 2/3 of ${average(gaps.pixels).toFixed(3)} (>= ${average(accuracies.pixels).toFixed(3)}), on pixels`,
      source: 'the article’s claim on over-fitting',
      engine,
      seconds,
    });
    expect(average(errors.pretrained)).toBeLessThanOrEqual(0.8 * average(errors.fresh));
    expect(average(gaps.codes)).toBeLessThanOrEqual((2 / 3) * average(gaps.pixels));
    expect(average(accuracies.codes)).toBeGreaterThanOrEqual(average(accuracies.pixels));
  },
);
