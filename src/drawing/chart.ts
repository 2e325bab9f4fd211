/** Chart.js with the parts that all our charts use, and what else they share. */
import {
  BasicPlatform,
  Chart,
  type ChartOptions,
  LinearScale,
  LineElement,
  PointElement,
  type Scale,
  type Tick,
  Tooltip,
} from 'chart.js';
import { makeScale } from './axes.ts';
import type { Context, MakeCanvas } from './canvas.ts';
import { tickText, tickTexts } from './numbers.ts';
import type { Theme } from './theme.ts';

Chart.register(LineElement, PointElement, LinearScale, Tooltip);

export { Chart };

export interface AxisOptions {
  readonly title?: string;
  readonly log?: boolean;
  /** Lines across the picture at the values. */
  readonly lines: boolean;
  readonly min?: number;
  readonly max?: number;
  /** The values that are written; by default Chart.js chooses them, or round ones of a logarithmic axis. */
  readonly ticks?: (scale: Scale) => number[];
}

/** An axis without ornament: faint lines where values are read, small round figures, a quiet title. */
export function axis(theme: Theme, options: AxisOptions) {
  const decades = (scale: Scale) => makeScale(scale.min, scale.max, true).ticks(scale.chart.height / 45);
  const values = options.ticks ?? (options.log ? decades : undefined);
  return {
    type: options.log ? ('logarithmic' as const) : ('linear' as const),
    min: options.min,
    max: options.max,
    border: { display: false },
    grid: { display: options.lines, color: theme.grid, drawTicks: false },
    title: {
      display: Boolean(options.title),
      text: options.title ?? '',
      color: theme.muted,
      padding: 4,
      font: small(theme),
    },
    ticks: {
      color: theme.muted,
      font: small(theme),
      padding: 6,
      maxRotation: 0,
      autoSkipPadding: 16,
      includeBounds: false,
      maxTicksLimit: 7,
      autoSkip: !values,
      callback: (value: number | string, i: number, all: readonly Tick[]) =>
        options.ticks ? tickTexts(all.map((tick) => tick.value))[i] : tickText(Number(value)),
    },
    ...(values && {
      afterBuildTicks: (scale: Scale) => {
        scale.ticks = values(scale).map((value) => ({ value }));
      },
    }),
  };
}

function small(theme: Theme) {
  return { family: theme.font, size: theme.fontSize - 1 };
}

/** Nothing moves by itself, colours and type are the theme's, and sizes are given by us. */
export function commonOptions(theme: Theme) {
  return {
    animation: false,
    responsive: false,
    maintainAspectRatio: false,
    color: theme.text,
    font: small(theme),
    layout: { padding: { top: 8, right: 10, bottom: 0, left: 0 } },
  } satisfies ChartOptions<'line'>;
}

export function tooltipStyle(theme: Theme) {
  return {
    backgroundColor: theme.raised,
    titleColor: theme.text,
    bodyColor: theme.text,
    borderColor: theme.border,
    borderWidth: 1,
    cornerRadius: 4,
    padding: 9,
    boxWidth: 8,
    boxHeight: 8,
    boxPadding: 5,
    caretSize: 0,
    caretPadding: 12,
    usePointStyle: true,
    multiKeyBackground: 'transparent',
    titleFont: { ...small(theme), weight: 600 },
    bodyFont: small(theme),
  } as const;
}

/** Paints a whole chart as a part of a sheet, sharp enough for print. */
export function paintChart(
  context: Context,
  configuration: object,
  size: { readonly width: number; readonly height: number },
  make: MakeCanvas,
): void {
  const canvas = make(size.width, size.height);
  const known = configuration as ConstructorParameters<typeof Chart>[1];
  const options = { ...known.options, devicePixelRatio: 2 };
  const chart = new Chart(canvas, { ...known, platform: BasicPlatform, options });
  context.drawImage(canvas, 0, 0, size.width, size.height);
  chart.destroy();
}
