/** Whether the words of a picture can be read: none lies on another, and none leaves the paper. */
import { createCanvas } from '@napi-rs/canvas';
import { describe, expect, test } from 'vitest';
import type { Context, MakeCanvas } from '../../src/drawing/canvas.ts';
import { paintChart } from '../../src/drawing/chart.ts';
import { curvesChart } from '../../src/drawing/curvesChart.ts';
import { progressSheet, runSheet } from '../../src/drawing/factsPicture.ts';
import { layOutHistogram, paintHistogram, prepareHistogram } from '../../src/drawing/histogramPicture.ts';
import { layOutModel, paintModel } from '../../src/drawing/modelPicture.ts';
import { layOutReconstruction } from '../../src/drawing/reconstructionLayout.ts';
import { paintReconstruction, prepareReconstruction } from '../../src/drawing/reconstructionPicture.ts';
import { layOutSheet, paintSheet, type Sheet } from '../../src/drawing/sheet.ts';
import { paper } from '../../src/drawing/theme.ts';
import { english } from '../../src/drawing/words.ts';
import { type CurvesPayload, parseCurves } from '../../src/renderers/curves/payload.ts';
import { parseHistogram } from '../../src/renderers/histogram/payload.ts';
import { parseModel } from '../../src/renderers/model/payload.ts';
import { parseReconstruction } from '../../src/renderers/reconstruction/payload.ts';
import type { RunPayload } from '../../src/renderers/run/payload.ts';
import { displaySymbol } from '../../src/toolkit/plot/display.ts';
import { curves } from '../../src/toolkit/plot/index.ts';
import { run, samples, vaeRun } from '../renderers/samples.ts';

interface Written {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Canvases that note where texts are written, in their own pixels. */
function noting() {
  const written: Written[] = [];
  const make: MakeCanvas = (width, height) => {
    const canvas = createCanvas(width, height);
    const context = canvas.getContext('2d') as unknown as Context;
    const fillText = context.fillText.bind(context);
    context.fillText = (text: string, x: number, y: number, ...rest: number[]) => {
      const box = context.measureText(text);
      const corners = [
        [x - box.actualBoundingBoxLeft, y - box.actualBoundingBoxAscent],
        [x + box.actualBoundingBoxRight, y + box.actualBoundingBoxDescent],
      ].map(([px, py]) => {
        const { a, b, c, d, e, f } = context.getTransform();
        return [a * px! + c * py! + e, b * px! + d * py! + f] as const;
      });
      const [xs, ys] = [corners.map(([px]) => px), corners.map(([, py]) => py)];
      if (text) {
        const [left, right] = [Math.min(...xs), Math.max(...xs)];
        written.push({ text, left, right, top: Math.min(...ys), bottom: Math.max(...ys) });
      }
      fillText(text, x, y, ...rest);
    };
    return canvas as unknown as HTMLCanvasElement;
  };
  return { make, written };
}

/** Pairs of texts that lie on one another by more than a pixel. */
function collisions(written: readonly Written[]): string[] {
  return written.flatMap((a, i) =>
    written
      .slice(i + 1)
      .filter((b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
      .map((b) => `${a.text} | ${b.text}`),
  );
}

function textsOf(sheet: (ruler: Context) => Sheet): { written: Written[]; width: number } {
  const { make, written } = noting();
  const ruler = make(1, 1).getContext('2d')!;
  const made = sheet(ruler);
  const layout = layOutSheet(ruler, made, paper);
  paintSheet(make(layout.width, layout.height).getContext('2d')!, made, layout, paper, make);
  return { written, width: layout.width };
}

describe('the facts of a training', () => {
  const losses = ['loss', 'validation loss', 'reconstruction', 'validation reconstruction', 'kl', 'validation kl'];
  const summary: RunPayload = {
    text: '',
    model: 'ConditionalVariationalAutoencoder',
    engine: 'tensorflow',
    seed: 1,
    epochs: 40,
    state: 'completed',
    seconds: 12,
    samplesPerSecond: 23_456,
    unit: 'mse',
    bestEpoch: 28,
    losses: losses.map((name) => ({ name, first: 0.07605, last: 0.01225 })),
  };

  test.each([1, 2, 3, 6])('of a run with %i losses lie beside or below each other', (count) => {
    const { written, width } = textsOf((ruler) =>
      runSheet(ruler, { ...summary, losses: summary.losses.slice(0, count) }, paper, english),
    );
    expect(written.map(({ text }) => text)).toEqual(
      expect.arrayContaining(['best', 'epoch 28', ...losses.slice(0, count)]),
    );
    expect(collisions(written)).toEqual([]);
    expect(Math.max(...written.map(({ right }) => right))).toBeLessThan(width);
  });

  test('with names as long as the paper are cut', () => {
    const long = [{ name: 'x'.repeat(9_000), first: 1, last: 2 }];
    const { written, width } = textsOf((ruler) => runSheet(ruler, { ...summary, losses: long }, paper, english));
    expect(collisions(written)).toEqual([]);
    expect(Math.max(...written.map(({ right }) => right))).toBeLessThan(width);
  });

  test('of a progress lie beside or below each other', () => {
    const progress = {
      text: '',
      model: 'Autoencoder',
      state: 'running' as const,
      epoch: 40,
      epochs: 80,
      fraction: 0.5,
      seconds: 12,
      secondsLeft: 12,
      samplesPerSecond: 23_456,
      engine: 'tensorflow',
      losses: losses.map((name) => ({ name, value: 0.0123456 })),
    };
    expect(collisions(textsOf((ruler) => progressSheet(ruler, progress, paper, english)).written)).toEqual([]);
  });
});

describe('the words of a picture', async () => {
  const all = await samples();
  const payload = async (name: string) => {
    const bundle = await all[name]![displaySymbol]();
    return JSON.parse(JSON.stringify(bundle[Object.keys(bundle).find((mime) => mime.includes('vnd.aenb'))!]));
  };
  const style = { theme: paper, words: english };
  /** Painters of a picture in so much room; each tells its own size. */
  const pictures: Record<
    string,
    (width: number, make: MakeCanvas) => { width: number; paint(context: Context): void }
  > = {};
  const scores = parseHistogram(await payload('histogram-errors'));
  pictures['histogram-errors'] = (width) => {
    const parts = prepareHistogram(scores, false);
    const layout = layOutHistogram(parts, width);
    const view = { log: false, threshold: scores.threshold, hidden: new Set<string>() };
    return { width: layout.width, paint: (context) => paintHistogram(context, scores, parts, view, layout, style) };
  };
  for (const name of ['reconstruction-digits', 'reconstruction-series', 'reconstruction-rows']) {
    const grid = parseReconstruction(await payload(name));
    pictures[name] = (width, make) => {
      const layout = layOutReconstruction(grid, width, 1);
      const parts = prepareReconstruction(grid, make);
      return { width, paint: (context) => paintReconstruction(context, grid, parts, layout, style) };
    };
  }
  const network = parseModel(await payload('model-hourglass'));
  pictures['model-hourglass'] = (width) => {
    const layout = layOutModel(network, width);
    return { width: layout.width, paint: (context) => paintModel(context, network, layout, style) };
  };

  test.each(
    Object.keys(pictures).flatMap((name) => [268, 300, 400, 520, 700, 850, 960].map((width) => ({ name, width }))),
  )('of $name can all be read at $width px', ({ name, width }) => {
    const { make, written } = noting();
    const picture = pictures[name]!(width, make);
    picture.paint(make(picture.width, 2_000).getContext('2d')!);
    expect(written.length).toBeGreaterThan(3);
    expect(collisions(written)).toEqual([]);
    if (name !== 'model-hourglass') expect(written.filter(({ text }) => text.endsWith('…'))).toEqual([]);
    expect(Math.min(...written.map(({ left }) => left))).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...written.map(({ right }) => right))).toBeLessThanOrEqual(picture.width + 1);
  });
});

describe('the mark of the best epoch', async () => {
  const payloads: Record<string, CurvesPayload> = {};
  for (const [name, drawn] of Object.entries({
    run: curves(run(1)),
    vae: curves(vaeRun()),
    'two runs': curves({ plain: run(1), again: run(2) }),
    'a short run': curves(run(3, {}, 2)),
  })) {
    const bundle = await drawn[displaySymbol]();
    payloads[name] = parseCurves(bundle[Object.keys(bundle).find((mime) => mime.includes('vnd.aenb'))!]);
  }

  test.each(Object.keys(payloads).flatMap((name) => [268, 300, 420, 720, 1600].map((width) => ({ name, width }))))(
    'of $name lies on no other text at $width px, and within the picture',
    ({ name, width }) => {
      const { make, written } = noting();
      const view = { log: false, hidden: new Set<string>() };
      const size = { width, height: 220 };
      const context = make(width, size.height).getContext('2d')!;
      paintChart(context, curvesChart(payloads[name]!, view, paper, english), size, make);
      expect(written.filter(({ text }) => text.startsWith('best')).length).toBeGreaterThan(0);
      expect(collisions(written)).toEqual([]);
      // Charts are drawn at twice their size.
      expect(Math.max(...written.map(({ right }) => right))).toBeLessThanOrEqual(2 * width);
    },
  );

  test('goes where it covers no line', () => {
    const flat = (name: string, value: number, best?: number) => ({
      name,
      colour: 0,
      dashed: false,
      shown: true,
      best,
      values: Array<number>(20).fill(value),
    });
    const place = (other: number) => {
      const { make, written } = noting();
      const payload: CurvesPayload = {
        text: '',
        xLabel: 'epoch',
        yLabel: 'loss',
        log: false,
        series: [flat('loss', 0.5, 9), flat('other', other), flat('top', 1)],
      };
      const context = make(600, 220).getContext('2d')!;
      paintChart(
        context,
        curvesChart(payload, { log: false, hidden: new Set() }, paper, english),
        { width: 600, height: 220 },
        make,
      );
      const note = written.find(({ text }) => text.startsWith('best'))!;
      return (note.top + note.bottom) / 4;
    };
    // another line close below sends it above
    expect(place(0.4)).toBeLessThan(place(0.05));
  });
});
