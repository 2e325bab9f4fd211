import type { HistogramPayload } from '../renderers/histogram/payload.ts';
import { makeScale, paintAxes, type Scale } from './axes.ts';
import { type Context, crisp, fitText, font, type Rectangle } from './canvas.ts';
import { type Confusion, confusionAt, type Detection, detectionOf, ratesOf } from './detection.ts';
import type { LegendEntry } from './legend.ts';
import { compact, grouped } from './numbers.ts';
import { seriesColour, type Theme, withAlpha } from './theme.ts';
import type { HistogramWords } from './words.ts';

export interface HistogramView {
  /** The horizontal axis is logarithmic. */
  readonly log: boolean;
  readonly threshold?: number;
  /** Names of groups that are switched off. */
  readonly hidden: ReadonlySet<string>;
  /** The bin that is looked at. */
  readonly bin?: number;
}

/** Everything that is computed from a payload once. */
export interface HistogramParts {
  readonly scale: Scale;
  readonly detection: Detection | undefined;
  /** [group][bin]; values beyond the axis count in the outermost bins. */
  readonly bins: readonly Float64Array[];
}

const binCount = 48;

/** Scores of anomalies lie decades apart: a logarithmic axis then shows both groups. */
export function prefersLog({ groups }: HistogramPayload): boolean {
  if (groups.length < 2) return false;
  const all = Float32Array.from(groups.flatMap(({ values }) => [...values])).sort();
  return all.length > 0 && all[0]! > 0 && quantile(all, 0.995) / quantile(all, 0.005) > 30;
}

function quantile(sorted: Float32Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

export function prepareHistogram(payload: HistogramPayload, log: boolean): HistogramParts {
  const all = Float32Array.from(payload.groups.flatMap(({ values }) => [...values])).sort();
  const { threshold } = payload;
  let [low, high] = all.length ? [all[0]!, all.at(-1)!] : [0, 1];
  // A few far outliers shall not squeeze all others into one bin; what is cut off counts in the last one.
  if (all.length > 50 && !log) high = Math.min(high, low + 3 * (quantile(all, 0.98) - low) || high);
  if (threshold !== undefined && threshold > low) high = Math.max(high, threshold * (log ? 1.2 : 1.02));
  if (log) low = Math.max(low, all.find((value) => value > 0) ?? 1e-6);
  if (!(high > low)) [low, high] = log ? [low / 2, low * 2] : [low - 0.5, low + 0.5];
  const scale = makeScale(low, high, log);
  const bins = payload.groups.map(({ values }) => {
    const counts = new Float64Array(binCount);
    for (const value of values) {
      const share = log && value <= 0 ? 0 : scale.share(value);
      counts[Math.min(binCount - 1, Math.max(0, Math.floor(share * binCount)))]!++;
    }
    return counts;
  });
  return { scale, bins, detection: detectionOf(payload) };
}

export interface HistogramLayout {
  readonly width: number;
  readonly height: number;
  readonly bins: Rectangle;
  /** Only where there is something to tell apart. */
  readonly roc?: Rectangle;
  readonly precisionRecall?: Rectangle;
  readonly confusion?: Rectangle;
}

const left = 54;
/** Beside the bins there are larger numbers, and a title. */
const binsLeft = 66;
const wide = 840;
/** Below this the counts stand two by two. */
const narrow = 430;
const confusionRow = 40;

export function layOutHistogram(parts: HistogramParts, width: number): HistogramLayout {
  const bottom = 42;
  if (!parts.detection) {
    const height = Math.round(Math.min(260, Math.max(150, width * 0.34)));
    return { width, height, bins: { x: binsLeft, y: 8, width: width - binsLeft - 14, height: height - bottom - 8 } };
  }
  if (width >= wide) {
    const side = Math.min(200, Math.floor((width * 0.46 - 2 * left) / 2));
    const right = 2 * (side + left) + 12;
    const bins = { x: binsLeft, y: 18, width: width - right - binsLeft, height: side + 90 };
    const x = width - right + left + 6;
    return {
      width,
      height: bins.y + bins.height + bottom,
      bins,
      roc: { x, y: 18, width: side, height: side },
      precisionRecall: { x: x + side + left, y: 18, width: side, height: side },
      confusion: { x, y: 18 + side + 46, width: 2 * side + left, height: confusionRow + 4 },
    };
  }
  const side = Math.min(180, Math.floor((width - 2 * left - 20) / 2));
  const bins = { x: binsLeft, y: 18, width: width - binsLeft - 14, height: 170 };
  const y = bins.y + bins.height + bottom + 20;
  const x = left;
  const lines = width < narrow ? 2 : 1;
  const from = width < narrow ? 14 : left;
  const confusion = { x: from, y: y + side + 46, width: width - from - 14, height: lines * confusionRow + 20 };
  return {
    width,
    height: confusion.y + confusion.height + 10,
    bins,
    roc: { x, y, width: side, height: side },
    precisionRecall: { x: x + side + left, y, width: side, height: side },
    confusion,
  };
}

export function histogramLegend(payload: HistogramPayload, theme: Theme): LegendEntry[] {
  if (payload.groups.length < 2) return [];
  return payload.groups.map((group, i) => ({
    name: group.name,
    colour: groupColour(payload, i, theme),
    mark: 'point',
  }));
}

/** Normal in the first colour, abnormal in the fourth, a red. */
function groupColour(payload: HistogramPayload, group: number, theme: Theme): string {
  return seriesColour(theme, payload.groups[group]!.positive ? 3 : group);
}

export function paintHistogram(
  context: Context,
  payload: HistogramPayload,
  parts: HistogramParts,
  view: HistogramView,
  layout: HistogramLayout,
  style: { theme: Theme; words: HistogramWords },
): void {
  const { theme, words } = style;
  paintBins(context, payload, parts, view, layout.bins, style);
  const { detection } = parts;
  if (!detection || !layout.roc || view.threshold === undefined) return;
  const confusion = confusionAt(detection, view.threshold);
  const rates = ratesOf(confusion);
  paintCurve(context, detection.roc, layout.roc, theme, {
    title: `ROC  ${compact(detection.auroc, 3)}`,
    x: words.falseAlarms,
    y: words.recall,
    at: [rates.falseAlarms, rates.recall],
    chance: 'diagonal',
  });
  paintCurve(context, detection.precisionRecall, layout.precisionRecall!, theme, {
    title: `PR  ${compact(detection.averagePrecision, 3)}`,
    x: words.recall,
    y: words.precision,
    at: [rates.recall, rates.precision],
    chance: detection.positives.length / (detection.positives.length + detection.negatives.length),
  });
  paintConfusion(context, confusion, layout.confusion!, style);
}

function paintBins(
  context: Context,
  payload: HistogramPayload,
  { scale, bins }: HistogramParts,
  view: HistogramView,
  area: Rectangle,
  { theme, words }: { theme: Theme; words: HistogramWords },
): void {
  const shown = payload.groups.flatMap(({ name }, i) => (view.hidden.has(name) ? [] : [i]));
  // Of groups of different sizes the shares are compared, of one group the counts are shown.
  const shares = payload.groups.length > 1;
  const heightOf = (group: number, bin: number) =>
    shares ? bins[group]![bin]! / Math.max(1, payload.groups[group]!.values.length) : bins[group]![bin]!;
  let most = 0;
  for (const group of shown) for (let bin = 0; bin < binCount; bin++) most = Math.max(most, heightOf(group, bin));
  const y = makeScale(0, (most || 1) * 1.04, false);
  paintAxes(context, area, theme, {
    x: scale,
    y,
    xTitle: payload.xLabel,
    yTitle: shares ? words.share : words.count,
  });
  const step = area.width / binCount;
  for (const group of shown) {
    const colour = groupColour(payload, group, theme);
    context.beginPath();
    context.moveTo(area.x, area.y + area.height);
    for (let bin = 0; bin < binCount; bin++) {
      const top = area.y + area.height * (1 - y.share(heightOf(group, bin)));
      context.lineTo(area.x + bin * step, top);
      context.lineTo(area.x + (bin + 1) * step, top);
    }
    context.lineTo(area.x + area.width, area.y + area.height);
    context.fillStyle = withAlpha(colour, shown.length > 1 ? 0.38 : 0.75);
    context.fill();
    context.strokeStyle = colour;
    context.lineWidth = theme.contrast ? 2 : 1.25;
    context.stroke();
  }
  if (view.bin !== undefined) {
    context.strokeStyle = theme.focus;
    context.lineWidth = 2;
    context.strokeRect(area.x + view.bin * step, area.y, step, area.height);
  }
  if (view.threshold !== undefined) paintThreshold(context, view.threshold, scale, area, { theme, words });
}

function paintThreshold(
  context: Context,
  threshold: number,
  scale: Scale,
  area: Rectangle,
  { theme, words }: { theme: Theme; words: HistogramWords },
): void {
  const share = Math.min(1, Math.max(0, scale.log && threshold <= 0 ? 0 : scale.share(threshold)));
  const x = crisp(area.x + share * area.width, 2);
  context.strokeStyle = theme.text;
  context.fillStyle = theme.text;
  context.lineWidth = 1.5;
  context.setLineDash([5, 3]);
  context.beginPath();
  context.moveTo(x, area.y);
  context.lineTo(x, area.y + area.height);
  context.stroke();
  context.setLineDash([]);
  // a grip, so that one sees that it can be moved
  context.beginPath();
  context.arc(x, area.y + area.height, 5, 0, 2 * Math.PI);
  context.fill();
  context.font = font(theme, theme.fontSize - 1, 600);
  context.textBaseline = 'bottom';
  context.textAlign = share > 0.6 ? 'right' : 'left';
  context.fillText(`${words.threshold} ${compact(threshold, 3)}`, x + (share > 0.6 ? 4 : -4), area.y - 2);
}

function paintCurve(
  context: Context,
  points: readonly (readonly [number, number])[],
  area: Rectangle,
  theme: Theme,
  about: {
    title: string;
    x: string;
    y: string;
    at: readonly [number, number];
    /** What guessing would reach: a diagonal, or a level. */
    chance: 'diagonal' | number;
  },
): void {
  const unit = makeScale(0, 1, false);
  paintAxes(context, area, theme, {
    x: unit,
    y: area.width > 90 ? unit : undefined,
    xTitle: about.x,
    yTitle: undefined,
  });
  const place = ([x, y]: readonly [number, number]) =>
    [area.x + x * area.width, area.y + (1 - y) * area.height] as const;
  context.strokeStyle = theme.quiet;
  context.lineWidth = 1;
  context.setLineDash([3, 3]);
  context.beginPath();
  context.moveTo(...place([0, about.chance === 'diagonal' ? 0 : about.chance]));
  context.lineTo(...place([1, about.chance === 'diagonal' ? 1 : about.chance]));
  context.stroke();
  context.setLineDash([]);
  context.beginPath();
  // A screen shows no more than some hundred steps.
  const every = Math.max(1, Math.floor(points.length / 600));
  points.forEach((point, i) => {
    if (i % every && i !== points.length - 1) return;
    context.lineTo(...place(point));
  });
  context.strokeStyle = seriesColour(theme, 0);
  context.lineWidth = 2;
  context.lineJoin = 'round';
  context.stroke();
  context.beginPath();
  context.arc(...place(about.at), 5, 0, 2 * Math.PI);
  context.fillStyle = seriesColour(theme, 3);
  context.fill();
  context.strokeStyle = theme.background;
  context.lineWidth = 1.5;
  context.stroke();
  context.fillStyle = theme.text;
  context.font = font(theme, theme.fontSize - 1, 600);
  context.textAlign = 'left';
  context.textBaseline = 'bottom';
  // above the point, which may lie on the upper edge
  context.fillText(about.title, area.x, area.y - 6);
  context.save();
  context.font = font(theme, theme.fontSize - 1);
  context.fillStyle = theme.muted;
  context.translate(area.x - 38, area.y + area.height / 2);
  context.rotate(-Math.PI / 2);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(about.y, 0, 0);
  context.restore();
}

/** The four counts, and what they come to. */
function paintConfusion(
  context: Context,
  confusion: Confusion,
  area: Rectangle,
  { theme, words }: { theme: Theme; words: HistogramWords },
): void {
  const cells = [
    [words.truePositives, confusion.tp, seriesColour(theme, 2)],
    [words.falsePositives, confusion.fp, seriesColour(theme, 1)],
    [words.falseNegatives, confusion.fn, seriesColour(theme, 1)],
    [words.trueNegatives, confusion.tn, seriesColour(theme, 2)],
  ] as const;
  const rows = area.height > 2 * confusionRow ? 2 : 1;
  const perRow = cells.length / rows;
  const width = area.width / perRow;
  cells.forEach(([name, count, colour], i) => {
    const x = area.x + (i % perRow) * width;
    const y = area.y + Math.floor(i / perRow) * confusionRow;
    context.fillStyle = colour;
    context.fillRect(x, y, 3, 32);
    context.textAlign = 'left';
    context.textBaseline = 'top';
    context.fillStyle = theme.text;
    context.font = font(theme, theme.fontSize + 2, 600);
    context.fillText(grouped(count), x + 9, y);
    context.fillStyle = theme.muted;
    context.font = font(theme, theme.fontSize - 2);
    context.fillText(fitText(context, name, width - 12), x + 9, y + 19);
  });
  context.font = font(theme, theme.fontSize - 1);
  const below = area.y + rows * confusionRow;
  const line = ratesLine(ratesOf(confusion), words);
  if (context.measureText(line).width <= area.width) context.fillText(line, area.x, below);
  else {
    const parts = line.split(' · ');
    context.fillText(parts.slice(0, 2).join(' · '), area.x, below - 2);
    context.fillText(parts.slice(2).join(' · '), area.x, below + 13);
  }
}

export function ratesLine(rates: ReturnType<typeof ratesOf>, words: HistogramWords): string {
  return [
    `${words.precision} ${compact(rates.precision, 3)}`,
    `${words.recall} ${compact(rates.recall, 3)}`,
    `F1 ${compact(rates.f1, 3)}`,
    `${words.accuracy} ${compact(rates.accuracy, 3)}`,
  ].join(' · ');
}
