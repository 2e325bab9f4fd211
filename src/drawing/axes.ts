/** Axes of pictures that are painted without Chart.js. */
import { type Context, crisp, font, type Rectangle } from './canvas.ts';
import { ticks, tickText } from './numbers.ts';
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

/** What may stand between powers of ten, from the densest. */
const mantissas = [[1, 2, 3, 5], [1, 2, 5], [1, 3], [1]];

/** Powers of ten, and round numbers between them as far as there is room; where no power of ten is, even steps. */
function decades(from: number, to: number, wanted: number): number[] {
  const most = Math.max(2, Math.ceil(wanted));
  const between = (every: number, within: readonly number[]) => {
    const values: number[] = [];
    for (let power = Math.floor(from); power <= Math.ceil(to); power++) {
      if (power % every) continue;
      for (const mantissa of within) {
        const value = Number(`${mantissa}e${power}`);
        if (Math.log10(value) >= from - 1e-9 && Math.log10(value) <= to + 1e-9) values.push(value);
      }
    }
    return values;
  };
  const choices = mantissas.map((within) => between(1, within));
  const powers = choices.at(-1)!;
  if (powers.length > most) {
    const some = between(Math.ceil((to - from) / most), [1]);
    return some.length >= 2 ? some : powers;
  }
  const several = choices.filter((values) => values.length >= 2);
  return several.find((values) => values.length <= most) ?? several.at(-1) ?? ticks(10 ** from, 10 ** to, wanted);
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
      context.fillText(tickText(tick, 3), area.x - 6, at);
    }
  }
  if (x) {
    context.textAlign = 'center';
    context.textBaseline = 'top';
    for (const tick of x.ticks(area.width / 70)) {
      context.fillText(tickText(tick, 3), area.x + area.width * x.share(tick), area.y + area.height + 6);
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
