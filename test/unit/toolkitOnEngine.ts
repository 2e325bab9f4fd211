import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  Autoencoder,
  datasets,
  type FitOptions,
  gaussianNoise,
  kernelInterface,
  loadModel,
  type ModelOptions,
  maskingNoise,
  NdArray,
  PCA,
  StandardScaler,
  tf,
} from 'aenb';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Random } from '../../src/toolkit/random.ts';

/** What has to hold on every engine. A process has one engine, so each has a test file of its own that calls this. */
export function testToolkitOn(engine: 'tensorflow' | 'onnx' | 'wasm' | 'cpu' | 'aenb'): void {
  const data = blobs(120, 6);
  let folder: string;
  beforeAll(async () => {
    process.env.AENB_ENGINE = engine;
    expect((await kernelInterface.loadEngine()).name).toBe(engine);
    folder = await mkdtemp(join(tmpdir(), 'aenb-model-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const small = (options: ModelOptions = {}) =>
    new Autoencoder({ hidden: [5], latentDim: 2, activation: 'tanh', seed: 1, ...options });
  const weightsOf = async (model: Autoencoder) =>
    Promise.all([...model.encoder.weights, ...model.decoder.weights].map((weight) => weight.read().array()));
  const live = () => tf.memory().numTensors;

  describe('training', () => {
    test('finds the line through heights and weights, within two percent of PCA', async () => {
      const { x } = datasets.heightWeight({ n: 500, seed: 1 });
      const scaled = new StandardScaler().fit(x).transform(x);
      const model = new Autoencoder({ hidden: [], latentDim: 1, output: 'linear', seed: 1 });
      await model.fit(scaled, { epochs: 30, batchSize: 32, learningRate: 0.01 });
      const pca = await new PCA({ latentDim: 1 }).fit(scaled);
      const best = average(await pca.reconstructionError(scaled));
      const reached = average(await model.reconstructionError(scaled));
      expect(reached).toBeGreaterThanOrEqual(best * 0.9999);
      expect(reached).toBeLessThan(best * 1.02);
      model.dispose();
    });

    test('the same seed gives the same weights bit by bit, another seed others', async () => {
      const options: ModelOptions = { dropout: 0.2, noise: gaussianNoise(0.1), batchNorm: true };
      const trained = async (seed: number) => {
        const model = small({ ...options, seed });
        await model.fit(data, { epochs: 3, batchSize: 32 });
        const weights = await weightsOf(model);
        model.dispose();
        return weights;
      };
      const [first, second, other] = [await trained(1), await trained(1), await trained(2)];
      expect(second).toEqual(first);
      expect(other).not.toEqual(first);
    });

    test.each(['adam', 'momentum', 'rmsprop', 'sgd'] as const)(
      '%s moves the weights as its formula says',
      async (optimizer) => {
        const model = small();
        await model.fit(data, { epochs: 1, learningRate: 1e-6 }); // networks, all but untouched
        const twin = await copyOf(model);
        const rate = 0.05;
        await model.fit(data, { epochs: 4, batchSize: data.length, shuffle: false, optimizer, learningRate: rate });
        const x = (await data.toTensor()) as tf.Tensor2D;
        const stock = {
          adam: () => tf.train.adam(rate),
          momentum: () => tf.train.momentum(rate, 0.9),
          rmsprop: () => tf.train.rmsprop(rate, 0.9, 0, 1e-7),
          sgd: () => tf.train.sgd(rate),
        }[optimizer]();
        for (let step = 0; step < 4; step++) {
          stock.minimize(() => tf.losses.meanSquaredError(x, twin.decoder.apply(twin.encoder.apply(x)) as tf.Tensor));
        }
        const [ours, theirs] = [await weightsOf(model), await weightsOf(twin)].map(
          (weights) => weights.flat(3) as number[],
        );
        ours.forEach((value, i) => {
          expect(value).toBeCloseTo(theirs[i], 4);
        });
        tf.dispose(x);
        stock.dispose();
        model.dispose();
        twin.dispose();
      },
    );

    test.each(['mse', 'mae', 'bce', 'sse', 'sae', 'nats'] as const)(
      'the gradient of %s agrees with differences',
      async (loss) => {
        const model = small({ loss, activation: 'elu', l2: 0.01 });
        await model.fit(data, { epochs: 2 });
        const before = await weightsOf(model);
        const variable = model.decoder.weights[0].read() as tf.Variable;
        const probe = 3;
        const nudge = (by: number) =>
          tf.tidy(() => {
            const change = tf.buffer([variable.size]);
            change.set(by, probe);
            variable.assign(variable.add(change.toTensor().reshape(variable.shape)));
          });
        const step = 0.02;
        nudge(step);
        const above = (await model.evaluate(data)).loss;
        nudge(-2 * step);
        const below = (await model.evaluate(data)).loss;
        nudge(step);
        const rate = 1e-3;
        await model.fit(data, { epochs: 1, batchSize: data.length, optimizer: 'sgd', learningRate: rate });
        const index = model.encoder.weights.length;
        const [was, is] = [before, await weightsOf(model)].map(
          (weights) => (weights[index] as number[][]).flat()[probe],
        );
        const expected = (above - below) / (2 * step);
        expect(Math.abs((was - is) / rate - expected)).toBeLessThan(0.02 * Math.abs(expected) + 2e-3);
        model.dispose();
      },
    );

    test('terms are named and add up to the loss, also on validation data', async () => {
      const model = small({
        l2: 0.001,
        extraLosses: { small: ({ z }) => z.square().mean().mul(0.1).asScalar() },
      });
      const run = await model.fit(data, { epochs: 3, validation: 0.25 });
      for (const terms of [run.history.terms, run.history.valTerms!]) {
        expect(Object.keys(terms)).toEqual(['reconstruction', 'small', 'l2']);
      }
      for (let epoch = 0; epoch < 3; epoch++) {
        const sum = Object.values(run.history.terms).reduce((total, values) => total + values[epoch], 0);
        expect(sum).toBeCloseTo(run.history.loss[epoch], 6);
      }
      const evaluated = await model.evaluate(data);
      expect(evaluated.reconstruction + evaluated.small + evaluated.l2).toBeCloseTo(evaluated.loss, 6);
      model.dispose();
    });

    test('the loss of an epoch is the mean over samples, whatever the batches', async () => {
      const model = small();
      await model.fit(data, { epochs: 2 });
      const { loss } = await model.evaluate(data);
      // a rate of all but nothing leaves the weights: 120 samples in batches of 50, 50 and 20
      const run = await model.fit(data, { epochs: 1, batchSize: 50, learningRate: 1e-12, optimizer: 'sgd' });
      expect(run.history.loss[0]).toBeCloseTo(loss, 6);
      expect(average(await model.reconstructionError(data))).toBeCloseTo(loss, 6);
      model.dispose();
    });

    test('early stopping goes back to the best weights', async () => {
      const model = small();
      const held = blobs(40, 6, 7);
      let best = Number.POSITIVE_INFINITY;
      const run = await model.fit(data.slice(0, 20), {
        epochs: 200,
        batchSize: 5,
        learningRate: 0.3,
        validation: held,
        earlyStopping: { patience: 3 },
        onEpoch: ({ valLoss }) => {
          best = Math.min(best, valLoss!);
        },
      });
      expect(run.stopped).toBe('earlyStopping');
      expect(run.epochs).toBe(run.bestEpoch! + 3);
      expect(run.history.valLoss![run.bestEpoch! - 1]).toBe(best);
      expect((await model.evaluate(held)).loss).toBeCloseTo(best, 6);
      model.dispose();
    });

    test('resuming equals one longer training bit by bit, through a file as well', async () => {
      const options: FitOptions = { batchSize: 32, learningRate: (epoch) => 0.01 / epoch };
      const whole = small({ dropout: 0.1, noise: maskingNoise(0.1) });
      await whole.fit(data, { ...options, epochs: 5 });
      const parts = small({ dropout: 0.1, noise: maskingNoise(0.1) });
      await parts.fit(data, { ...options, epochs: 2 });
      await parts.save(join(folder, 'resumed'));
      await parts.fit(data, { ...options, epochs: 3, resume: true });
      const loaded = await Autoencoder.load(join(folder, 'resumed'));
      await loaded.fit(data, { ...options, epochs: 3, resume: true });
      const expected = await weightsOf(whole);
      expect(await weightsOf(parts)).toEqual(expected);
      expect(await weightsOf(loaded)).toEqual(expected);
      for (const model of [whole, parts, loaded]) model.dispose();
    });

    test('an interrupt between two steps keeps the weights and ends the run', async () => {
      const model = small();
      const interrupt = new AbortController();
      const run = await model.fit(data, {
        epochs: 1_000_000,
        signal: interrupt.signal,
        onEpoch: ({ epoch }) => {
          if (epoch === 3) interrupt.abort();
        },
      });
      expect(run.stopped).toBe('interrupted');
      expect(run.epochs).toBeLessThan(1000);
      expect(run.history.loss.length).toBe(run.epochs);
      expect((await model.encode(data)).shape).toEqual([120, 2]);
      expect((await model.fit(data, { epochs: 1 })).stopped).toBe('completed');
      model.dispose();
    });

    test('timers run while a long epoch trains', async () => {
      const model = new Autoencoder({ hidden: [64], latentDim: 8, seed: 1 });
      let ticks = 0;
      const timer = setInterval(() => ticks++, 5);
      const run = await model.fit(blobs(2000, 50), { epochs: 1, batchSize: 4 });
      clearInterval(timer);
      // every 40 ms, and one step more
      expect(ticks).toBeGreaterThan((run.seconds * 1000) / 200);
      model.dispose();
    });

    test('timers see the weights as they are, and training goes on from what they are set to', async () => {
      const model = new Autoencoder({ hidden: [64], latentDim: 8, seed: 1 });
      const long = blobs(2000, 50);
      await model.fit(long.slice(0, 4), { epochs: 1 });
      const weights = () => model.decoder.getWeights()[0].dataSync<'float32'>().slice();
      /** Trains until the timer has rung so often. */
      const train = async (times: number, rate: number, ring: (time: number) => void) => {
        const stop = new AbortController();
        let time = 0;
        const timer = setInterval(() => {
          ring(time);
          if (++time === times) stop.abort();
        }, 1);
        await model.fit(long, { epochs: 10_000, batchSize: 4, learningRate: () => rate, signal: stop.signal });
        clearInterval(timer);
      };
      const seen: Float32Array[] = [];
      await train(5, 1e-3, () => seen.push(weights()));
      for (let i = 1; i < 5; i++) expect(seen[i]).not.toEqual(seen[i - 1]);

      await train(3, 0, (time) => {
        if (time > 0) return;
        const zeros = tf.tidy(() => model.decoder.getWeights().map((values) => tf.keep(values.zerosLike())));
        model.decoder.setWeights(zeros);
        tf.dispose(zeros);
      });
      expect(weights().every((value) => value === 0)).toBe(true);
      model.dispose();
    });

    test('a loss that becomes NaN stops with the epoch and leaves the last good weights', async () => {
      const model = small({ output: 'linear' });
      await model.fit(data, { epochs: 1 });
      const schedule = (epoch: number) => (epoch < 3 ? 1e-3 : 1e30);
      await expect(model.fit(data, { epochs: 9, learningRate: schedule })).rejects.toThrow(
        /no finite number any more in epoch 3; the model keeps its last good weights.*learningRate that is too high \(1e\+30\)/,
      );
      expect((await model.evaluate(data)).loss).toBeLessThan(1);
      model.dispose();
    });

    test('one sample is enough', async () => {
      const model = small();
      const run = await model.fit(data.slice(0, 1), { epochs: 2 });
      expect(run.history.loss.every(Number.isFinite)).toBe(true);
      expect((await model.reconstruct(data.row(0))).shape).toEqual([1, 6]);
      model.dispose();
    });

    test('gradient norms are tracked per layer, input side first', async () => {
      const model = small();
      const run = await model.fit(data, { epochs: 2, trackGradients: true });
      expect(run.gradientNorms!.map((norms) => norms.length)).toEqual([4, 4]);
      expect(run.gradientNorms!.flat().every((norm) => norm > 0)).toBe(true);
      model.dispose();
    });

    test('a denoiser sees corrupted inputs and is compared with clean ones', async () => {
      const everything = small({ noise: maskingNoise(1) });
      await everything.fit(data, { epochs: 40, learningRate: 0.05 });
      // trained on nothing but zeros, it answers zeros with the mean sample
      const answer = await everything.reconstruct(new Float32Array(6));
      const means = Array.from({ length: 6 }, (_, j) => average(data.data.filter((_, i) => i % 6 === j)));
      answer.data.forEach((value, j) => {
        expect(value).toBeCloseTo(means[j], 1);
      });
      everything.dispose();
    });

    test('separate targets are what is learned', async () => {
      const model = small();
      const target = new NdArray(
        data.data.map((value) => 1 - value),
        data.shape,
      );
      await model.fit(data, { epochs: 60, learningRate: 0.02, target });
      const output = await model.reconstruct(data);
      const distance = (to: NdArray) => average(output.data.map((value, i) => (value - to.data[i]) ** 2));
      expect(distance(target)).toBeLessThan(distance(data) / 4);
      model.dispose();
    });

    test("a loss of one's own is minimized and reported", async () => {
      const model = small({ loss: (x, output) => output.sub(x).pow(4).mean<tf.Tensor1D>(1) });
      const run = await model.fit(data, { epochs: 10, learningRate: 0.01 });
      expect(run.history.loss.at(-1)).toBeLessThan(run.history.loss[0]);
      expect(average(await model.reconstructionError(data))).toBeCloseTo((await model.evaluate(data)).loss, 5);
      model.dispose();
      const wrong = small({ loss: (x, output) => output.sub(x).square().mean() as never });
      await expect(wrong.fit(data)).rejects.toThrow('loss must return one value per sample, shape [32], got shape []');
      wrong.dispose();
    });

    test("networks of one's own are trained as they are, dropout seeded", async () => {
      const networks = () => ({
        encoder: tf.sequential({
          layers: [
            tf.layers.dense({
              units: 8,
              inputShape: [6],
              activation: 'relu',
              kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
            }),
            tf.layers.dropout({ rate: 0.3 }),
            tf.layers.dense({ units: 3, kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }) }),
          ],
        }),
        decoder: tf.sequential({
          layers: [
            tf.layers.dense({
              units: 6,
              inputShape: [3],
              activation: 'sigmoid',
              kernelInitializer: tf.initializers.glorotUniform({ seed: 3 }),
            }),
          ],
        }),
      });
      const [first, second] = [networks(), networks()].map((own) => new Autoencoder({ ...own, loss: 'bce', seed: 4 }));
      const runs = [await first.fit(data, { epochs: 5 }), await second.fit(data, { epochs: 5 })];
      expect(runs[0].history.loss[4]).toBeLessThan(runs[0].history.loss[0]);
      expect(runs[1].history.loss).toEqual(runs[0].history.loss);
      expect(first.encoder.layers.length).toBe(3);
      first.dispose();
      second.dispose();
    });
  });

  describe('a trained model', () => {
    let model: Autoencoder;
    beforeAll(async () => {
      model = small({ loss: 'bce' });
      await model.fit(data, { epochs: 30, learningRate: 0.02 });
    });
    afterAll(() => model.dispose());

    test('encodes, decodes and reconstructs, and its networks do so alone', async () => {
      const codes = await model.encode(data);
      const decoded = await model.decode(codes);
      const both = await model.reconstruct(data);
      expect([codes.shape, decoded.shape, both.shape]).toEqual([
        [120, 2],
        [120, 6],
        [120, 6],
      ]);
      const x = await data.toTensor();
      const alone = model.decoder.predict(model.encoder.predict(x) as tf.Tensor) as tf.Tensor;
      const values = await alone.data();
      both.data.forEach((value, i) => {
        expect(value).toBeCloseTo(decoded.data[i], 6);
        expect(value).toBeCloseTo(values[i], 6);
      });
      tf.dispose([x, alone]);
    });

    test('takes tensors, arrays, flat samples and images alike', async () => {
      const expected = (await model.encode(data.slice(0, 1))).toArray();
      const tensor = tf.tensor2d(data.slice(0, 1).data.slice(), [1, 6]);
      const row = Array.from(data.row(0));
      for (const samples of [tensor, [row], row, data.row(0), [data.row(0)], data.slice(0, 1).reshape(1, 2, 3)]) {
        const got = (await model.encode(samples)).toArray() as number[][];
        got[0].forEach((value, i) => {
          expect(value).toBeCloseTo((expected as number[][])[0][i], 6);
        });
      }
      expect((await model.reconstruct(data.slice(0, 4).reshape(4, 2, 3))).shape).toEqual([4, 2, 3]);
      tensor.dispose();
    });

    test('reports errors in every unit', async () => {
      const [x] = [data.slice(0, 1)];
      const output = await model.reconstruct(x);
      const sums = { sse: 0, sae: 0, nats: 0 };
      output.data.forEach((y, i) => {
        const value = x.data[i];
        sums.sse += (value - y) ** 2;
        sums.sae += Math.abs(value - y);
        sums.nats -= value * Math.log(y) + (1 - value) * Math.log(1 - y);
      });
      const expected = { ...sums, mse: sums.sse / 6, mae: sums.sae / 6, bce: sums.nats / 6 };
      for (const [metric, value] of Object.entries(expected)) {
        const [error] = await model.reconstructionError(x, metric as 'mse');
        expect(error).toBeCloseTo(value, 5);
      }
      // without a name it is the model's own
      expect((await model.reconstructionError(x))[0]).toBeCloseTo(expected.bce, 5);
    });

    test('knows what each latent is worth', async () => {
      const importance = await model.latentImportance(data);
      expect(importance.length).toBe(2);
      const codes = await model.encode(data);
      const mean = average(codes.data.filter((_, i) => i % 2 === 0));
      const fixed = new NdArray(
        codes.data.map((value, i) => (i % 2 === 0 ? mean : value)),
        codes.shape,
      );
      const output = await model.decode(fixed);
      const worse = average(
        output.data.map((y, i) => -(data.data[i] * Math.log(y) + (1 - data.data[i]) * Math.log(1 - y))),
      );
      expect(importance[0]).toBeCloseTo(worse - average(await model.reconstructionError(data)), 4);
    });

    test('saves and loads, bit by bit, also in another process', async () => {
      const path = join(folder, 'saved');
      await model.save(path);
      await model.save(path); // replaces the first
      const expected = Array.from((await model.encode(data)).data);
      const loaded = await loadModel(path);
      expect(loaded).toBeInstanceOf(Autoencoder);
      expect(Array.from((await loaded.encode(data)).data)).toEqual(expected);
      expect(loaded.run?.history).toEqual(model.run?.history);
      expect(loaded.options.loss).toBe('bce');
      loaded.dispose();
      const script = `const { Autoencoder, NdArray } = require(process.argv[1]);
        (async () => {
          const x = new NdArray(new Float32Array(JSON.parse(process.argv[3])), [120, 6]);
          const model = await Autoencoder.load(process.argv[2]);
          console.log(JSON.stringify(Array.from((await model.encode(x)).data)));
        })();`;
      const { stdout } = await promisify(execFile)(process.execPath, [
        '-e',
        script,
        join(import.meta.dirname, '../../dist/index.js'),
        path,
        JSON.stringify(Array.from(data.data)),
      ]);
      expect(JSON.parse(stdout)).toEqual(expected);
      expect((await readdir(folder)).filter((name) => name.startsWith('saved'))).toEqual(['saved']);
    });

    test('options that are functions are asked for when they are needed', async () => {
      const own = small({
        loss: (x, output) => output.sub(x).square().mean<tf.Tensor1D>(1),
        noise: gaussianNoise(0.1),
      });
      await own.fit(data, { epochs: 1 });
      await own.save(join(folder, 'own'));
      const without = await Autoencoder.load(join(folder, 'own'));
      expect(without.options.noise?.kind).toBe('gaussian');
      expect((await without.encode(data)).shape).toEqual([120, 2]);
      expect((await without.reconstructionError(data, 'mse')).length).toBe(120);
      await expect(without.fit(data)).rejects.toThrow('load(folder, { loss: … })');
      await expect(without.reconstructionError(data)).rejects.toThrow('needs the option loss');
      const again = await Autoencoder.load(join(folder, 'own'), { loss: own.options.loss });
      expect((await again.fit(data, { epochs: 1, resume: true })).epochs).toBe(1);
      for (const each of [own, without, again]) each.dispose();
    });

    test('a folder that is not a whole model of this version is refused', async () => {
      const path = join(folder, 'broken');
      await model.save(path);
      const file = join(path, 'model.json');
      const text = await readFile(file, 'utf8');
      const weights = await readFile(join(path, 'weights.bin'));
      await writeFile(join(path, 'weights.bin'), weights.subarray(4));
      await expect(loadModel(path)).rejects.toThrow(/must have \d+ bytes, has \d+: the copy is not whole/);
      await writeFile(file, text.replace('"version": 1', '"version": 7'));
      await expect(loadModel(path)).rejects.toThrow('has version 7 of the format, this package reads version 1');
      await writeFile(file, '{"a": 1}');
      await expect(loadModel(path)).rejects.toThrow('is no model of this package');
      await writeFile(file, text.slice(0, 100));
      await expect(loadModel(path)).rejects.toThrow('holds no saved model');
      await expect(loadModel(join(folder, 'nowhere'))).rejects.toThrow('ENOENT');
    });

    test("saving leaves other people's files alone", async () => {
      await writeFile(join(folder, 'precious'), 'text');
      await expect(model.save(folder)).rejects.toThrow('Name a folder of its own');
      await expect(model.save(join(folder, 'precious'))).rejects.toThrow("can't be saved");
      expect(await readFile(join(folder, 'precious'), 'utf8')).toBe('text');
    });

    test('a checkpoint holds the best epoch', async () => {
      const path = join(folder, 'checkpoint');
      const other = small();
      const run = await other.fit(data, { epochs: 6, learningRate: 0.3, validation: 0.3, checkpoint: path });
      const best = await loadModel(path);
      expect((await best.evaluate(data.slice(84))).loss).toBeCloseTo(Math.min(...run.history.valLoss!), 6);
      other.dispose();
      best.dispose();
    });

    test('describes itself', () => {
      expect(model.parameters).toBe(6 * 5 + 5 + 5 * 2 + 2 + 2 * 5 + 5 + 5 * 6 + 6);
      expect(model.summary()).toContain('98 weights');
      expect(model.summary()).toMatch(/encoder_code +Dense +2 +12/);
    });
  });

  describe('memory', () => {
    test('no method leaves a tensor behind, and dispose frees the weights', async () => {
      const start = live();
      const model = small({ noise: gaussianNoise(0.1), dropout: 0.1, batchNorm: true, l2: 0.01 });
      await model.fit(data, { epochs: 2 });
      const trained = live();
      expect(trained - start).toBe(model.encoder.weights.length + model.decoder.weights.length);
      const unchanged = async (run: () => Promise<unknown>) => {
        await run();
        expect(live()).toBe(trained);
      };
      await unchanged(() => model.fit(data, { epochs: 2, validation: 0.2, earlyStopping: {}, trackGradients: true }));
      await unchanged(() => model.encode(data));
      await unchanged(() => model.decode([[0, 0]]));
      await unchanged(() => model.reconstruct(data));
      await unchanged(() => model.reconstructionError(data));
      await unchanged(() => model.evaluate(data));
      await unchanged(() => model.latentImportance(data));
      await unchanged(() => model.save(join(folder, 'leak')));
      await unchanged(async () => (await Autoencoder.load(join(folder, 'leak'))).dispose());
      model.dispose();
      expect(live()).toBe(start);
      await new PCA({ latentDim: 2 }).fit(data);
      expect(live()).toBe(start);
    });

    test('neither does a fit that fails or is interrupted', async () => {
      const model = small({ output: 'linear' });
      await model.fit(data, { epochs: 1 });
      const before = live();
      const fails = [
        { learningRate: 1e30 },
        {
          onEpoch: () => {
            throw new Error('mine');
          },
        },
        { signal: AbortSignal.abort() },
        { validation: data.reshape(240, 3) },
        { epochs: 5, resume: true, optimizer: 'sgd' as const },
      ];
      for (const options of fails) {
        await model.fit(data, { epochs: 5, ...options }).catch(() => undefined);
        expect(live()).toBe(before);
      }
      model.dispose();
      const wrong = small({ extraLosses: { odd: ({ z }) => z as never } });
      const start = live();
      await expect(wrong.fit(data)).rejects.toThrow(
        "the loss term 'odd' must be a scalar tensor, got a tensor of shape [32,2]",
      );
      wrong.dispose();
      expect(live()).toBe(start);
      await expect(model.encode(data)).rejects.toThrow('was disposed');
    });
  });

  describe('PCA', () => {
    test.each([
      ['more samples than features', 60, 12],
      ['fewer samples than features', 12, 60],
    ])('with %s agrees with an independent decomposition', async (_, n, d) => {
      const { EigenvalueDecomposition, Matrix } = await import('ml-matrix');
      const x = new NdArray(new Random(3, 'pca').fillNormal(new Float32Array(n * d)), [n, d]);
      const k = 5;
      const pca = await new PCA({ latentDim: k }).fit(x);
      const matrix = new Matrix(x.toArray() as number[][]);
      const centred = matrix.subRowVector(matrix.mean('column'));
      const reference = new EigenvalueDecomposition(centred.transpose().mmul(centred).div(n), {
        assumeSymmetric: true,
      });
      const order = reference.realEigenvalues.map((value, i) => ({ value, i })).sort((a, b) => b.value - a.value);
      for (let c = 0; c < k; c++) {
        expect(pca.explainedVariance[c]).toBeCloseTo(order[c].value, 4);
        const vector = reference.eigenvectorMatrix.getColumn(order[c].i);
        const dot = vector.reduce((sum, value, j) => sum + value * pca.components.row(c)[j], 0);
        expect(Math.abs(dot)).toBeCloseTo(1, 5);
      }
      const codes = await pca.encode(x);
      expect(codes.shape).toEqual([n, k]);
      const lost = order.slice(k).reduce((sum, { value }) => sum + Math.max(0, value), 0);
      expect(average(await pca.reconstructionError(x, 'sse'))).toBeCloseTo(lost, 3);
    });

    test('copes with features that repeat or never vary', async () => {
      const x = NdArray.from(Array.from({ length: 20 }, (_, i) => [i, i, 5, -i]));
      const pca = await new PCA({ latentDim: 4 }).fit(x);
      expect(pca.explainedVariance[0]).toBeCloseTo(3 * 33.25, 3);
      expect(Math.max(...pca.explainedVariance.subarray(1))).toBeLessThan(1e-4);
      const { components } = pca;
      for (let a = 0; a < 4; a++) {
        for (let b = 0; b <= a; b++) {
          const dot = components.row(a).reduce((sum, value, j) => sum + value * components.row(b)[j], 0);
          expect(dot).toBeCloseTo(a === b ? 1 : 0, 5);
        }
      }
      expect(average(await pca.reconstructionError(x))).toBeLessThan(1e-8);
    });

    test('refuses more components than the data can have', async () => {
      await expect(new PCA({ latentDim: 3 }).fit([[1, 2]])).rejects.toThrow('latentDim must be at most 1');
      expect(() => new PCA({ latentDim: 0 })).toThrow('latentDim must be a positive integer, got 0');
      await expect(new PCA({ latentDim: 1 }).encode([[1]])).rejects.toThrow('call fit first');
    });
  });

  test('tells the notebook which engine it loaded, and shows a run by its method', async () => {
    const model = small();
    const run = await model.fit(data, { epochs: 2 });
    expect(run.engine).toBe(engine);
    expect(run.seed).toBe(1);
    expect(run.samplesPerSecond).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(run)).history.loss).toEqual(run.history.loss);
    const show = (run as unknown as Record<symbol, () => Promise<Record<string, unknown>>>)[
      Symbol.for('Jupyter.display')
    ];
    expect((await show())['text/plain']).toContain('Autoencoder');
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    await model.fit(
      new NdArray(
        data.data.map((value) => 3 * value),
        data.shape,
      ),
      { epochs: 1 },
    );
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0][0]).toMatch(/the data goes from .* to .*, but a sigmoid output reaches \[0, 1\] only/);
    warn.mockRestore();
    model.dispose();
  });

  async function copyOf(model: Autoencoder): Promise<Autoencoder> {
    await model.save(join(folder, 'copy'));
    return Autoencoder.load(join(folder, 'copy'));
  }
}

/** Three clusters in [0, 1], so that there is something to learn. */
function blobs(n: number, d: number, seed = 1): NdArray {
  const centres = new Random(1, 'centres').fillUniform(new Float32Array(3 * d));
  const noise = new Random(seed, 'blobs').fillNormal(new Float32Array(n * d));
  return new NdArray(
    noise.map((value, i) => {
      const cluster = Math.floor(i / d) % 3;
      return Math.min(1, Math.max(0, centres[cluster * d + (i % d)] + 0.08 * value));
    }),
    [n, d],
  );
}

function average(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}
