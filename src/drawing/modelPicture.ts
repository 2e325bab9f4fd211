import type { ModelLayer, ModelPayload } from '../renderers/model/payload.ts';
import { type Context, fitText, font } from './canvas.ts';
import { grouped } from './numbers.ts';
import { readableOn, seriesColour, type Theme, withAlpha } from './theme.ts';
import type { ModelWords } from './words.ts';

export interface ModelLayout {
  readonly width: number;
  readonly height: number;
  /** Every layer's bar: wide where many numbers leave it, narrow where few do. */
  readonly bars: readonly { readonly x: number; readonly y: number; readonly width: number; readonly height: number }[];
  readonly nameWidth: number;
  readonly parametersWidth: number;
}

const barHeight = 20;
const gap = 16;
const top = 6;

export function layOutModel(payload: ModelPayload, room: number): ModelLayout {
  const width = Math.min(room, 760);
  const nameWidth = Math.min(170, Math.max(108, width * 0.3));
  const parametersWidth = Math.min(130, width * 0.22);
  const middle = nameWidth + (width - nameWidth - parametersWidth) / 2;
  const widest = width - nameWidth - parametersWidth - 16;
  const sizes = payload.layers.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
  const most = Math.log2(Math.max(2, ...sizes) + 1);
  return {
    width,
    height: top + payload.layers.length * (barHeight + gap) - gap + 8,
    nameWidth,
    parametersWidth,
    bars: sizes.map((size, i) => {
      // Widths go with the number of doublings: 2 and 784 both stay to be seen.
      const barWidth = Math.max(24, (widest * Math.log2(size + 1)) / most);
      return { x: middle - barWidth / 2, y: top + i * (barHeight + gap), width: barWidth, height: barHeight };
    }),
  };
}

/** The network from top to bottom as an hourglass, the code in its waist. */
export function paintModel(
  context: Context,
  payload: ModelPayload,
  layout: ModelLayout,
  style: { theme: Theme; words: ModelWords; active?: number },
): void {
  const { theme, words } = style;
  const { bars, width, nameWidth } = layout;
  context.textBaseline = 'middle';
  payload.layers.forEach((layer, i) => {
    const bar = bars[i]!;
    const next = bars[i + 1];
    const colour = layer.bottleneck ? seriesColour(theme, 1) : seriesColour(theme, layer.part === 'encoder' ? 0 : 2);
    if (next) {
      context.beginPath();
      context.moveTo(bar.x, bar.y + bar.height);
      context.lineTo(bar.x + bar.width, bar.y + bar.height);
      context.lineTo(next.x + next.width, next.y);
      context.lineTo(next.x, next.y);
      context.closePath();
      context.fillStyle = withAlpha(colour, theme.contrast ? 0.4 : 0.16);
      context.fill();
    }
    const trained = layer.parameters > 0;
    const solid = trained || layer.bottleneck || i === 0;
    context.fillStyle = solid ? colour : withAlpha(colour, 0.45);
    context.fillRect(bar.x, bar.y, bar.width, bar.height);
    const centre = bar.y + bar.height / 2 + 0.5;
    paintSize(context, layer, bar, centre, solid ? readableOn(colour) : theme.text, theme);
    const name = nameOf(payload, i, words);
    context.font = font(theme, theme.fontSize, layer.bottleneck ? 600 : 400);
    context.textAlign = 'right';
    context.fillStyle = trained || layer.bottleneck ? theme.text : theme.muted;
    context.fillText(fitText(context, name, nameWidth - 12), nameWidth - 12, centre);
    context.font = font(theme, theme.fontSize - 1);
    context.fillStyle = theme.muted;
    if (trained) context.fillText(grouped(layer.parameters), width - 2, centre);
    if (i === style.active) {
      context.strokeStyle = theme.focus;
      context.lineWidth = 2;
      context.strokeRect(bar.x - 2, bar.y - 2, bar.width + 4, bar.height + 4);
    }
  });
}

/** Numbers that leave a layer, in its bar where they fit, else beside it. */
function paintSize(
  context: Context,
  layer: ModelLayer,
  bar: { x: number; width: number },
  centre: number,
  ink: string,
  theme: Theme,
): void {
  const text = layer.shape.map((size) => grouped(size)).join(' × ');
  context.font = font(theme, theme.fontSize - 1, 600);
  const fits = context.measureText(text).width + 10 <= bar.width;
  context.textAlign = fits ? 'center' : 'left';
  context.fillStyle = fits ? ink : theme.text;
  context.fillText(text, fits ? bar.x + bar.width / 2 : bar.x + bar.width + 6, centre);
}

export function nameOf(payload: ModelPayload, i: number, words: ModelWords): string {
  const layer = payload.layers[i]!;
  if (i === 0) return words.input;
  const activation = layer.activation && layer.activation !== 'linear' ? ` ${layer.activation}` : '';
  return layer.bottleneck ? `${words.bottleneck} · ${layer.kind}${activation}` : `${layer.kind}${activation}`;
}
