/** A whole picture on paper: what is saved as a file, in the browser and by the kernel alike. */
import type { Context, MakeCanvas } from './canvas.ts';
import { type Heading, headingHeight, paintHeading } from './heading.ts';
import type { Theme } from './theme.ts';

export interface Sheet {
  /** Of the picture below the heading, in CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly heading: Heading;
  /** @param make a canvas of the same kind as the one of `context`, for parts that need one of their own */
  paint(context: Context, make: MakeCanvas): void;
}

const margin = 16;

export interface SheetLayout {
  readonly width: number;
  readonly height: number;
  /** Height of the heading. */
  readonly top: number;
}

export function layOutSheet(ruler: Context, sheet: Sheet, theme: Theme): SheetLayout {
  const top = headingHeight(ruler, sheet.heading, sheet.width, theme);
  return { width: sheet.width + 2 * margin, height: top + sheet.height + 2 * margin, top };
}

/** Paints ground, heading and picture; the context is in CSS pixels. */
export function paintSheet(context: Context, sheet: Sheet, layout: SheetLayout, theme: Theme, make: MakeCanvas): void {
  context.fillStyle = theme.background;
  context.fillRect(0, 0, layout.width, layout.height);
  context.translate(margin, margin);
  paintHeading(context, sheet.heading, sheet.width, theme);
  context.translate(0, layout.top);
  sheet.paint(context, make);
}
