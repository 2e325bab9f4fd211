import type { BarsPayload } from '../renderers/bars/payload.ts';
import { makeScale, paintAxes, type Scale } from './axes.ts';
import { type Context, fitText, font, type Rectangle } from './canvas.ts';
import type { LegendEntry } from './legend.ts';
import { seriesColour, type Theme, withAlpha } from './theme.ts';

export interface BarsView {
  readonly log: boolean;
  /** Index of the frame whose values the bars have. */
  readonly frame: number;
  /** Names of series that are switched off. */
  readonly hidden: ReadonlySet<string>;
  /** The bar with the reader's attention. */
  readonly active?: { readonly series: number; readonly category: number };
}

export interface BarsLayout {
  readonly width: number;
  readonly height: number;
  readonly area: Rectangle;
  readonly scale: Scale;
  /** Where the bar of a series in a category stands; undefined if the series is switched off. */
  slot(series: number, category: number): { x: number; width: number } | undefined;
}

export function barsLegend(payload: BarsPayload, theme: Theme): LegendEntry[] {
  if (payload.series.length < 2) return [];
  return payload.series.map(({ name }, i) => ({ name, colour: seriesColour(theme, i), mark: 'point' as const }));
}

export function layOutBars(payload: BarsPayload, view: BarsView, width: number): BarsLayout {
  const height = Math.round(Math.min(320, Math.max(200, width * 0.4)));
  const area = { x: 68, y: 10, width: Math.max(40, width - 80), height: height - 10 - 46 };
  const shown = payload.series.flatMap(({ name }, i) => (view.hidden.has(name) ? [] : [i]));
  const category = area.width / Math.max(1, payload.categories.length);
  const room = Math.min(category * 0.86, 160 * Math.max(1, shown.length));
  const slotWidth = room / Math.max(1, shown.length);
  return {
    width,
    height,
    area,
    scale: scaleOf(payload, view),
    slot(series, index) {
      const place = shown.indexOf(series);
      if (place < 0) return undefined;
      const start = area.x + (index + 0.5) * category - room / 2;
      return { x: start + place * slotWidth + 1, width: Math.max(1, slotWidth - 2) };
    },
  };
}

/** From all frames, so that bars can be compared when the frame changes. */
function scaleOf(payload: BarsPayload, { log, hidden }: BarsView): Scale {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { name, values } of payload.series) {
    if (hidden.has(name)) continue;
    for (const row of values) {
      for (const value of row) {
        if (value === null || (log && value <= 0)) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
  }
  if (low > high) return makeScale(log ? 0.1 : 0, 1, log);
  if (log) return makeScale(10 ** Math.floor(Math.log10(low) - 0.05), 10 ** Math.ceil(Math.log10(high) + 0.02), true);
  return makeScale(Math.min(0, low), Math.max(0, high) * 1.05 || 1, false);
}

/**
 * A bar for the chosen frame, and over it, as a thin line from left to right, how its height changed over all frames.
 */
export function paintBars(
  context: Context,
  payload: BarsPayload,
  view: BarsView,
  layout: BarsLayout,
  theme: Theme,
): void {
  const { area, scale } = layout;
  paintAxes(context, area, theme, { y: scale, xTitle: undefined, yTitle: payload.yLabel });
  const up = (value: number) => area.y + area.height * (1 - Math.min(1, Math.max(0, scale.share(value))));
  const base = scale.log ? area.y + area.height : up(0);
  const drawable = (value: number | null | undefined): value is number =>
    value !== null && value !== undefined && (!scale.log || value > 0);
  payload.series.forEach(({ values }, series) => {
    const colour = seriesColour(theme, series);
    payload.categories.forEach((_, category) => {
      const slot = layout.slot(series, category);
      if (!slot) return;
      const value = values[view.frame]![category];
      const attended = view.active?.series === series && view.active.category === category;
      if (drawable(value)) {
        context.fillStyle = withAlpha(colour, values.length > 1 && !theme.contrast ? 0.5 : 1);
        context.fillRect(slot.x, Math.min(up(value), base), slot.width, Math.max(1, Math.abs(base - up(value))));
      }
      if (values.length > 1 && slot.width >= 8) {
        const across = (frame: number) => slot.x + (slot.width * frame) / (values.length - 1);
        context.beginPath();
        values.forEach((row, frame) => {
          if (drawable(row[category])) context.lineTo(across(frame), up(row[category]));
        });
        context.strokeStyle = theme.contrast ? theme.text : colour;
        context.lineWidth = 1.5;
        context.stroke();
        if (drawable(value)) {
          context.beginPath();
          context.arc(across(view.frame), up(value), 2.5, 0, 2 * Math.PI);
          context.fillStyle = theme.contrast ? theme.text : colour;
          context.fill();
        }
      }
      if (attended) {
        context.strokeStyle = theme.focus;
        context.lineWidth = 1.5;
        context.strokeRect(slot.x - 1, area.y, slot.width + 2, area.height);
      }
    });
  });
  paintCategories(context, payload, layout, theme);
}

function paintCategories(context: Context, payload: BarsPayload, { area, height }: BarsLayout, theme: Theme): void {
  context.font = font(theme, theme.fontSize - 1);
  context.fillStyle = theme.muted;
  context.textAlign = 'center';
  context.textBaseline = 'top';
  const room = area.width / Math.max(1, payload.categories.length);
  const every = Math.max(1, Math.ceil(34 / room));
  payload.categories.forEach((name, i) => {
    if (i % every) return;
    context.fillText(fitText(context, name, room * every - 4), area.x + (i + 0.5) * room, area.y + area.height + 6);
  });
  if (!payload.xLabel) return;
  context.textBaseline = 'bottom';
  context.fillText(payload.xLabel, area.x + area.width / 2, height - 4);
}
