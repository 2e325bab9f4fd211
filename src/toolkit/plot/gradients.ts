import { BARS_MIME } from '../../renderers/bars/payload.ts';
import { type Displayable, displayable, rounded, spoken } from './display.ts';
import type { DrawnRun } from './types.ts';

/** A run that kept the norms of its gradients. */
type TrackedRun = DrawnRun & { readonly gradientNorms?: readonly (readonly number[])[] };

/**
 * Norm of the loss gradient at every layer, on a logarithmic scale, and how it changed from epoch to epoch; several
 * runs beside each other. Where gradients vanish, the bars fall from the output to the input.
 *
 * @param runs runs that were fitted with `trackGradients`, one or by name
 * @param options.epoch the epoch that is shown first, from 1; default: the last
 * @throws TypeError if a run has no gradients, RangeError for an epoch that no run has
 */
export function gradients(
  runs: TrackedRun | Readonly<Record<string, TrackedRun>>,
  options: { epoch?: number; title?: string } = {},
): Displayable {
  const entries =
    'history' in runs ? [[(runs as TrackedRun).model, runs as TrackedRun] as const] : Object.entries(runs);
  if (!entries.length) throw new TypeError('gradients needs at least one run, got none');
  for (const [name, run] of entries) {
    if (!run?.gradientNorms?.length) {
      throw new TypeError(`run ${name} has no gradients: fit it with { trackGradients: true }`);
    }
  }
  const epochs = Math.max(...entries.map(([, run]) => run.gradientNorms!.length));
  const layers = Math.max(...entries.map(([, run]) => run.gradientNorms![0]!.length));
  const { epoch = epochs } = options;
  if (!Number.isInteger(epoch) || epoch < 1 || epoch > epochs) {
    throw new RangeError(`epoch must be an integer from 1 to ${epochs}, got ${epoch}`);
  }
  const said = entries.map(([name, run]) => {
    const norms = run.gradientNorms![Math.min(epoch, run.gradientNorms!.length) - 1]!;
    return `${name} from ${spoken(norms[0])} at the first layer to ${spoken(norms.at(-1))} at the last`;
  });
  return displayable({
    mime: BARS_MIME,
    payload: {
      title: options.title,
      text: `Norm of the gradient per layer after epoch ${epoch}: ${said.join('; ')}.`,
      xLabel: 'layer, from the input to the output',
      yLabel: 'gradient norm',
      log: true,
      categories: Array.from({ length: layers }, (_, i) => String(i + 1)),
      series: entries.map(([name, run]) => ({
        name,
        values: Array.from({ length: epochs }, (_, e) =>
          Array.from({ length: layers }, (_, l) => rounded(run.gradientNorms![e]?.[l])),
        ),
      })),
      frameName: 'epoch',
      frames: Array.from({ length: epochs }, (_, e) => e + 1),
      frame: epoch - 1,
    },
  });
}

/**
 * Bars by name, of one or several series: importance of latents, accuracy by class.
 *
 * @param series values by category; or several such records by name
 * @throws TypeError if there is nothing to draw
 */
export function bars(
  series: Readonly<Record<string, number>> | Readonly<Record<string, Readonly<Record<string, number>>>>,
  options: { x?: string; y?: string; log?: boolean; title?: string } = {},
): Displayable {
  const entries = Object.entries(series ?? {});
  if (!entries.length) throw new TypeError('bars needs values by name, got none');
  const single = entries.every(([, value]) => typeof value === 'number');
  const named = single
    ? [['value', series as Record<string, number>] as const]
    : (entries as [string, Record<string, number>][]);
  const categories = [...new Set(named.flatMap(([, values]) => Object.keys(values)))];
  const said = named.map(
    ([name, values]) =>
      `${single ? '' : `${name} `}${Object.entries(values)
        .map(([category, value]) => `${category} ${spoken(value)}`)
        .join(', ')}`,
  );
  return displayable({
    mime: BARS_MIME,
    payload: {
      title: options.title,
      text: `Bars: ${said.join('; ')}.`.slice(0, 9_000),
      xLabel: options.x,
      yLabel: options.y,
      log: options.log ?? false,
      categories,
      series: named.map(([name, values]) => ({
        name,
        values: [categories.map((category) => rounded(values[category]))],
      })),
      frames: [0],
      frame: 0,
    },
  });
}
