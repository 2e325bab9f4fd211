import { type Context, fitText, font } from './canvas.ts';
import type { LegendEntry } from './legend.ts';
import type { Theme } from './theme.ts';

/** What stands above a picture in its PNG; in the browser these are elements of the page. */
export interface Heading {
  readonly title?: string;
  readonly subtitle?: string;
  readonly legend?: readonly LegendEntry[];
}

const titleHeight = 24;
const lineHeight = 20;

/** @returns the height that the heading takes */
export function headingHeight(context: Context, heading: Heading, width: number, theme: Theme): number {
  const lines = legendLines(context, heading.legend ?? [], width, theme).length;
  const height = (heading.title ? titleHeight : 0) + (heading.subtitle ? lineHeight : 0) + lines * lineHeight;
  return height ? height + 8 : 0;
}

export function paintHeading(context: Context, heading: Heading, width: number, theme: Theme): void {
  let y = 0;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  if (heading.title) {
    context.font = font(theme, theme.fontSize + 2, 600);
    context.fillStyle = theme.text;
    context.fillText(fitText(context, heading.title, width), 0, y + titleHeight / 2);
    y += titleHeight;
  }
  if (heading.subtitle) {
    context.font = font(theme, theme.fontSize - 1);
    context.fillStyle = theme.muted;
    context.fillText(fitText(context, heading.subtitle, width), 0, y + lineHeight / 2);
    y += lineHeight;
  }
  for (const line of legendLines(context, heading.legend ?? [], width, theme)) {
    for (const { entry, x } of line) paintEntry(context, entry, x, y + lineHeight / 2, theme);
    y += lineHeight;
  }
}

const markWidth = 16;
const entryGap = 16;

function legendLines(context: Context, entries: readonly LegendEntry[], width: number, theme: Theme) {
  const lines: { entry: LegendEntry; x: number }[][] = [];
  context.font = font(theme, theme.fontSize - 1);
  let x = 0;
  for (const entry of entries) {
    const entryWidth = markWidth + 6 + context.measureText(entry.name).width;
    if (!lines.length || x + entryWidth > width) {
      lines.push([]);
      x = 0;
    }
    lines.at(-1)!.push({ entry, x });
    x += entryWidth + entryGap;
  }
  return lines;
}

function paintEntry(context: Context, entry: LegendEntry, x: number, y: number, theme: Theme): void {
  context.fillStyle = entry.colour;
  context.strokeStyle = entry.colour;
  if (entry.mark === 'point') {
    context.beginPath();
    context.arc(x + markWidth / 2, y, 4, 0, 2 * Math.PI);
    context.fill();
  } else {
    context.lineWidth = 2.5;
    context.setLineDash(entry.mark === 'dashed' ? [5, 3] : []);
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + markWidth, y);
    context.stroke();
    context.setLineDash([]);
  }
  context.font = font(theme, theme.fontSize - 1);
  context.fillStyle = theme.text;
  context.fillText(entry.name, x + markWidth + 6, y);
}
