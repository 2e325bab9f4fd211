import { Autoencoder, NdArray, type Samples } from 'aenb';
import { beforeAll, describe, expect, test } from 'vitest';

/** n samples of 6 features, none alike. */
const data = new NdArray(
  Float32Array.from({ length: 300 * 6 }, (_, i) => 0.5 + 0.4 * Math.sin(i * 1.7) * Math.cos(Math.floor(i / 6))),
  [300, 6],
);

const small = () => new Autoencoder({ hidden: [5], latentDim: 2, activation: 'tanh', seed: 1 });

/** The same samples in pieces of these sizes. */
function inPieces(...sizes: number[]): () => AsyncGenerator<Samples> {
  return async function* () {
    let start = 0;
    for (const size of sizes) yield data.slice(start, (start += size));
    if (start < data.length) yield data.slice(start);
  };
}

beforeAll(() => {
  process.env.AENB_ENGINE = 'onnx';
});

describe('data that comes in batches', () => {
  test('trains as the same data in memory does, however it is cut', async () => {
    const options = { epochs: 3, batchSize: 32, shuffle: false };
    const whole = small();
    const expected = await whole.fit(data, options);
    for (const sizes of [[300], [7, 100, 1], [32, 32, 32], [299]]) {
      const model = small();
      const run = await model.fit(inPieces(...sizes), options);
      expect(run.history.loss).toEqual(expected.history.loss);
      expect(await model.encode(data)).toEqual(await whole.encode(data));
      model.dispose();
    }
    whole.dispose();
  });

  test('is mixed alike for the same seed, and otherwise than it came', async () => {
    const losses = async (shuffle: boolean) => {
      const model = small();
      const run = await model.fit(inPieces(100, 100), { epochs: 2, batchSize: 16, shuffle });
      model.dispose();
      return run.history.loss;
    };
    expect(await losses(true)).toEqual(await losses(true));
    expect(await losses(true)).not.toEqual(await losses(false));
  });

  test('is read once an epoch, and its first piece once before, for the width', async () => {
    const given: number[] = [];
    const source = async function* () {
      given.push(0);
      for (let i = 0; i < 5; i++) {
        given[given.length - 1]++;
        yield data.slice(i * 60, (i + 1) * 60);
      }
    };
    const model = small();
    await model.fit(source, { epochs: 2, batchSize: 8 });
    expect(given).toEqual([1, 5, 5]);
    model.dispose();
  });

  test('is closed when the training is interrupted', async () => {
    let open = 0;
    const source = async function* () {
      open++;
      try {
        for (;;) yield data;
      } finally {
        open--;
      }
    };
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 100);
    const model = small();
    const run = await model.fit(source, { epochs: 1, signal: abort.signal });
    expect(run.stopped).toBe('interrupted');
    expect(open).toBe(0);
    model.dispose();
  });

  test.each<[string, () => AsyncGenerator<Samples>, object, RegExp]>([
    ['nothing at all', async function* () {}, {}, /at least one sample/],
    [
      'another width half-way',
      async function* () {
        yield data;
        yield [[1, 2]];
      },
      {},
      /piece 1 of x must have 6 values per sample, got 2/,
    ],
    [
      'NaN',
      async function* () {
        yield [[0, Number.NaN]];
      },
      {},
      /piece 0 of x.*feature 1 is NaN/,
    ],
    ['a fraction for validation', inPieces(300), { validation: 0.1 }, /validation must be separate data/],
    ['targets', inPieces(300), { target: data }, /target goes with data in memory/],
  ])('%s is refused in plain words', async (_, source, options, message) => {
    const model = small();
    await expect(model.fit(source, options)).rejects.toThrow(message);
    model.dispose();
  });
});
