/** Axes of pictures that are painted without Chart.js. */
import { type Context, crisp, font, type Rectangle } from './canvas.ts';
import { compact, ticks } from './numbers.ts';
import type { Theme } from './theme.ts';

/** From numbers to places along an axis and back. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  /** Share of the way from low to high, 0 to 1. */
  share(value: number): number;
  value(share: number): number;
  ticks(wanted: number): number[];
}

/** @param log only of positive numbers */
export function makeScale(low: number, high: number, log: boolean): Scale {
  if (!log) {
    const span = high - low || 1;
    return {
      low,
      high,
      log,
      share: (value) => (value - low) / span,
      value: (share) => low + share * span,
      ticks: (wanted) => ticks(low, high, wanted),
    };
  }
  const [from, to] = [Math.log10(low), Math.log10(high)];
  const span = to - from || 1;
  return {
    low,
    high,
    log,
    share: (value) => (Math.log10(value) - from) / span,
    value: (share) => 10 ** (from + share * span),
    ticks: (wanted) => decades(from, to, wanted),
  };
}

/** Powers of ten, and where there is room 2 and 5 times them. */
function decades(from: number, to: number, wanted: number): number[] {
  const every = Math.max(1, Math.ceil((to - from) / Math.max(1, wanted)));
  const mantissas = (to - from) * 3 <= wanted ? [1, 2, 5] : [1];
  const values: number[] = [];
  for (let power = Math.floor(from); power <= Math.ceil(to); power++) {
    if (power % every) continue;
    for (const mantissa of mantissas) {
      const value = Number(`${mantissa}e${power}`);
      if (Math.log10(value) >= from - 1e-9 && Math.log10(value) <= to + 1e-9) values.push(value);
    }
  }
  return values;
}

export interface AxesOptions {
  readonly x?: Scale;
  readonly y?: Scale;
  readonly xTitle?: string;
  readonly yTitle?: string;
  /** Lines across the picture at the values of the vertical axis. */
  readonly lines?: boolean;
}

/** Figures and titles below and to the left of an area. */
export function paintAxes(context: Context, area: Rectangle, theme: Theme, options: AxesOptions): void {
  const { x, y } = options;
  context.font = font(theme, theme.fontSize - 1);
  context.fillStyle = theme.muted;
  context.strokeStyle = theme.grid;
  context.lineWidth = 1;
  if (y) {
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    for (const tick of y.ticks(area.height / 45)) {
      const at = crisp(area.y + area.height * (1 - y.share(tick)), 2);
      if (options.lines !== false) {
        context.beginPath();
        context.moveTo(area.x, at);
        context.lineTo(area.x + area.width, at);
        context.stroke();
      }
      context.fillText(figure(tick), area.x - 6, at);
    }
  }
  if (x) {
    context.textAlign = 'center';
    context.textBaseline = 'top';
    for (const tick of x.ticks(area.width / 70)) {
      context.fillText(figure(tick), area.x + area.width * x.share(tick), area.y + area.height + 6);
    }
  }
  if (options.xTitle) {
    context.textAlign = 'center';
    context.textBaseline = 'top';
    context.fillText(options.xTitle, area.x + area.width / 2, area.y + area.height + 22);
  }
  if (options.yTitle) {
    context.save();
    context.translate(area.x - 58, area.y + area.height / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText(options.yTitle, 0, 0);
    context.restore();
  }
}

/** A round number at an axis: 1e−6, not 1.00e−6. */
function figure(value: number): string {
  return compact(value, 3).replace(/\.?0+e/, 'e');
}
