/**
 * Every kind's picture as a PNG, in Node: what viewers without our renderers show. The same code paints it as in the
 * browser; Chart.js and the canvas library are loaded when the first PNG is made.
 */
import type * as canvasLibrary from '@napi-rs/canvas';
import { BARS_MIME, parseBars } from '../renderers/bars/payload.ts';
import { CURVES_MIME, parseCurves } from '../renderers/curves/payload.ts';
import { HISTOGRAM_MIME, parseHistogram } from '../renderers/histogram/payload.ts';
import { IMAGES_MIME, parseImages } from '../renderers/images/payload.ts';
import { LATENT_MIME, parseLatent } from '../renderers/latent/payload.ts';
import { MODEL_MIME, parseModel } from '../renderers/model/payload.ts';
import { PROGRESS_MIME, type ProgressPayload, parseProgress } from '../renderers/progress/payload.ts';
import { parseReconstruction, RECONSTRUCTION_MIME } from '../renderers/reconstruction/payload.ts';
import { parseRun, RUN_MIME } from '../renderers/run/payload.ts';
import { parseScatter, SCATTER_MIME } from '../renderers/scatter/payload.ts';
import { parseTable, TABLE_MIME } from '../renderers/table/payload.ts';
import { barsLegend, layOutBars, paintBars } from './barsPicture.ts';
import type { Context, MakeCanvas } from './canvas.ts';
import { progressSheet, runSheet } from './factsPicture.ts';
import { histogramLegend, layOutHistogram, paintHistogram, prefersLog, prepareHistogram } from './histogramPicture.ts';
import { layOutImages, paintImages, prepareImages } from './imagesPicture.ts';
import { firstView, latentLegend, paintLatent, projectLatent } from './latentPicture.ts';
import { layOutModel, paintModel } from './modelPicture.ts';
import { compact, duration, grouped } from './numbers.ts';
import { withResolution } from './pngResolution.ts';
import { paintCloud } from './pointCloud.ts';
import { layOutReconstruction } from './reconstructionLayout.ts';
import { paintReconstruction, prepareReconstruction } from './reconstructionPicture.ts';
import { layOutSheet, paintSheet, type Sheet } from './sheet.ts';
import { layOutTable, paintTable } from './tablePicture.ts';
import { paper } from './theme.ts';
import { english } from './words.ts';

/** Device pixels per CSS pixel. */
const ratio = 2;
const width = 720;

/**
 * @returns the PNG in base64, or undefined where the canvas library has no build for the machine
 */
export async function toPng(mime: string, payload: unknown): Promise<string | undefined> {
  const makeSheet: MakeSheet | undefined = sheets[mime];
  if (!makeSheet) return undefined;
  const library = await loadCanvas();
  if (!library) return undefined;
  // The library's canvas is the browser's as far as pictures use it; its types are its own.
  const make: MakeCanvas = (w, h) => library.createCanvas(w, h) as unknown as HTMLCanvasElement;
  // As it will be read from the file: what the renderers refuse gets no PNG either.
  const sheet = await makeSheet(JSON.parse(JSON.stringify(payload)), make);
  const layout = layOutSheet(rulerOf(make), sheet, paper);
  const canvas = library.createCanvas(layout.width * ratio, layout.height * ratio);
  const context = canvas.getContext('2d') as unknown as Context;
  context.scale(ratio, ratio);
  paintSheet(context, sheet, layout, paper, make);
  return withResolution(await canvas.encode('png'), ratio).toString('base64');
}

let loading: Promise<typeof canvasLibrary | undefined> | undefined;
function loadCanvas(): Promise<typeof canvasLibrary | undefined> {
  loading ??= import('@napi-rs/canvas').catch(() => undefined);
  return loading;
}

/** Measures texts. */
function rulerOf(make: MakeCanvas): Context {
  return make(1, 1).getContext('2d')!;
}

type MakeSheet = (payload: unknown, make: MakeCanvas) => Sheet | Promise<Sheet>;

const sheets: Record<string, MakeSheet> = {
  [CURVES_MIME]: async (value) => {
    const payload = parseCurves(value);
    const { curvesChart, curvesLegend } = await import('./curvesChart.ts');
    const view = {
      log: payload.log,
      hidden: new Set(payload.series.filter((one) => !one.shown).map((one) => one.name)),
    };
    const size = { width, height: 300 };
    return {
      ...size,
      heading: {
        title: payload.title ?? payload.progress?.model,
        subtitle: payload.progress && progressLine(payload.progress),
        legend: curvesLegend(payload, paper),
      },
      paint: await chartPainter(curvesChart(payload, view, paper, english), size),
    };
  },
  [SCATTER_MIME]: async (value, make) => {
    const payload = parseScatter(value);
    const { scatterChart, scatterLegend } = await import('./scatterChart.ts');
    const size = { width: 560, height: 400 };
    const legend = payload.series.length > 1 ? scatterLegend(payload, paper) : [];
    return {
      ...size,
      heading: { title: payload.title, legend },
      paint: await chartPainter(
        scatterChart(payload, { hidden: new Set() }, paper, (...given) => paintCloud(...given, make)),
        size,
      ),
    };
  },
  [RECONSTRUCTION_MIME]: (value, make) => {
    const payload = parseReconstruction(value);
    const layout = layOutReconstruction(payload, width, ratio);
    const parts = prepareReconstruction(payload, make);
    const paint = (context: Context) =>
      paintReconstruction(context, payload, parts, layout, { theme: paper, words: english });
    return { width, height: layout.height, heading: { title: payload.title }, paint };
  },
  [LATENT_MIME]: (value, make) => {
    const payload = parseLatent(value);
    const size = { width: 560, height: 500 };
    const view = firstView(payload);
    return {
      ...size,
      heading: { title: payload.title, legend: view.colour === 'class' ? latentLegend(payload, paper) : [] },
      paint: (context) =>
        paintLatent(context, payload, view, projectLatent(payload, view, size), {
          theme: paper,
          words: english,
          ratio,
          make,
        }),
    };
  },
  [IMAGES_MIME]: (value, make) => {
    const payload = parseImages(value);
    const layout = layOutImages(payload, width, ratio);
    const atlas = prepareImages(payload, make);
    const paint = (context: Context) => paintImages(context, payload, atlas, layout, paper);
    return { width: layout.width, height: layout.height, heading: { title: payload.title }, paint };
  },
  [HISTOGRAM_MIME]: (value) => {
    const payload = parseHistogram(value);
    const view = { log: prefersLog(payload), threshold: payload.threshold, hidden: new Set<string>() };
    const parts = prepareHistogram(payload, view.log);
    const layout = layOutHistogram(parts, parts.detection ? width : 480);
    return {
      width: layout.width,
      height: layout.height,
      heading: {
        title: payload.title,
        subtitle: payload.facts.map((fact) => fact.join(' ')).join('  ·  ') || undefined,
        legend: histogramLegend(payload, paper),
      },
      paint: (context) => paintHistogram(context, payload, parts, view, layout, { theme: paper, words: english }),
    };
  },
  [BARS_MIME]: (value) => {
    const payload = parseBars(value);
    const view = { log: payload.log, frame: payload.frame, hidden: new Set<string>() };
    const layout = layOutBars(payload, view, width);
    const frame = payload.frames.length > 1 ? `${payload.frameName ?? ''} ${payload.frames[payload.frame]}` : undefined;
    return {
      width,
      height: layout.height,
      heading: { title: payload.title, subtitle: frame, legend: barsLegend(payload, paper) },
      paint: (context) => paintBars(context, payload, view, layout, paper),
    };
  },
  [MODEL_MIME]: (value) => {
    const payload = parseModel(value);
    const layout = layOutModel(payload, 600);
    return {
      width: layout.width,
      height: layout.height,
      heading: { title: payload.title, subtitle: `${grouped(payload.parameters)} parameters` },
      paint: (context) => paintModel(context, payload, layout, { theme: paper, words: english }),
    };
  },
  [RUN_MIME]: (value, make) => runSheet(rulerOf(make), parseRun(value), paper, english),
  [PROGRESS_MIME]: (value, make) => progressSheet(rulerOf(make), parseProgress(value), paper, english),
  [TABLE_MIME]: (value, make) => {
    const payload = parseTable(value);
    const layout = layOutTable(rulerOf(make), payload, paper);
    return {
      width: Math.max(layout.width, 240),
      height: layout.height,
      heading: { title: payload.title },
      paint: (context) => paintTable(context, payload, layout, paper),
    };
  },
};

async function chartPainter(configuration: object, size: { width: number; height: number }): Promise<Sheet['paint']> {
  const { paintChart } = await import('./chart.ts');
  return (context, make) => paintChart(context, configuration, size, make);
}

/** What a training came to, in one line. */
function progressLine(progress: ProgressPayload): string {
  const [loss, ...others] = progress.losses;
  return [
    `${grouped(progress.epoch)}/${grouped(progress.epochs)} epochs`,
    duration(progress.seconds),
    progress.samplesPerSecond && `${compact(Math.round(progress.samplesPerSecond), 3)} samples/s`,
    progress.engine,
    loss && `${loss.name} ${compact(loss.value)}${loss.unit ? ` (${loss.unit})` : ''}`,
    ...others.map((one) => `${one.name} ${compact(one.value)}`),
  ]
    .filter(Boolean)
    .join('  ·  ');
}
