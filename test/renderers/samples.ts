/** Outputs as the toolkit's plots make them, of data that needs no training: what the renderers' tests draw. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { arrayBundle } from '../../src/toolkit/plot/array.ts';
import { trainingPicture } from '../../src/toolkit/plot/curves.ts';
import { type Displayable, displayable, displaySymbol } from '../../src/toolkit/plot/display.ts';
import {
  bars,
  curves,
  errorMaps,
  errors,
  formation,
  gradients,
  histogram,
  images,
  latent,
  lines,
  manifold,
  model,
  reconstructions,
  scatter,
  styleGrid,
  table,
  weights,
} from '../../src/toolkit/plot/index.ts';
import { finishedProgress, progressPicture } from '../../src/toolkit/plot/progress.ts';
import { runPicture } from '../../src/toolkit/plot/run.ts';
import type { DrawnRun } from '../../src/toolkit/plot/types.ts';

export type Bundle = Record<string, unknown>;

/** Numbers from 0 to 1 that are the same in every run. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Real digits, packed by the build, as every seventh of them; [n, 784] in [0,1]. */
export function digits(n: number) {
  const packed = gunzipSync(readFileSync(new URL('../../dist/digits.bin.gz', import.meta.url)));
  const count = packed.length / 785;
  const pick = Array.from({ length: n }, (_, i) => (i * 7919) % count);
  const data = new Float32Array(n * 784);
  pick.forEach((index, i) => {
    for (let p = 0; p < 784; p++) data[i * 784 + p] = packed[count + index * 784 + p]! / 255;
  });
  return {
    x: { data, shape: [n, 784] },
    y: Int32Array.from(pick, (index) => packed[index]!),
    labels: Array.from({ length: 10 }, (_, i) => String(i)),
    imageShape: [28, 28, 1] as const,
  };
}

/** Stands in for a trained model: every pixel becomes the mean of its neighbours. */
export class Blur {
  async reconstruct(x: { data: Float32Array; shape: readonly number[] }) {
    const side = Math.sqrt(x.shape[1]!);
    const data = x.data.map((_, i) => {
      const start = i - (i % (side * side));
      const [row, column] = [Math.floor((i - start) / side), (i - start) % side];
      let sum = 0;
      let count = 0;
      for (let r = Math.max(0, row - 1); r <= Math.min(side - 1, row + 1); r++) {
        for (let c = Math.max(0, column - 1); c <= Math.min(side - 1, column + 1); c++) {
          sum += x.data[start + r * side + c]!;
          count++;
        }
      }
      return sum / count;
    });
    return { data, shape: x.shape };
  }
}

/** Stands in for a trained model on any rows: draws each value a little towards the row's mean. */
export class Shrink {
  async reconstruct(x: { data: Float32Array; shape: readonly number[] }) {
    const d = x.shape[1]!;
    const data = x.data.map((value, i) => {
      const row = x.data.subarray(i - (i % d), i - (i % d) + d);
      const near = [-2, -1, 0, 1, 2].map((step) => row[Math.min(d - 1, Math.max(0, (i % d) + step))]!);
      return d > 30 ? near.reduce((a, b) => a + b, 0) / 5 + (i % d > 60 && i % d < 80 ? 0.35 : 0) : value * 0.8;
    });
    return { data, shape: x.shape };
  }
}

export function run(seed: number, changes: Partial<DrawnRun> = {}, epochs = 40): DrawnRun {
  const random = generator(seed);
  const loss = Array.from(
    { length: epochs },
    (_, i) => 0.06 * Math.exp(-i / 4) + 0.012 + 0.004 / (1 + i) + random() * 2e-4,
  );
  const valLoss = loss.map((value, i) => value * 1.04 + 0.0003 + Math.max(0, i - 25) * 4e-5 + random() * 4e-4);
  const best = valLoss.indexOf(Math.min(...valLoss)) + 1;
  return {
    model: 'Autoencoder',
    history: { loss, valLoss, terms: { reconstruction: loss }, valTerms: { reconstruction: valLoss } },
    unit: 'mse',
    epochs,
    bestEpoch: best,
    stopped: 'completed',
    engine: 'tensorflow',
    seed,
    seconds: 12.34,
    samplesPerSecond: 23_456,
    ...changes,
  };
}

export function vaeRun(seed = 3): DrawnRun {
  const base = run(seed);
  const reconstruction = base.history.loss.map((value) => 80 + value * 900);
  const kl = base.history.loss.map((_, i) => 25 * (1 - Math.exp(-(i + 1) / 3)));
  const add = (a: readonly number[], b: readonly number[], by = 0) => a.map((value, i) => value + b[i]! + by);
  return {
    ...base,
    model: 'VariationalAutoencoder',
    unit: 'nats',
    history: {
      loss: add(reconstruction, kl),
      valLoss: add(reconstruction, kl, 1.5),
      terms: { reconstruction, kl },
      valTerms: { reconstruction: reconstruction.map((value) => value + 1.2), kl: kl.map((value) => value + 0.3) },
    },
  };
}

function heightWeight(n: number) {
  const random = generator(1);
  const people: [number, number][] = Array.from({ length: n }, () => {
    const size = normal(random);
    return [170 + 9 * size, 70 + 10 * (0.75 * size + 0.6 * normal(random))];
  });
  const along = (slope: number) =>
    people.map(([h, w]) => {
      const t = ((h - 170) * 9 + (w - 70) * 10 * slope) / (81 + 100 * slope * slope);
      return [170 + 9 * t, 70 + 10 * slope * t] as [number, number];
    });
  return { people, autoencoder: along(0.84), PCA: along(0.88) };
}

/** Many points around the middle, fewer to the right of it, and a line through both. */
function cloud(n: number) {
  const random = generator(6);
  const around = (count: number, x: number) =>
    Array.from({ length: count }, () => [x + normal(random), normal(random)]);
  return { all: around(n, 0), some: around(n / 5, 5), line: Array.from({ length: 40 }, (_, i) => [i / 4 - 2, 1]) };
}

/** Three numbers per sample, clustered by class. */
function clusters(n: number, y: Int32Array, k: number) {
  const random = generator(9);
  const centres = Array.from({ length: 10 }, (_, c) =>
    Array.from({ length: k }, (_, u) => 4 * Math.cos(c * (2.1 + u) + u) + (u ? 0 : 2 * Math.sin(c * 5))),
  );
  const data = Float32Array.from({ length: n * k }, (_, i) => {
    const centre = centres[y[Math.floor(i / k)]!]!;
    return centre[i % k]! + normal(random) * (0.5 + 0.15 * (y[Math.floor(i / k)]! % 4));
  });
  return { data, shape: [n, k] };
}

class Encoder extends Blur {
  constructor(
    private readonly y: Int32Array,
    private readonly k: number,
  ) {
    super();
  }
  async encode(x: { shape: readonly number[] }) {
    return clusters(x.shape[0]!, this.y, this.k);
  }
  async decode(z: never) {
    const [[a = 0, b = 0] = []] = z as number[][];
    const data = Float32Array.from({ length: 784 }, (_, p) => {
      const [x, y] = [(p % 28) / 14 - 1, Math.floor(p / 28) / 14 - 1];
      return Math.exp(-8 * ((Math.hypot(x, y) - 0.5 - a / 20) ** 2 + (b / 40) ** 2));
    });
    return { data, shape: [1, 784] };
  }
}

/** A variational encoder: its codes spread out from the middle while it is trained. */
class Forming extends Encoder {
  spread = 1;
  async encodeDistribution() {
    return undefined;
  }
  override async encode(x: { shape: readonly number[] }) {
    const { data, shape } = await super.encode(x);
    return { data: data.map((value) => (value / 2.4) * this.spread), shape };
  }
}

/** Stands in for a detector: how far values lie from the mean of all. */
class FromMean {
  threshold = 0.6;
  async errorMap(x: { data: Float32Array; shape: readonly number[] }) {
    return { data: x.data.map((value) => value * value), shape: x.shape };
  }
  async scores(x: { data: Float32Array; shape: readonly number[] }) {
    const d = x.data.length / x.shape[0]!;
    return Float32Array.from({ length: x.shape[0]! }, (_, i) =>
      x.data.subarray(i * d, (i + 1) * d).reduce((sum, value) => sum + (value * value) / d, 0),
    );
  }
}

/** A layer of a network that is not there, as far as it is drawn. */
function layer(kind: string, shape: number[], parameters: number, activation?: string) {
  return {
    name: kind.toLowerCase(),
    getClassName: () => kind,
    countParams: () => parameters,
    outputShape: [null, ...shape],
    getConfig: () => ({ activation }),
    getWeights: () => {
      if (!parameters) return [];
      const random = generator(2);
      const data = Float32Array.from({ length: 784 * 32 }, (_, at) => {
        const [p, unit] = [Math.floor(at / 32), at % 32];
        const [x, y] = [(p % 28) / 14 - 1, Math.floor(p / 28) / 14 - 1];
        return Math.sin(3 * x * Math.cos(unit) + 3 * y * Math.sin(unit) + unit) + 0.3 * normal(random);
      });
      return [{ shape: [784, 32], data: async () => data }];
    },
  };
}
class Hourglass {
  readonly encoder = {
    layers: [
      layer('InputLayer', [784], 0),
      layer('Dense', [128], 100_480, 'relu'),
      layer('Dropout', [128], 0),
      layer('Dense', [2], 258, 'linear'),
    ],
  };
  readonly decoder = {
    layers: [
      layer('InputLayer', [2], 0),
      layer('Dense', [128], 384, 'relu'),
      layer('Dense', [784], 101_136, 'sigmoid'),
    ],
  };
}

/** Every sample by name; what is shown and how is in the name. */
export async function samples(): Promise<Record<string, Displayable>> {
  const some = digits(2_000);
  const first = { ...some, x: { data: some.x.data.slice(0, 12 * 784), shape: [12, 784] } };
  const random = generator(4);
  const beats = Array.from({ length: 6 }, (_, s) =>
    Float32Array.from(
      { length: 140 },
      (_, i) => Math.sin(i / 9 + s) * Math.exp(-(((i - 70) / 60) ** 2)) * 2 + normal(random) * 0.12,
    ),
  );
  const rows = Array.from({ length: 8 }, () => Float32Array.from({ length: 9 }, () => normal(random)));
  const two = new Encoder(some.y, 2);
  const forming = new Forming(some.y, 2);
  const followed = await formation(forming, some, { samples: 500 });
  for (let epoch = 1; epoch <= 12; epoch++) {
    forming.spread = 1 - Math.exp(-epoch / 4);
    await followed.onEpoch({ epoch });
  }
  forming.spread = 1;
  const scored = Array.from({ length: 900 }, (_, i) =>
    Array.from({ length: 5 }, () => normal(random) * (i < 800 ? 0.6 : 2)),
  );
  const norms = (fall: number) =>
    Array.from({ length: 12 }, (_, epoch) =>
      Array.from({ length: 6 }, (_, l) => 10 ** (-fall * (5 - l)) * (1 + epoch / 6)),
    );
  return {
    'reconstruction-digits': await reconstructions(new Blur(), first, {
      n: 10,
      title: '784 numbers through 32 and back',
    }),
    'reconstruction-series': await reconstructions(new Shrink(), beats, { title: 'Heartbeats' }),
    'reconstruction-rows': await reconstructions(new Shrink(), rows, { title: 'Tabular rows' }),
    'curves-run': curves(run(1)),
    'curves-vae': curves(vaeRun(), { title: 'Every term of a variational autoencoder' }),
    'curves-several': curves(
      {
        plain: [run(1), run(2), run(5)],
        deep: [run(7), run(8), run(11)].map((r) => ({
          ...r,
          history: {
            ...r.history,
            loss: r.history.loss.map((v) => v * 0.8),
            valLoss: r.history.valLoss!.map((v) => v * 0.8 + Math.sin(v * 900) * 4e-4),
          },
        })),
      },
      { log: true, title: 'Two networks, three seeds each' },
    ),
    'curves-lines': lines(
      { PCA: Array.from({ length: 30 }, (_, i) => 100 * (1 - Math.exp(-(i + 1) / 8))) },
      { title: 'Explained variance', xLabel: 'components', yLabel: '%' },
    ),
    'curves-training': displayable(
      trainingPicture({ ...run(1), progress: finishedProgress(run(1, { stopped: 'earlyStopping' }), 60) }),
    ),
    'scatter-people': scatter(heightWeight(500), {
      x: 'height (cm)',
      y: 'weight (kg)',
      title: 'From two dimensions to a line',
    }),
    'scatter-one': scatter(
      { 人: heightWeight(500).people },
      { x: '身長 (cm)', y: '体重 (kg)', title: '五百人の身長と体重' },
    ),
    'scatter-cloud': scatter(cloud(5_000), { title: 'Six thousand numbers, and a line', lines: ['line'] }),
    'latent-digits': await latent(two, { x: some, title: 'Two thousand digits, two numbers each' }),
    'latent-five': await latent(new Encoder(some.y, 5), { x: some }),
    'latent-codes': await latent(clusters(300, some.y.slice(0, 300), 2)),
    'images-digits': images(
      { ...some, x: { data: some.x.data.slice(0, 40 * 784), shape: [40, 784] } },
      { title: 'Forty digits' },
    ),
    'latent-vae': await latent(forming, {
      x: some,
      formation: followed,
      title: 'How two thousand digits found their places',
    }),
    'latent-beats': await latent(new Encoder(some.y, 2), {
      x: beats.concat(beats, beats),
      y: Array.from({ length: 18 }, (_, i) => i % 2),
      labels: ['normal', 'abnormal'],
    }),
    'images-manifold': await manifold(
      {
        decode: async (z: never) => {
          const rows = await Promise.all((z as number[][]).map((code) => two.decode([code] as never)));
          return { data: Float32Array.from(rows.flatMap((row) => [...row.data])), shape: [rows.length, 784] };
        },
      },
      { steps: 15, title: 'What the decoder makes of every place' },
    ),
    'images-styles': await styleGrid(
      { styleGrid: async () => ({ data: some.x.data.slice(0, 50 * 784), shape: [5, 10, 784] }) },
      { styles: 5, title: 'Five styles of ten classes' },
    ),
    'images-weights': weights(new Hourglass(), { n: 32, title: 'What the first layer looks for' }),
    'images-errors': await errorMaps(new FromMean(), first, { n: 8, title: 'Where the anomaly is' }),
    'reconstruction-errors': await errorMaps(new FromMean(), beats, { n: 4, title: 'Where the beats are abnormal' }),
    'histogram-errors': await errors(
      new FromMean(),
      scored,
      scored.map((_, i) => (i < 800 ? 0 : 1)),
      { title: 'Scores of normal and abnormal samples' },
    ),
    'histogram-one': histogram(
      Float32Array.from({ length: 5_000 }, () => normal(random)),
      { x: 'value', title: 'Five thousand numbers' },
    ),
    'histogram-array': {
      [displaySymbol]: () => arrayBundle('NdArray [12, 784]', first.x.data),
    },
    'bars-gradients': gradients(
      {
        sigmoid: { ...run(1), model: 'sigmoid', gradientNorms: norms(1.1) },
        relu: { ...run(2), model: 'relu', gradientNorms: norms(0.15) },
      },
      { title: 'Gradients vanish where the units saturate' },
    ),
    'bars-one': bars({ 'latent 1': 0.8, 'latent 2': 0.5, 'latent 3': 0.02 }, { title: 'What each latent is worth' }),
    'model-hourglass': model(new Hourglass(), { title: 'Autoencoder' }),
    'table-errors': table(
      [
        { 'numbers per digit': 32, autoencoder: 8.12345, PCA: 13.39123, 'error less than PCA': '39 %' },
        { 'numbers per digit': 2, autoencoder: 31.2, PCA: 44.51234, 'error less than PCA': '30 %' },
      ],
      { title: 'Squared error per picture, 2 000 unseen digits' },
    ),
    'progress-half': displayable(
      progressPicture({
        ...finishedProgress(run(1), 80),
        state: 'running',
        secondsLeft: 12.1,
        text: 'Autoencoder is training: 40 of 80 epochs.',
      }),
    ),
    'run-summary': displayable(runPicture(run(1))),
  };
}

export async function bundleOf(value: Displayable): Promise<Bundle> {
  return value[displaySymbol]();
}
