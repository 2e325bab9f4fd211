import type { ChartConfiguration, ChartDataset, Scale } from 'chart.js';
import type { ScatterPayload, ScatterSeries } from '../renderers/scatter/payload.ts';
import { pointRadius } from './canvas.ts';
import { axis, commonOptions, tooltipStyle } from './chart.ts';
import type { LegendEntry } from './legend.ts';
import { compact, ticks } from './numbers.ts';
import { seriesColour, type Theme, withAlpha } from './theme.ts';

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

export function scatterChart(payload: ScatterPayload, hidden: ReadonlySet<string>, theme: Theme): ScatterConfiguration {
  return {
    type: 'scatter',
    data: {
      datasets: styled(payload, theme).map((one, i) => dataset(one, i, hidden.has(one.series.name), theme)),
    },
    options: {
      ...commonOptions(theme),
      interaction: { mode: 'nearest', intersect: true },
      scales: {
        x: { ...axis(theme, { title: payload.xLabel, lines: true }), ...around(payload, 0) },
        y: { ...axis(theme, { title: payload.yLabel, lines: true }), ...around(payload, 1) },
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
  };
}

/** An axis that ends a little beyond the outermost points, not at the next round figure. */
function around(payload: ScatterPayload, axisIndex: 0 | 1) {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { points } of payload.series) {
    for (let i = axisIndex; i < points.length; i += 2) {
      low = Math.min(low, points[i]!);
      high = Math.max(high, points[i]!);
    }
  }
  if (low > high) return {};
  const room = high > low ? (high - low) * 0.05 : Math.abs(low) * 0.1 || 1;
  return {
    min: low - room,
    max: high + room,
    afterBuildTicks: (scale: Scale) => {
      const pixels = axisIndex === 0 ? scale.chart.width / 90 : scale.chart.height / 55;
      scale.ticks = ticks(scale.min, scale.max, pixels).map((value) => ({ value }));
    },
  };
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
  { series, colour, line, alone }: Styled,
  index: number,
  hidden: boolean,
  theme: Theme,
): ChartDataset<'scatter', Point[]> {
  const style = alone ? loneLine : lineStyles[line % lineStyles.length]!;
  const radius = pointRadius(series.count);
  return {
    label: series.name,
    data: Array.from({ length: series.count }, (_, i) => ({ x: series.points[2 * i]!, y: series.points[2 * i + 1]! })),
    hidden,
    // The first dataset would lie on top of the others.
    order: -index,
    showLine: series.line,
    borderColor: withAlpha(colour, series.line ? style.alpha : 1),
    borderWidth: style.width,
    borderDash: style.dash,
    borderJoinStyle: 'round',
    borderCapStyle: style.dash.length ? 'butt' : 'round',
    pointRadius: series.line ? 0 : radius,
    pointHitRadius: 5,
    pointHoverRadius: series.line ? 4 : radius + 2,
    pointBackgroundColor: theme.contrast ? colour : withAlpha(colour, series.count > 200 ? 0.6 : 0.8),
    pointBorderWidth: 0,
    pointHoverBackgroundColor: colour,
    pointHoverBorderColor: theme.background,
    pointHoverBorderWidth: 1.5,
  };
}
