import { loadImage } from '@napi-rs/canvas';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { CURVES_MIME, parseCurves } from '../../src/renderers/curves/payload.ts';
import { IMAGES_MIME, parseImages } from '../../src/renderers/images/payload.ts';
import { LATENT_MIME, parseLatent } from '../../src/renderers/latent/payload.ts';
import { parseReconstruction, RECONSTRUCTION_MIME } from '../../src/renderers/reconstruction/payload.ts';
import { parseRun, RUN_MIME } from '../../src/renderers/run/payload.ts';
import { parseScatter, SCATTER_MIME } from '../../src/renderers/scatter/payload.ts';
import { parseTable, TABLE_MIME } from '../../src/renderers/table/payload.ts';
import { setHost } from '../../src/toolkit/host.ts';
import { NdArray } from '../../src/toolkit/ndarray.ts';
import { type Displayable, displaySymbol } from '../../src/toolkit/plot/display.ts';
import {
  curves,
  errorMaps,
  images,
  latent,
  lines,
  reconstructions,
  scatter,
  selection,
  table,
} from '../../src/toolkit/plot/index.ts';
import { liveTraining } from '../../src/toolkit/plot/live.ts';
import { runDisplay } from '../../src/toolkit/plot/run.ts';
import { generator, normal, run, vaeRun } from '../renderers/samples.ts';

type Bundle = Record<string, unknown>;
const show = (value: Displayable): Promise<Bundle> => value[displaySymbol]();
const text = (bundle: Bundle) => String(bundle['text/plain']);

const random = generator(1);
const pixels = (n: number, d: number) => new NdArray(Float32Array.from({ length: n * d }, random), [n, d]);
/** Gives back what it got, a little darker. */
const half = {
  reconstruct: async (x: NdArray) =>
    new NdArray(
      x.data.map((value) => value / 2),
      x.shape,
    ),
};

describe('a plot', () => {
  test('is shown as a payload, a PNG at twice its size and a sentence', async () => {
    const bundle = await show(curves(run(1), { title: 'Loss' }));
    expect(Object.keys(bundle).sort()).toEqual([CURVES_MIME, 'image/png', 'text/plain']);
    const picture = await loadImage(Buffer.from(bundle['image/png'] as string, 'base64'));
    expect([picture.width, picture.height % 2]).toEqual([2 * 752, 0]);
    expect(text(bundle)).toMatch(/^Autoencoder: 40 epochs on tensorflow in 12.34 s; loss \(mse\) 0\.\d+ to 0\.\d+/);
  });

  test('that fails speaks up where it is shown, and is silent where nobody shows it', async () => {
    const broken = images([[1, 2, 3]]);
    await expect(show(broken)).rejects.toThrow(/imageShape/);
  });

  test('of a run that was drawn while it trained is a short summary below its curves', async () => {
    const here = new AbortController().signal;
    const place = {
      display: () => ({ update: () => undefined }),
      signal: here,
      handle: vi.fn(),
      engineLoaded: vi.fn(),
    };
    setHost(place);
    const shown = run(1);
    await liveTraining({ model: 'Autoencoder', unit: 'mse', epochs: 40, engine: 'cpu' })!.end(shown);
    const bundle = await show(runDisplay(shown));
    setHost(undefined);
    expect(Object.keys(bundle)).toEqual([RUN_MIME, 'text/plain', 'image/png']);
    expect(parseRun(bundle[RUN_MIME])).toMatchObject({ epochs: 40, engine: 'tensorflow', state: 'completed' });
  });
});

/** A notebook that the toolkit draws in, and the questions that its renderers ask. */
function askingHost() {
  const channels = new Map<string, (payload: unknown) => unknown>();
  setHost({
    display: () => ({ update: () => undefined }),
    signal: undefined,
    handle: (channel, handler) => {
      channels.set(channel, handler);
      return { dispose: () => channels.delete(channel) };
    },
    engineLoaded: () => undefined,
  });
  return {
    ask: async (channel: string | undefined, question: unknown) => channels.get(channel!)!(question),
  };
}
afterEach(() => setHost(undefined));

describe('reconstructions', () => {
  test('of square samples in [0,1] are pictures, with the error of every sample', async () => {
    const x = pixels(12, 64);
    const bundle = await show(await reconstructions(half, x, { n: 5 }));
    const payload = parseReconstruction(bundle[RECONSTRUCTION_MIME]);
    expect(payload).toMatchObject({ form: 'images', imageShape: [8, 8, 1], samples: 5, features: 64, metric: 'mse' });
    const expected = x.row(2).reduce((sum, value) => sum + (value / 2) ** 2, 0) / 64;
    expect(payload.errors[2]).toBeCloseTo(expected, 5);
    expect(Math.abs(payload.originals[70]! - x.data[70]!)).toBeLessThan(1 / 255);
    expect(text(bundle)).toContain('5 samples and their reconstructions');
  });

  test.each([
    ['bars', 9],
    ['series', 140],
  ])('of other rows are %s at %i features, in full precision', async (form, d) => {
    const x = new NdArray(
      Float32Array.from({ length: 3 * d }, () => 3 * normal(random)),
      [3, d],
    );
    const payload = parseReconstruction((await show(await reconstructions(half, x)))[RECONSTRUCTION_MIME]);
    expect(payload.form).toBe(form);
    expect([...payload.originals]).toEqual([...x.data]);
  });

  test('take picture size and labels from a data set, in colour too', async () => {
    const dataset = {
      x: pixels(4, 4 * 6 * 3),
      y: Int32Array.of(2, 0, 1, 2),
      labels: ['cat', 'dog', 'cow'],
      imageShape: [4, 6, 3] as const,
    };
    const payload = parseReconstruction((await show(await reconstructions(half, dataset)))[RECONSTRUCTION_MIME]);
    expect(payload.imageShape).toEqual([4, 6, 3]);
    expect(payload.labels).toEqual(['cow', 'cat', 'dog', 'cow']);
  });

  test('with values that are not finite say so instead of failing', async () => {
    const broken = {
      reconstruct: async (x: NdArray) =>
        new NdArray(
          x.data.map(() => Number.NaN),
          x.shape,
        ),
    };
    const bundle = await show(await reconstructions(broken, pixels(2, 64)));
    expect(parseReconstruction(bundle[RECONSTRUCTION_MIME]).errors).toEqual([null, null]);
    expect(text(bundle)).toContain('not finite');
  });

  test('of a conditional model are made with the label of each sample, on every page and in every order', async () => {
    const labels = Array.from({ length: 30 }, (_, i) => (i * 7) % 10);
    const dataset = { x: pixels(30, 64), y: Int32Array.from(labels) };
    /** Draws the label that it is told, so that the error shows it. */
    const conditional = {
      styleGrid: () => undefined,
      reconstruct: async (x: NdArray, y?: ArrayLike<number>) => {
        expect(y?.length).toBe(x.shape[0]);
        return new NdArray(
          x.data.map((_, at) => y![Math.floor(at / 64)]! / 10),
          x.shape,
        );
      },
    };
    const host = askingHost();
    const drawn = (page: unknown) => {
      const { samples, reconstructions, indices } = parseReconstruction(page);
      return Array.from({ length: samples }, (_, i) => ({
        sample: indices?.[i] ?? i,
        label: Math.round(reconstructions[i * 64]! * 10),
      }));
    };
    const first = parseReconstruction((await show(await reconstructions(conditional, dataset)))[RECONSTRUCTION_MIME]);
    const pages = [
      (await show(await reconstructions(conditional, dataset)))[RECONSTRUCTION_MIME],
      await host.ask(first.channel, { from: 10, count: 10, sorted: false }),
      await host.ask(first.channel, { from: 27, count: 10, sorted: false }),
      await host.ask(first.channel, { from: 5, count: 10, sorted: true }),
    ].map(drawn);
    expect(pages.map((page) => page.length)).toEqual([10, 10, 3, 10]);
    for (const { sample, label } of pages.flat()) expect(label).toBe(labels[sample!]);
    expect(pages[2]!.map(({ sample }) => sample)).toEqual([27, 28, 29]);
    // the worst first: bright guesses of the label are far from noise around a half
    expect(new Set(pages[3]!.map(({ sample }) => sample)).size).toBe(10);
  });

  test('refuse a count that is none, no samples, and a shape that does not fit', async () => {
    await expect(reconstructions(half, pixels(2, 64), { n: 0 })).rejects.toThrow(
      'n must be an integer from 1 to 200, got 0',
    );
    await expect(reconstructions(half, pixels(0, 64))).rejects.toThrow('at least one sample');
    await expect(reconstructions(half, pixels(2, 64), { imageShape: [8, 9, 1] })).rejects.toThrow('64 values');
  });
});

describe('curves', () => {
  test('of one run show every term, training and validation, and mark the best epoch on the validation loss', async () => {
    const payload = parseCurves((await show(curves(vaeRun())))[CURVES_MIME]);
    expect(payload.series.map((series) => series.name)).toEqual([
      'loss',
      'validation loss',
      'reconstruction',
      'validation reconstruction',
      'kl',
      'validation kl',
    ]);
    expect(payload.series.filter((series) => series.best !== undefined).map((series) => series.name)).toEqual([
      'validation loss',
    ]);
    expect(payload.yLabel).toBe('loss (nats)');
  });

  test('of several seeds under one name are their mean within the band of all', async () => {
    const seeds = [run(1), run(2), run(3)];
    const payload = parseCurves((await show(curves({ plain: seeds, other: run(4) })))[CURVES_MIME]);
    const [mean] = payload.series;
    const first = seeds.map((one) => one.history.loss[0]!);
    expect(mean!.values[0]).toBeCloseTo((first[0]! + first[1]! + first[2]!) / 3, 5);
    expect(mean!.low![0]).toBeCloseTo(Math.min(...first), 5);
    expect(mean!.high![0]).toBeCloseTo(Math.max(...first), 5);
    expect(payload.series.map((series) => series.name)).toEqual([
      'plain loss',
      'plain validation loss',
      'other loss',
      'other validation loss',
    ]);
  });

  test('leave a gap where a loss is not finite', async () => {
    const diverged = run(1, {
      history: { loss: [1, Number.NaN, Number.POSITIVE_INFINITY, 2], terms: {} },
      bestEpoch: undefined,
    });
    const payload = parseCurves((await show(curves(diverged)))[CURVES_MIME]);
    expect(payload.series[0]!.values).toEqual([1, null, null, 2]);
  });

  test('refuse what is no run, and terms that no run has', () => {
    expect(() => curves([])).toThrow('what fit() returns');
    expect(() => curves({ a: {} as never })).toThrow('what fit() returns');
    expect(() => curves(vaeRun(), { terms: ['kll'] })).toThrow(
      'terms must be among loss, reconstruction, kl, got "kll"',
    );
  });

  test('as plain lines take any series over a common axis', async () => {
    const bundle = await show(lines({ variance: [5, 3, 1] }, { x: [10, 20, 30], log: true }));
    expect(parseCurves(bundle[CURVES_MIME])).toMatchObject({
      log: true,
      series: [{ x: [10, 20, 30], values: [5, 3, 1] }],
    });
    expect(text(bundle)).toContain('variance with 3 values from 1 to 5');
    expect(() => lines({ a: [1, 2] }, { x: [1] })).toThrow('x must have the 2 values of series a, got 1');
  });
});

describe('a latent map', () => {
  const x = pixels(30, 64);
  const dataset = {
    x,
    y: Int32Array.from({ length: 30 }, (_, i) => i % 3),
    labels: ['a', 'b', 'c'],
    imageShape: [8, 8, 1] as const,
  };
  const model = {
    encode: async (rows: NdArray) =>
      new NdArray(
        Float32Array.from({ length: rows.length * 3 }, (_, i) => Math.sin(i) * 5),
        [rows.length, 3],
      ),
    decode: async (z: number[][]) =>
      new NdArray(
        Float32Array.from({ length: 64 }, () => z[0]![0]! / 10),
        [1, 64],
      ),
    ...half,
  };
  afterEach(() => setHost(undefined));

  test('keeps codes to a 65 535th of their range, classes, and thumbnails with reconstructions', async () => {
    const bundle = await show(await latent(model, { x: dataset }));
    const payload = parseLatent(bundle[LATENT_MIME]);
    expect(payload).toMatchObject({ samples: 30, latents: 3, labels: ['a', 'b', 'c'] });
    expect(Math.max(...payload.codes.map((code, i) => Math.abs(code - Math.sin(i) * 5)))).toBeLessThan(10 / 65_535);
    expect(payload.thumbnails).toMatchObject({ count: 30, imageShape: [8, 8, 1] });
    expect(payload.thumbnails!.reconstructions![5]).toBeCloseTo((x.data[5]! / 2) * 255, -0.5);
    expect(text(bundle)).toContain('Map of 30 samples of 3 classes in 3 latent dimensions');
  });

  test('keeps at most 1 600 000 levels of thumbnails, spread over all samples', async () => {
    const large = pixels(500, 64 * 64);
    const payload = parseLatent((await show(await latent(model, { x: large })))[LATENT_MIME]);
    expect(payload.thumbnails!.count).toBe(390);
    expect(payload.thumbnails!.indices.at(-1)).toBeGreaterThan(490);
  });

  test('decodes a point for its renderer while a host is there', async () => {
    const host = askingHost();
    const payload = parseLatent((await show(await latent(model, { x: dataset })))[LATENT_MIME]);
    const ask = (question: unknown) =>
      host.ask(payload.channel, question) as Promise<{ count: number; levels: string }>;
    const answer = await ask({ decode: [[5, 0, 0]] });
    expect(answer.count).toBe(1);
    expect([...Buffer.from(answer.levels, 'base64')]).toEqual(Array(64).fill(128));
    expect((await ask({ sample: 3 })).count).toBe(2);
    for (const wrong of ['no point', { decode: [[5, 0]] }, { decode: [[5, 0, 'x']] }, { sample: 30 }]) {
      await expect(ask(wrong)).rejects.toThrow(TypeError);
    }
    expect(await ask({ select: [2, 7, 7.5, -1, 99] })).toEqual({ selected: 2 });
    expect([...selection()!.indices]).toEqual([2, 7]);
    expect(selection()!.x!.shape).toEqual([2, ...x.shape.slice(1)]);
    expect([...selection()!.y!]).toEqual([dataset.y[2], dataset.y[7]]);
    await ask({ select: [] });
    expect(selection()).toBeUndefined();
  });

  test('takes codes without a model, and has no channel then or without a host', async () => {
    const codes = parseLatent(
      (
        await show(
          await latent(
            [
              [0, 1],
              [2, 3],
            ],
            { y: [0, 1] },
          ),
        )
      )[LATENT_MIME],
    );
    expect(codes).toMatchObject({ samples: 2, latents: 2, channel: undefined, thumbnails: undefined });
    const encoded = parseLatent((await show(await latent(model, { x: dataset })))[LATENT_MIME]);
    expect(encoded.channel).toBeUndefined();
  });

  test('survives codes that are not finite or all alike', async () => {
    const payload = parseLatent(
      (
        await show(
          await latent([
            [Number.NaN, 1],
            [0, 1],
            [4, 1],
          ]),
        )
      )[LATENT_MIME],
    );
    expect(payload.ranges).toEqual([
      [0, 4],
      [1, 1],
    ]);
  });

  test('refuses classes that do not fit the samples', async () => {
    await expect(latent(model, {})).rejects.toThrow('x must hold the samples to encode');
    await expect(latent(model, { x, y: [1] })).rejects.toThrow('one class for each of the 30 samples, got 1');
    await expect(latent([[0, 0]], { y: [-1] })).rejects.toThrow('classes from 0 to 255, got -1 at sample 0');
  });
});

describe('a scatter plot', () => {
  const cloud = Array.from({ length: 200 }, () => [normal(random), normal(random)] as const).map((pair) => [...pair]);

  test('draws the first of several series as grey points and what lies along a curve as a line in its order', async () => {
    const curve = cloud.map(([a]) => [a!, a! ** 2 / 2]);
    const bundle = await show(scatter({ data: cloud, rebuilt: curve }, { x: 'cm', y: 'kg' }));
    const payload = parseScatter(bundle[SCATTER_MIME]);
    expect(payload.series.map(({ line, background }) => ({ line, background }))).toEqual([
      { line: false, background: true },
      { line: true, background: false },
    ]);
    const xs = payload.series[1]!.points.filter((_, i) => i % 2 === 0);
    expect([...xs]).toEqual([...xs].sort((a, b) => a - b));
  });

  test('obeys when told what is a line', async () => {
    const payload = async (options: object) =>
      parseScatter((await show(scatter({ data: cloud }, options)))[SCATTER_MIME]).series[0]!.line;
    expect(await payload({})).toBe(false);
    expect(await payload({ lines: true })).toBe(true);
    expect(() => scatter({ data: cloud }, { lines: ['dat'] })).toThrow('lines must name series (data), got dat');
  });

  test('leaves out points that are not finite and refuses to draw nothing', async () => {
    const payload = parseScatter(
      (
        await show(
          scatter({
            a: [
              [1, 2],
              [Number.NaN, 1],
              [3, 4],
            ],
          }),
        )
      )[SCATTER_MIME],
    );
    expect([...payload.series[0]!.points]).toEqual([1, 2, 3, 4]);
    expect(() => scatter({})).toThrow('at least one series');
  });
});

describe('a table', () => {
  test('gives the numbers of a column the same decimals, and texts none', async () => {
    const rows = [
      { name: 'PCA', error: 13.39123, runs: 3 },
      { name: 'deep', error: 8, runs: 12 },
      { name: 'none', error: Number.NaN },
    ];
    const bundle = await show(table(rows));
    const payload = parseTable(bundle[TABLE_MIME]);
    expect(payload.columns).toEqual([
      { name: 'name', numeric: false, digits: undefined },
      { name: 'error', numeric: true, digits: 2 },
      { name: 'runs', numeric: true, digits: 0 },
    ]);
    expect(payload.rows[2]).toEqual(['none', 'NaN', null]);
    expect(text(bundle).split('\n')[2]).toBe('PCA   13.39     3');
  });

  test('keeps the first ten thousand rows and says how many there were', async () => {
    const rows = Array.from({ length: 12_000 }, (_, i) => ({ i }));
    const payload = parseTable((await show(table(rows)))[TABLE_MIME]);
    expect([payload.rows.length, payload.total]).toEqual([10_000, 12_000]);
  });

  test('of nothing is an empty table', async () => {
    expect(parseTable((await show(table([])))[TABLE_MIME])).toMatchObject({ columns: [], rows: [], total: 0 });
    expect(() => table('rows' as never)).toThrow('list of records');
  });
});

describe('maps of errors', () => {
  test('show colour samples in colour, over one error a pixel', async () => {
    const x = pixels(3, 8 * 8 * 3);
    const detector = {
      scores: async (rows: NdArray) => Float32Array.from({ length: rows.shape[0]! }, (_, i) => i),
      errorMap: async (rows: NdArray) =>
        new NdArray(
          rows.data.map((_, at) => (at % 3 === 1 ? 3 : 0)),
          rows.shape,
        ),
    };
    const bundle = await show(await errorMaps(detector, x, { n: 2, imageShape: [8, 8, 3] }));
    const { imageShape, count, pixels: levels, scales } = parseImages(bundle[IMAGES_MIME]);
    expect({ imageShape, count, scales }).toEqual({ imageShape: [8, 8, 3], count: 4, scales: ['plain', 'error'] });
    expect(levels[5]).toBe(Math.round(255 * x.data[2 * 192 + 5]!));
    expect(new Set(levels.subarray(2 * 192))).toEqual(new Set([255]));
  });
});

describe('images', () => {
  test('show the first thousand, and say how many there are', async () => {
    const bundle = await show(images(pixels(1_200, 64)));
    expect(parseImages(bundle[IMAGES_MIME])).toMatchObject({ count: 1_000, imageShape: [8, 8, 1], total: 1_200 });
    expect(text(bundle)).toContain('1000 pictures (of 1200) of 8 x 8 pixels');
    expect(parseImages((await show(images(pixels(12, 64))))[IMAGES_MIME]).total).toBeUndefined();
  });

  test('of many pixels are as many as a payload may hold', async () => {
    const large = new NdArray(new Float32Array(6 * 4_000_000), [6, 2_000, 2_000, 1]);
    expect(parseImages((await show(images(large)))[IMAGES_MIME])).toMatchObject({ count: 4, total: 6 });
  });

  test('further pages have the same scale and the captions of their samples', async () => {
    const x = pixels(25, 64);
    x.data[24 * 64] = 3;
    x.data[0] = 0;
    const titles = Array.from({ length: 25 }, (_, i) => `number ${i}`);
    const host = askingHost();
    const first = parseImages((await show(images(x, { n: 10, titles, imageShape: [8, 8, 1] })))[IMAGES_MIME]);
    expect(first).toMatchObject({ count: 10, total: 25, range: [0, 3] });
    const last = parseImages(await host.ask(first.channel, { from: 20, count: 10 }));
    expect(last).toMatchObject({ count: 5, range: [0, 3], titles: titles.slice(20) });
    expect(last.pixels[4 * 64]).toBe(255);
    for (const wrong of [
      undefined,
      { from: 25, count: 1 },
      { from: -1, count: 1 },
      { from: 0, count: 0 },
      { from: 'x' },
    ]) {
      await expect(host.ask(first.channel, wrong)).rejects.toThrow(TypeError);
    }
    expect(parseImages(await host.ask(first.channel, { from: 0, count: 1e9 })).count).toBe(10);
  });

  test('refuse a page of none, and samples without a shape', async () => {
    expect(() => images(pixels(3, 64), { n: 0 })).toThrow('n must be an integer from 1 to 1000, got 0');
    await expect(show(images([[1, 2, 3]]))).rejects.toThrow('imageShape');
  });
});

describe('a live training', () => {
  afterEach(() => {
    vi.useRealTimers();
    setHost(undefined);
  });

  function notebook() {
    const updates: Bundle[] = [];
    setHost({
      display: (bundle) => {
        updates.push(bundle);
        return { update: (newer) => updates.push(newer) };
      },
      signal: new AbortController().signal,
      handle: () => ({ dispose: () => undefined }),
      engineLoaded: () => undefined,
    });
    return updates;
  }
  const about = { model: 'Autoencoder', unit: 'mse', epochs: 100, engine: 'cpu' };

  test('is not drawn outside of a notebook', () => {
    expect(liveTraining(about)).toBeUndefined();
  });

  test('updates one output at most ten times a second, and misses no last state', () => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
    const updates = notebook();
    const live = liveTraining(about)!;
    const history = { loss: [] as number[], terms: {} };
    for (let epoch = 1; epoch <= 100; epoch++) {
      vi.advanceTimersByTime(10);
      history.loss.push(1 / epoch);
      live.epoch({ epoch, epochs: 100, secondsPerEpoch: 0.01 }, history);
    }
    vi.advanceTimersByTime(200);
    expect(updates.length).toBeGreaterThan(5);
    expect(updates.length).toBeLessThanOrEqual(12);
    const last = parseCurves(updates.at(-1)![CURVES_MIME]);
    expect(last.progress).toMatchObject({ epoch: 100, epochs: 100, fraction: 1, state: 'running', secondsLeft: 0 });
    expect(updates.some((bundle) => 'image/png' in bundle)).toBe(false);
  });

  test('ends with the final curves, their PNG, and what the run came to', async () => {
    const updates = notebook();
    const live = liveTraining(about)!;
    await live.end(run(1, { stopped: 'earlyStopping' }));
    const last = updates.at(-1)!;
    expect(last['image/png']).toEqual(expect.any(String));
    expect(parseCurves(last[CURVES_MIME]).progress).toMatchObject({
      state: 'earlyStopping',
      epoch: 40,
      epochs: 100,
      fraction: 0.4,
    });
  });

  test('leaves a short summary for the run in the same cell, and the curves in a later one', async () => {
    notebook();
    const shown = run(1);
    await liveTraining(about)!.end(shown);
    expect(Object.keys(await show(runDisplay(shown)))).toContain(RUN_MIME);
    notebook();
    expect(Object.keys(await show(runDisplay(shown)))).toContain(CURVES_MIME);
  });
});
