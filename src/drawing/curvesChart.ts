import {
  type ChartArea,
  type ChartConfiguration,
  type ChartDataset,
  type Chart as ChartOf,
  Filler,
  LineController,
  LogarithmicScale,
  type Plugin,
  type Scale,
} from 'chart.js';
import type { CurveSeries, CurvesPayload } from '../renderers/curves/payload.ts';
import { type Context, crisp, font } from './canvas.ts';
import { axis, Chart, commonOptions, tooltipStyle } from './chart.ts';
import type { LegendEntry } from './legend.ts';
import { compact, ticks } from './numbers.ts';
import { seriesColour, type Theme, withAlpha } from './theme.ts';
import type { PictureWords } from './words.ts';

Chart.register(LineController, Filler, LogarithmicScale);

/** What the reader has chosen. */
export interface CurvesView {
  readonly log: boolean;
  /** Names of series that are switched off. */
  readonly hidden: ReadonlySet<string>;
}

interface Point {
  x: number;
  y: number;
}
type CurvesDataset = ChartDataset<'line', Point[]> & { readonly band?: boolean };
export type CurvesConfiguration = ChartConfiguration<'line', Point[]>;

/** What losses can be drawn along. */
export type CurvesAxis = 'epoch' | 'step' | 'seconds';

/** The axes that every series knows its positions on. */
export function curvesAxes({ series }: CurvesPayload): CurvesAxis[] {
  if (!series.length || series.some(({ x }) => x)) return [];
  return [
    'epoch',
    ...(series.every(({ steps }) => steps) ? ['step' as const] : []),
    ...(series.every(({ seconds }) => seconds) ? ['seconds' as const] : []),
  ];
}

/** The same curves along another axis. */
export function alongAxis(payload: CurvesPayload, axis: CurvesAxis, name: string): CurvesPayload {
  if (axis === 'epoch') return payload;
  return {
    ...payload,
    xLabel: name,
    series: payload.series.map((series) => ({
      ...series,
      x: axis === 'seconds' ? series.seconds : series.values.map((_, epoch) => (epoch + 1) * series.steps!),
    })),
  };
}

/** One entry a series; none for a lone one that the vertical axis names already. */
export function curvesLegend(payload: CurvesPayload, theme: Theme): LegendEntry[] {
  const [first] = payload.series;
  if (payload.series.length === 1 && payload.yLabel?.startsWith(first!.name)) return [];
  return payload.series.map((series) => ({
    name: series.name,
    colour: seriesColour(theme, series.colour),
    mark: series.dashed ? 'dashed' : 'line',
  }));
}

export function curvesChart(
  payload: CurvesPayload,
  view: CurvesView,
  theme: Theme,
  words: PictureWords,
): CurvesConfiguration {
  const running = payload.progress?.state === 'running' ? payload.progress : undefined;
  const epochs = payload.series.every((series) => !series.x && series.values.length !== 1);
  return {
    type: 'line',
    data: { datasets: payload.series.flatMap((series, i) => datasets(series, i, view, theme)) },
    options: {
      ...commonOptions(theme),
      interaction: { mode: 'index', intersect: false },
      scales: {
        x: {
          ...axis(theme, { title: payload.xLabel, lines: false, ticks: (scale) => roundSteps(payload, scale) }),
          // It ends where the curves do, not at the next round figure.
          bounds: 'data',
          // While training, room is left for what is to come, but not so much that the curve becomes a dot.
          ...(epochs && { min: 1 }),
          ...(running && { max: Math.max(2, Math.min(running.epochs, Math.max(50, 5 * running.epoch))) }),
        },
        y: {
          ...axis(theme, { title: payload.yLabel, lines: true, log: view.log }),
          ...(!view.log && (reachesZero(payload, view) ? { min: 0 } : { grace: '4%' })),
        },
      },
      plugins: {
        tooltip: {
          ...tooltipStyle(theme),
          filter: (item) => !(item.dataset as CurvesDataset).band,
          callbacks: {
            title: ([item]) => (item ? `${payload.xLabel} ${compact(item.parsed.x)}`.trim() : ''),
            label: (item) => ` ${item.dataset.label}  ${compact(item.parsed.y)}`,
            labelPointStyle: () => ({ pointStyle: 'circle', rotation: 0 }),
            labelColor: (item) => ({
              borderColor: String(item.dataset.borderColor),
              backgroundColor: String(item.dataset.borderColor),
            }),
          },
        },
      },
    },
    plugins: [crosshair(theme), bestMark(payload, view, theme, words)],
  };
}

/** Round values along the axis; of epochs and steps, whole ones. */
function roundSteps({ series }: CurvesPayload, { min, max, chart }: Scale): number[] {
  const whole = series.every(({ x }) => !x);
  return ticks(min, max, chart.width / 90).filter((value) => !whole || Number.isInteger(value));
}

/** Losses that fall almost to nothing are drawn from zero: an axis that goes below it would promise what cannot be. */
function reachesZero({ series }: CurvesPayload, { hidden }: CurvesView): boolean {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { name, values } of series) {
    if (hidden.has(name)) continue;
    for (const value of values) {
      if (value === null) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return low >= 0 && low < 0.3 * high;
}

function datasets(series: CurveSeries, index: number, view: CurvesView, theme: Theme): CurvesDataset[] {
  const colour = seriesColour(theme, series.colour);
  const points = (values: readonly (number | null)[]) =>
    values.map((value, i): Point => {
      const drawable = value !== null && (!view.log || value > 0);
      return { x: series.x ? (series.x[i] ?? Number.NaN) : i + 1, y: drawable ? value : Number.NaN };
    });
  const hidden = view.hidden.has(series.name);
  const single = series.values.length === 1;
  const line: CurvesDataset = {
    label: series.name,
    data: points(series.values),
    borderColor: colour,
    backgroundColor: colour,
    borderWidth: theme.contrast ? 2.5 : 2,
    borderDash: series.dashed ? [5, 4] : [],
    borderJoinStyle: 'round',
    pointRadius: single ? 3 : 0,
    pointHoverRadius: 4,
    pointHoverBorderColor: theme.background,
    pointHoverBorderWidth: 1.5,
    hidden,
    order: index,
  };
  if (!series.low || !series.high) return [line];
  const edge = (values: readonly (number | null)[], fill: false | '-1'): CurvesDataset => ({
    label: series.name,
    band: true,
    data: points(values),
    borderWidth: 0,
    pointRadius: 0,
    pointHoverRadius: 0,
    fill,
    backgroundColor: withAlpha(colour, 0.18),
    hidden,
    order: 1_000,
  });
  return [line, edge(series.low, false), edge(series.high, '-1')];
}

/** A line through the epoch whose values are shown. */
function crosshair(theme: Theme): Plugin<'line'> {
  return {
    id: 'crosshair',
    beforeDatasetsDraw(chart) {
      const [active] = chart.tooltip?.getActiveElements() ?? [];
      if (!active) return;
      const { ctx, chartArea } = chart;
      const x = crisp(active.element.x, chart.currentDevicePixelRatio);
      ctx.save();
      ctx.strokeStyle = theme.border;
      ctx.lineWidth = 1;
      ctx.beginPath();
      ctx.moveTo(x, chartArea.top);
      ctx.lineTo(x, chartArea.bottom);
      ctx.stroke();
      ctx.restore();
    },
  };
}

/** A ring around the best value, with its figures. */
function bestMark(payload: CurvesPayload, view: CurvesView, theme: Theme, words: PictureWords): Plugin<'line'> {
  return {
    id: 'bestMark',
    afterDatasetsDraw(chart) {
      const { ctx, chartArea, scales } = chart;
      const written: Box[] = [];
      for (const series of payload.series) {
        const value = series.best === undefined ? null : series.values[series.best];
        if (value === null || value === undefined || view.hidden.has(series.name)) continue;
        const x = scales.x!.getPixelForValue(series.x?.[series.best!] ?? series.best! + 1);
        const y = scales.y!.getPixelForValue(value);
        if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
        paintRing(ctx, x, y, seriesColour(theme, series.colour), theme);
        // While the curve grows, the best epoch moves along with its end: a ring says enough.
        if (payload.progress?.state === 'running') continue;
        const text = `${words.best} ${compact(value)} · ${words.epoch} ${series.best! + 1}`;
        paintNote(ctx, text, notePlaces(ctx, text, x, y, chartArea, theme), chart, written, theme);
      }
    },
  };
}

function paintRing(context: Context, x: number, y: number, colour: string, theme: Theme): void {
  context.save();
  context.beginPath();
  context.arc(x, y, 4.5, 0, 2 * Math.PI);
  context.fillStyle = theme.background;
  context.fill();
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.stroke();
  context.restore();
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Below a place, and above it, as far as there is room. */
function notePlaces(context: Context, text: string, x: number, y: number, area: ChartArea, theme: Theme): Box[] {
  context.save();
  context.font = font(theme, theme.fontSize - 1);
  const width = context.measureText(text).width;
  context.restore();
  const left = Math.max(area.left + 4, Math.min(x - width / 2, area.right - width));
  return [y + 10, y - 24]
    .map((top) => ({ left, right: left + width, top, bottom: top + 16 }))
    .filter(({ top, bottom }) => top >= area.top - 4 && bottom <= area.bottom);
}

/** Writes a note where it covers the fewest lines, below rather than above, and no other note. */
function paintNote(
  context: Context,
  text: string,
  places: readonly Box[],
  chart: ChartOf<'line'>,
  written: Box[],
  theme: Theme,
): void {
  const free = places.filter((place) => !written.some((other) => overlap(place, other)));
  const covered = free.map((place) => linesUnder(chart, place));
  const place = free[covered.indexOf(Math.min(...covered))];
  if (!place) return;
  written.push(place);
  context.save();
  context.font = font(theme, theme.fontSize - 1);
  context.textAlign = 'left';
  context.textBaseline = 'alphabetic';
  context.lineWidth = 4;
  context.lineJoin = 'round';
  context.strokeStyle = theme.background;
  context.strokeText(text, place.left, place.bottom - 4);
  context.fillStyle = theme.text;
  context.fillText(text, place.left, place.bottom - 4);
  context.restore();
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

/** How many of a chart's lines go through a box. */
function linesUnder(chart: ChartOf<'line'>, { left, right, top, bottom }: Box): number {
  return chart.getSortedVisibleDatasetMetas().filter(({ data }) =>
    data.some((to, i) => {
      const from = data[Math.max(0, i - 1)]!;
      if (!(to.x >= left && from.x <= right)) return false;
      const at = (x: number) => (to.x > from.x ? from.y + ((to.y - from.y) * (x - from.x)) / (to.x - from.x) : to.y);
      const [a, b] = [at(Math.max(left, from.x)), at(Math.min(right, to.x))];
      return Math.max(a, b) >= top && Math.min(a, b) <= bottom;
    }),
  ).length;
}
