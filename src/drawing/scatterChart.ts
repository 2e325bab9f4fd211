import {
  type ChartConfiguration,
  type ChartDataset,
  type Chart as ChartOf,
  type Plugin,
  type Scale,
  ScatterController,
} from 'chart.js';
import { mostSeries, type ScatterPayload, type ScatterSeries } from '../renderers/scatter/payload.ts';
import { pointRadius } from './canvas.ts';
import { axis, Chart, commonOptions, tooltipStyle } from './chart.ts';
import type { LegendEntry } from './legend.ts';
import { compact, ticks } from './numbers.ts';
import type { Part, Seen } from './plane.ts';
import type { PaintCloud } from './pointCloud.ts';
import { isClouded, paintClouds, type ScatterPoint } from './scatterClouds.ts';
import { seriesColour, type Theme, withAlpha } from './theme.ts';

Chart.register(ScatterController);

interface Point {
  x: number;
  y: number;
}
export type ScatterConfiguration = ChartConfiguration<'scatter', Point[]>;

/** Lines that lie on one another stay visible: the first one broad and soft, the next ones narrow and broken. */
const lineStyles = [
  { width: 7, dash: [] as number[], alpha: 0.55 },
  { width: 2, dash: [7, 4], alpha: 1 },
  { width: 2, dash: [2, 4], alpha: 1 },
];
const loneLine = { width: 3, dash: [] as number[], alpha: 1 };

export function scatterLegend(payload: ScatterPayload, theme: Theme): LegendEntry[] {
  return styled(payload, theme).map(({ series, colour, line }) => ({
    name: series.name,
    colour,
    mark: !series.line ? 'point' : line % lineStyles.length === 0 ? 'line' : 'dashed',
  }));
}

/** What the reader has chosen. */
export interface ScatterView {
  /** Names of series that are switched off. */
  readonly hidden: ReadonlySet<string>;
  /** The part of the plane that is shown; all of it if absent. */
  readonly part?: Part;
  /** The point that is looked at. */
  readonly attended?: ScatterPoint;
}

/** @param paintCloud draws the points where they are too many for Chart.js, which then has axes and lines alone */
export function scatterChart(
  payload: ScatterPayload,
  view: ScatterView,
  theme: Theme,
  paintCloud: PaintCloud,
): ScatterConfiguration {
  const all = styled(payload, theme);
  const clouded = isClouded(payload);
  const part = view.part ?? wholeScatter(payload);
  return {
    type: 'scatter',
    data: { datasets: all.map((one, i) => dataset(one, i, view, theme, clouded)) },
    options: {
      ...commonOptions(theme),
      // Which point is looked at is found by us: Chart.js does not know them all.
      events: [],
      scales: {
        x: along(0, part, theme, payload.xLabel),
        y: along(1, part, theme, payload.yLabel),
      },
      plugins: {
        tooltip: {
          ...tooltipStyle(theme),
          callbacks: {
            title: () => '',
            label: (item) => ` ${item.dataset.label}  ${compact(item.parsed.x)}, ${compact(item.parsed.y)}`,
            labelPointStyle: () => ({ pointStyle: 'circle', rotation: 0 }),
            labelColor: (item) => ({
              borderColor: String(item.dataset.pointHoverBackgroundColor),
              backgroundColor: String(item.dataset.pointHoverBackgroundColor),
            }),
          },
        },
      },
    },
    plugins: [
      attention(view, (series) => clouded && !payload.series[series]!.line),
      ...(clouded ? [clouds(payload, view, theme, all, paintCloud)] : []),
    ],
  };
}

/** What a chart shows, and where on its canvas. */
export function seenOf({ chartArea, scales }: ChartOf<'scatter'>): Seen {
  const { left, top, width, height } = chartArea;
  const { x, y } = scales;
  return { area: { x: left, y: top, width, height }, low: [x!.min, y!.min], high: [x!.max, y!.max] };
}

const wholes = new WeakMap<ScatterPayload, Part>();

/** All points, with a little room around them; looked for once, since a picture is drawn at every move of the mouse. */
export function wholeScatter(payload: ScatterPayload): Part {
  let whole = wholes.get(payload);
  if (!whole) {
    whole = findWhole(payload);
    wholes.set(payload, whole);
  }
  return whole;
}

function findWhole({ series }: ScatterPayload): Part {
  const edges = [0, 1].map((axisIndex): [number, number] => {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const { points } of series) {
      for (let i = axisIndex; i < points.length; i += 2) {
        const value = points[i]!;
        if (!Number.isFinite(value)) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    if (low > high) return [-1, 1];
    const room = high > low ? (high - low) * 0.05 : Math.abs(low) * 0.1 || 1;
    return [low - room, high + room];
  });
  const [[left, right], [bottom, top]] = edges as [[number, number], [number, number]];
  return { low: [left, bottom], high: [right, top] };
}

/** An axis that ends where the part does, not at the next round figure. */
function along(axisIndex: 0 | 1, { low, high }: Part, theme: Theme, title: string | undefined) {
  return {
    ...axis(theme, {
      title,
      lines: true,
      min: low[axisIndex],
      max: high[axisIndex],
      ticks: ({ min, max, chart }) => ticks(min, max, axisIndex === 0 ? chart.width / 90 : chart.height / 55),
    }),
    // Room for longer figures, so that the points do not jump sideways when one zooms.
    afterFit: (scale: Scale) => {
      if (axisIndex === 1) scale.width = Math.max(scale.width, title ? 66 : 46);
    },
  };
}

/** The figures of the point that is looked at, which stand beside it after every change of the chart. */
function attention({ attended }: ScatterView, clouded: (series: number) => boolean): Plugin<'scatter'> {
  const attend = (chart: ChartOf, elements: { datasetIndex: number; index: number }[]) => {
    chart.setActiveElements(elements);
    chart.tooltip?.setActiveElements(elements, { x: 0, y: 0 });
  };
  return {
    id: 'attention',
    // A point of a cloud is always its series' only one: another would be taken for the same.
    beforeUpdate: (chart) => attend(chart, []),
    afterUpdate: (chart) => {
      if (!attended) return;
      attend(chart, [{ datasetIndex: attended.series, index: clouded(attended.series) ? 0 : attended.index }]);
    },
  };
}

/** Points between the axes and the lines. */
function clouds(
  payload: ScatterPayload,
  { hidden }: ScatterView,
  theme: Theme,
  all: readonly Styled[],
  paint: PaintCloud,
): Plugin<'scatter'> {
  const looks = all.map(({ series, colour }) => ({
    colour,
    opacity: hidden.has(series.name) ? 0 : pointOpacity(series, theme),
  }));
  return {
    id: 'clouds',
    beforeDatasetsDraw: (chart) =>
      paintClouds(chart.ctx, payload, looks, seenOf(chart), chart.currentDevicePixelRatio, paint),
  };
}

function pointOpacity({ count }: ScatterSeries, theme: Theme): number {
  if (theme.contrast) return 1;
  return count > 20_000 ? 0.5 : count > 200 ? 0.6 : 0.8;
}

interface Styled {
  readonly series: ScatterSeries;
  readonly colour: string;
  /** Which of the lines it is, and whether there is no other. */
  readonly line: number;
  readonly alone: boolean;
}

function styled(payload: ScatterPayload, theme: Theme): Styled[] {
  let coloured = 0;
  let lines = 0;
  return payload.series.map((series) => ({
    series,
    colour: series.background ? theme.quiet : seriesColour(theme, coloured++),
    line: series.line ? lines++ : 0,
    alone: payload.series.filter((one) => one.line).length === 1,
  }));
}

function dataset(
  { series, colour, line, alone: onlyLine }: Styled,
  index: number,
  { hidden, attended }: ScatterView,
  theme: Theme,
  clouded: boolean,
): ChartDataset<'scatter', Point[]> {
  const style = onlyLine ? loneLine : lineStyles[line % lineStyles.length]!;
  const radius = pointRadius(series.count);
  const point = (i: number): Point => ({ x: series.points[2 * i]!, y: series.points[2 * i + 1]! });
  const alone = clouded && !series.line;
  const looked = attended?.series === index ? [attended.index] : [];
  return {
    label: series.name,
    // Of a cloud, only the point that is looked at.
    data: alone ? looked.map(point) : Array.from({ length: series.count }, (_, i) => point(i)),
    hidden: hidden.has(series.name),
    // The first dataset would lie on top of the others.
    order: (series.background ? mostSeries : 0) - index,
    showLine: series.line,
    borderColor: withAlpha(colour, theme.contrast ? 1 : style.alpha),
    borderWidth: style.width,
    borderDash: style.dash,
    borderJoinStyle: 'round',
    borderCapStyle: style.dash.length ? 'butt' : 'round',
    pointRadius: series.line ? 0 : radius,
    pointHoverRadius: series.line ? 4 : radius + 2,
    pointBackgroundColor: withAlpha(colour, pointOpacity(series, theme)),
    pointBorderWidth: 0,
    pointHoverBackgroundColor: colour,
    pointHoverBorderColor: theme.text,
    pointHoverBorderWidth: 1.5,
  };
}
