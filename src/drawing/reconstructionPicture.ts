import type { ReconstructionPayload } from '../renderers/reconstruction/payload.ts';
import {
  type Atlas,
  type Context,
  drawTile,
  fitText,
  font,
  frameTile,
  type MakeCanvas,
  makeAtlas,
  paintLevels,
} from './canvas.ts';
import { errorCss, errorPixels } from './colourScale.ts';
import { compact } from './numbers.ts';
import { captionHeight, type ReconstructionLayout } from './reconstructionLayout.ts';
import { seriesColour, type Theme, withAlpha } from './theme.ts';
import type { PictureWords } from './words.ts';

/** Parts of the picture that depend on the payload alone; made once. */
export interface ReconstructionParts {
  /** Tiles original, reconstruction, error of sample 0, then of sample 1, … */
  readonly atlas?: Atlas;
  /** Greatest |x - x'| of all samples: the upper end of the error scale. */
  readonly greatestError: number;
}

export function prepareReconstruction(payload: ReconstructionPayload, make: MakeCanvas): ReconstructionParts {
  const { originals, reconstructions, range, features } = payload;
  let greatestError = 0;
  for (let i = 0; i < originals.length; i++) {
    greatestError = Math.max(greatestError, Math.abs(originals[i]! - reconstructions[i]!));
  }
  for (const error of payload.errorMap ?? []) greatestError = Math.max(greatestError, error);
  if (payload.form !== 'images') return { greatestError };
  const [height, width, channels] = payload.imageShape!;
  const [low, high] = range;
  const inputs = levelsOf(originals, low, 255 / (high - low));
  const outputs = levelsOf(reconstructions, low, 255 / (high - low));
  const atlas = makeAtlas(make, payload.samples * 3, { width, height }, (tile, pixels) => {
    const start = Math.floor(tile / 3) * features;
    const levels = [inputs, outputs][tile % 3];
    if (levels) {
      paintLevels(levels, channels, start, pixels);
      return;
    }
    const scale = greatestError > 0 ? 255 / (greatestError * channels) : 0;
    for (let p = 0; p < pixels.length; p++) {
      let error = 0;
      for (let at = start + p * channels; at < start + (p + 1) * channels; at++) {
        error += Math.abs(originals[at]! - reconstructions[at]!);
      }
      pixels[p] = errorPixels[Math.min(255, Math.round(error * scale)) || 0]!;
    }
  });
  return { atlas, greatestError };
}

/** 8-bit levels of values that begin at `low`. */
function levelsOf(values: Float32Array, low: number, scale: number): Uint8Array {
  const levels = new Uint8ClampedArray(values.length);
  for (let i = 0; i < values.length; i++) levels[i] = (values[i]! - low) * scale;
  return new Uint8Array(levels.buffer);
}

export interface ReconstructionStyle {
  readonly theme: Theme;
  readonly words: PictureWords;
  /** Sample at every position; all of them in their own order if absent. */
  readonly order?: readonly number[];
  /** Position with the reader's attention. */
  readonly active?: number;
}

export function paintReconstruction(
  context: Context,
  payload: ReconstructionPayload,
  parts: ReconstructionParts,
  layout: ReconstructionLayout,
  style: ReconstructionStyle,
): void {
  const { theme } = style;
  layout.blocks.forEach((block, position) => {
    const sample = style.order?.[position] ?? position;
    if (payload.form === 'images') {
      const [height, width] = payload.imageShape!;
      layout.rows.forEach((offset, row) => {
        const to = { x: block.x, y: block.y + offset, ...layout.tile };
        drawTile(context, parts.atlas!, sample * 3 + row, { width, height }, to);
        if (theme.contrast) frameTile(context, to, theme);
      });
    } else {
      paintPanel(context, payload, sample, { ...block, ...layout.tile }, theme, parts.greatestError);
    }
    paintCaption(context, payload, sample, block, layout, style, position === style.active);
    if (position === style.active) {
      context.strokeStyle = theme.focus;
      context.lineWidth = 2;
      context.strokeRect(block.x - 2, block.y - 2, layout.tile.width + 4, layout.blockHeight + 4);
    }
  });
  if (payload.form === 'images') {
    paintRowNames(context, payload.metric, layout, style);
    paintErrorScale(context, style.words.absoluteError, parts.greatestError, layout, style);
  } else {
    paintRangeAxis(context, payload, layout, theme);
    if (payload.errorMap) paintErrorScale(context, style.words.error, parts.greatestError, layout, style);
    else paintPanelLegend(context, layout, style, payload.form);
  }
}

function paintCaption(
  context: Context,
  payload: ReconstructionPayload,
  sample: number,
  block: { x: number; y: number },
  layout: ReconstructionLayout,
  { theme }: ReconstructionStyle,
  active: boolean,
): void {
  context.font = font(theme, theme.fontSize - 1);
  context.fillStyle = active ? theme.text : theme.muted;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const text = compact(payload.errors[sample], layout.tile.width < 50 ? 2 : 3);
  context.fillText(text, block.x + layout.tile.width / 2, block.y + layout.blockHeight + captionHeight / 2 + 1);
}

/** Names of the three rows, beside every band of samples. */
function paintRowNames(
  context: Context,
  metric: string,
  layout: ReconstructionLayout,
  { theme, words }: ReconstructionStyle,
): void {
  context.font = font(theme, theme.fontSize - 1);
  const fits = context.measureText(words.reconstruction).width <= layout.gutter - 10;
  const names = [words.original, fits ? words.reconstruction : words.output, words.error];
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  context.fillStyle = theme.muted;
  for (let first = 0; first < layout.blocks.length; first += layout.columns) {
    const { y } = layout.blocks[first]!;
    names.forEach((name, row) => {
      const middle = y + layout.rows[row]! + layout.tile.height / 2;
      context.fillText(fitText(context, name, layout.gutter - 10), layout.gutter - 10, middle);
    });
    context.fillText(metric, layout.gutter - 10, y + layout.blockHeight + captionHeight / 2 + 1);
  }
}

function paintErrorScale(
  context: Context,
  name: string,
  greatest: number,
  { legend }: ReconstructionLayout,
  { theme }: ReconstructionStyle,
): void {
  const bar = { width: Math.min(120, Math.max(30, legend.width - 150)), height: 8 };
  const middle = legend.y + legend.height / 2 + 1;
  context.font = font(theme, theme.fontSize - 1);
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  context.fillStyle = theme.muted;
  let x = legend.x;
  const write = (text: string) => {
    context.fillText(text, x, middle);
    x += context.measureText(text).width + 8;
  };
  write(name);
  write('0');
  for (let i = 0; i < bar.width; i++) {
    context.fillStyle = errorCss(i / (bar.width - 1));
    context.fillRect(x + i, middle - bar.height / 2 - 1, Math.min(1.5, bar.width - i), bar.height);
  }
  context.strokeStyle = theme.border;
  context.lineWidth = 1;
  context.strokeRect(x - 0.5, middle - bar.height / 2 - 1.5, bar.width + 1, bar.height + 1);
  x += bar.width + 8;
  context.fillStyle = theme.muted;
  write(compact(greatest, 2));
}

interface Panel {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function paintPanel(
  context: Context,
  payload: ReconstructionPayload,
  sample: number,
  panel: Panel,
  theme: Theme,
  greatest: number,
): void {
  const { features, range } = payload;
  const padded = (range[1] - range[0]) * 0.05;
  const up = (value: number) =>
    panel.y + panel.height * (1 - (value - range[0] + padded) / (range[1] - range[0] + 2 * padded));
  const original = payload.originals.subarray(sample * features, (sample + 1) * features);
  const rebuilt = payload.reconstructions.subarray(sample * features, (sample + 1) * features);
  context.fillStyle = theme.grid;
  const zero = range[0] <= 0 && range[1] >= 0 ? up(0) : panel.y + panel.height;
  context.fillRect(panel.x, Math.round(zero), panel.width, 1);
  if (payload.errorMap) {
    const map = payload.errorMap.subarray(sample * features, (sample + 1) * features);
    paintErrorStrip(context, map, greatest, panel, payload.form);
    const strip = { x: panel.x, y: panel.y + panel.height - 8, width: panel.width, height: 8 };
    if (theme.contrast) frameTile(context, strip, theme);
  }
  if (payload.form === 'bars') paintBars(context, original, rebuilt, panel, up, zero, theme);
  else paintLines(context, original, rebuilt, panel, up, theme);
}

/** The error at every value as a colour, along the lower edge. */
function paintErrorStrip(
  context: Context,
  map: Float32Array,
  greatest: number,
  panel: Panel,
  form: ReconstructionPayload['form'],
): void {
  const step = panel.width / (form === 'bars' ? map.length : Math.max(1, map.length - 1));
  map.forEach((error, i) => {
    context.fillStyle = errorCss(greatest > 0 ? error / greatest : 0);
    const x = form === 'bars' ? panel.x + i * step : Math.max(panel.x, panel.x + (i - 0.5) * step);
    const end = Math.min(panel.x + panel.width, panel.x + (form === 'bars' ? i + 1 : i + 0.5) * step);
    context.fillRect(x, panel.y + panel.height - 8, end - x + 0.3, 8);
  });
}

function paintLines(
  context: Context,
  original: Float32Array,
  rebuilt: Float32Array,
  panel: Panel,
  up: (value: number) => number,
  theme: Theme,
): void {
  const across = (i: number) => panel.x + (panel.width * i) / Math.max(1, original.length - 1);
  const trace = (values: Float32Array, backwards = false) => {
    for (let i = 0; i < values.length; i++) {
      const at = backwards ? values.length - 1 - i : i;
      context.lineTo(across(at), up(values[at]!));
    }
  };
  context.beginPath();
  trace(original);
  trace(rebuilt, true);
  context.closePath();
  context.fillStyle = withAlpha(seriesColour(theme, 3), theme.contrast ? 0.7 : 0.4);
  context.fill();
  context.lineJoin = 'round';
  const stroke = (values: Float32Array, colour: string, width: number) => {
    context.beginPath();
    trace(values);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  };
  stroke(original, theme.quiet, 2);
  stroke(rebuilt, seriesColour(theme, 0), 1.5);
}

function paintBars(
  context: Context,
  original: Float32Array,
  rebuilt: Float32Array,
  panel: Panel,
  up: (value: number) => number,
  zero: number,
  theme: Theme,
): void {
  const slot = panel.width / original.length;
  const bar = Math.max(1, Math.min(18, slot * 0.36));
  original.forEach((value, i) => {
    const middle = panel.x + slot * (i + 0.5);
    const draw = (to: number, left: number, colour: string) => {
      context.fillStyle = colour;
      context.fillRect(left, Math.min(up(to), zero), bar, Math.max(1, Math.abs(up(to) - zero)));
    };
    draw(value, middle - bar - 0.5, theme.quiet);
    draw(rebuilt[i]!, middle + 0.5, seriesColour(theme, 0));
  });
}

/** Least and greatest value, beside every band of panels. */
function paintRangeAxis(
  context: Context,
  payload: ReconstructionPayload,
  layout: ReconstructionLayout,
  theme: Theme,
): void {
  context.font = font(theme, theme.fontSize - 1);
  context.textAlign = 'right';
  context.fillStyle = theme.muted;
  for (let first = 0; first < layout.blocks.length; first += layout.columns) {
    const { y } = layout.blocks[first]!;
    context.textBaseline = 'top';
    context.fillText(compact(payload.range[1], 3), layout.gutter - 8, y);
    context.textBaseline = 'alphabetic';
    context.fillText(compact(payload.range[0], 3), layout.gutter - 8, y + layout.tile.height);
    context.textBaseline = 'middle';
    context.fillText(payload.metric, layout.gutter - 8, y + layout.blockHeight + captionHeight / 2 + 1);
  }
}

const legendGap = 18;

function paintPanelLegend(
  context: Context,
  { legend }: ReconstructionLayout,
  { theme, words }: ReconstructionStyle,
  form: 'series' | 'bars',
): void {
  const filled = form === 'bars' ? 10 : 2;
  const entries: [colour: string, height: number, name: string][] = [
    [theme.quiet, filled, words.original],
    [seriesColour(theme, 0), filled, words.reconstruction],
  ];
  if (form === 'series') entries.push([withAlpha(seriesColour(theme, 3), theme.contrast ? 0.7 : 0.4), 10, words.error]);
  const middle = legend.y + legend.height / 2 + 1;
  context.font = font(theme, theme.fontSize - 1);
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  const widths = entries.map(([, , name]) => 20 + context.measureText(name).width);
  const whole = widths.reduce((sum, width) => sum + width + legendGap, -legendGap);
  // Under the panels, unless the room below them is too narrow.
  let x = Math.max(0, Math.min(legend.x, legend.x + legend.width - whole));
  entries.forEach(([colour, height, name], i) => {
    context.fillStyle = colour;
    context.fillRect(x, middle - height / 2 - 1, 14, height);
    context.fillStyle = theme.muted;
    context.fillText(name, x + 20, middle);
    x += widths[i]! + legendGap;
  });
}
