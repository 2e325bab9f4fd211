/**
 * Every kind's picture as a PNG, in Node: what viewers without our renderers show. The same code paints it as in the
 * browser; Chart.js and the canvas library are loaded when the first PNG is made.
 */
import type * as canvasLibrary from '@napi-rs/canvas';
import { CURVES_MIME, parseCurves } from '../renderers/curves/payload.ts';
import { IMAGES_MIME, parseImages } from '../renderers/images/payload.ts';
import { LATENT_MIME, parseLatent } from '../renderers/latent/payload.ts';
import type { ProgressPayload } from '../renderers/progress/payload.ts';
import { parseReconstruction, RECONSTRUCTION_MIME } from '../renderers/reconstruction/payload.ts';
import { parseScatter, SCATTER_MIME } from '../renderers/scatter/payload.ts';
import { parseTable, TABLE_MIME } from '../renderers/table/payload.ts';
import type { Context, MakeCanvas } from './canvas.ts';
import { type Heading, headingHeight, paintHeading } from './heading.ts';
import { layOutImages, paintImages, prepareImages } from './imagesPicture.ts';
import { firstAxes, latentLegend, paintLatent, projectLatent } from './latentPicture.ts';
import { compact, duration, grouped } from './numbers.ts';
import { layOutReconstruction } from './reconstructionLayout.ts';
import { paintReconstruction, prepareReconstruction } from './reconstructionPicture.ts';
import { layOutTable, paintTable } from './tablePicture.ts';
import { paper } from './theme.ts';
import { english } from './words.ts';

/** Device pixels per CSS pixel. */
const ratio = 2;
const width = 720;
const margin = 16;

/** A picture's body: its size, and how it is painted once there is a canvas. */
interface Body {
  readonly width: number;
  readonly height: number;
  readonly heading: Heading;
  paint(context: Context): void;
}

/**
 * @returns the PNG in base64, or undefined where the canvas library has no build for the machine or the kind has no
 *   picture (a run's summary, progress)
 */
export async function toPng(mime: string, payload: unknown): Promise<string | undefined> {
  const makeBody: MakeBody | undefined = bodies[mime];
  if (!makeBody) return undefined;
  const library = await loadCanvas();
  if (!library) return undefined;
  // The library's canvas is the browser's as far as pictures use it; its types are its own.
  const make: MakeCanvas = (w, h) => library.createCanvas(w, h) as unknown as HTMLCanvasElement;
  // As it will be read from the file: what the renderers refuse gets no PNG either.
  const body = await makeBody(JSON.parse(JSON.stringify(payload)), make);
  const ruler = make(1, 1).getContext('2d')!;
  const top = headingHeight(ruler, body.heading, body.width, paper);
  const canvas = library.createCanvas((body.width + 2 * margin) * ratio, (top + body.height + 2 * margin) * ratio);
  const context = canvas.getContext('2d') as unknown as Context;
  context.scale(ratio, ratio);
  context.fillStyle = paper.background;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.translate(margin, margin);
  paintHeading(context, body.heading, body.width, paper);
  context.translate(0, top);
  body.paint(context);
  return (await canvas.encode('png')).toString('base64');
}

let loading: Promise<typeof canvasLibrary | undefined> | undefined;
function loadCanvas(): Promise<typeof canvasLibrary | undefined> {
  loading ??= import('@napi-rs/canvas').catch(() => undefined);
  return loading;
}

type MakeBody = (payload: unknown, make: MakeCanvas) => Body | Promise<Body>;

const bodies: Record<string, MakeBody> = {
  [CURVES_MIME]: async (value, make) => {
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
      paint: await chartPainter(curvesChart(payload, view, paper, english), size, make),
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
      paint: await chartPainter(scatterChart(payload, new Set(), paper), size, make),
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
    const view = { axes: firstAxes(payload), hidden: new Set<number>() };
    return {
      ...size,
      heading: { title: payload.title, legend: latentLegend(payload, paper) },
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
    return { width, height: layout.height, heading: { title: payload.title }, paint };
  },
  [TABLE_MIME]: (value, make) => {
    const payload = parseTable(value);
    const layout = layOutTable(make(1, 1).getContext('2d')!, payload, paper);
    return {
      width: Math.max(layout.width, 240),
      height: layout.height,
      heading: { title: payload.title },
      paint: (context) => paintTable(context, payload, layout, paper),
    };
  },
};

/** Chart.js paints on a canvas of its own, which is then placed under the heading. */
async function chartPainter(
  configuration: object,
  size: { width: number; height: number },
  make: MakeCanvas,
): Promise<(context: Context) => void> {
  const { Chart } = await import('./chart.ts');
  const canvas = make(size.width, size.height);
  const known = configuration as ConstructorParameters<typeof Chart>[1];
  const chart = new Chart(canvas, { ...known, options: { ...known.options, devicePixelRatio: ratio } });
  return (context) => {
    context.drawImage(canvas, 0, 0, size.width, size.height);
    chart.destroy();
  };
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
