import { CURVES_MIME, type CurveSeries, type CurvesPayload } from '../../renderers/curves/payload.ts';
import type { ProgressPayload } from '../../renderers/progress/payload.ts';
import { counted, type Displayable, displayable, type Picture, rounded, spoken } from './display.ts';
import { distinctTerms, runSentence } from './progress.ts';
import type { DrawnRun, History } from './types.ts';

export interface CurvesOptions {
  /** `loss` and the names of terms; default: all for one run, `loss` for several. */
  terms?: string[];
  log?: boolean;
  title?: string;
}

/**
 * Losses over epochs, training as full lines and validation as dashed ones.
 *
 * @param runs one run; a list of runs; or runs by name, where a list under one name counts as seeds of the same thing
 *   and is drawn as its mean within the band from least to greatest.
 * @throws TypeError if there is no run, RangeError for a term that no run has
 */
export function curves<R extends DrawnRun>(
  runs: R | readonly R[] | Readonly<Record<string, R | readonly R[]>>,
  options: CurvesOptions = {},
): Displayable {
  return displayable(curvesPicture(runs, options));
}

/** Runs that share a name; several are seeds of one experiment. */
interface Group {
  readonly name: string;
  readonly runs: readonly DrawnRun[];
}

export function curvesPicture(
  input: DrawnRun | readonly DrawnRun[] | Readonly<Record<string, DrawnRun | readonly DrawnRun[]>>,
  options: CurvesOptions = {},
): Picture {
  const groups = groupRuns(input);
  const known = new Set(['loss', ...groups.flatMap((g) => g.runs.flatMap((run) => Object.keys(run.history.terms)))]);
  for (const term of options.terms ?? []) {
    if (!known.has(term)) {
      throw new RangeError(`terms must be among ${[...known].join(', ')}, got ${JSON.stringify(term)}`);
    }
  }
  const single = groups.length === 1;
  const chosen = options.terms ?? (single ? ['loss', ...termsOf(groups[0]!)] : ['loss']);
  const series = groups.flatMap((group, g) =>
    chosen.flatMap((term, t) =>
      groupSeries(group, term, {
        single,
        alone: single && chosen.length === 1,
        colour: single ? t : g * chosen.length + t,
      }),
    ),
  );
  const units = new Set(groups.flatMap((group) => group.runs.map((run) => run.unit)));
  return toPicture({
    title: options.title,
    text: describe(groups),
    xLabel: 'epoch',
    yLabel: units.size === 1 ? `loss (${[...units][0]})` : 'loss',
    log: options.log ?? false,
    series,
  });
}

/** The picture that grows while a network trains, and its final state. */
export function trainingPicture(about: {
  model: string;
  unit: string;
  history: History;
  bestEpoch?: number;
  progress: ProgressPayload;
}): Picture {
  const run = { ...about, epochs: about.history.loss.length } as unknown as DrawnRun;
  const group = { name: about.model, runs: [run] };
  const terms = ['loss', ...termsOf(group)];
  return toPicture({
    text: about.progress.text,
    xLabel: 'epoch',
    yLabel: `loss (${about.unit})`,
    log: false,
    series: terms.flatMap((term, colour) =>
      groupSeries(group, term, { single: true, alone: terms.length === 1, colour }),
    ),
    progress: about.progress,
  });
}

/**
 * Lines over a common axis: explained variance over components, a series of one's own.
 *
 * @param series values by name, all of the same length if `x` is given
 */
export function lines(
  series: Readonly<Record<string, ArrayLike<number>>>,
  options: { x?: ArrayLike<number>; log?: boolean; title?: string; xLabel?: string; yLabel?: string } = {},
): Displayable {
  const entries = Object.entries(series);
  if (!entries.length) throw new TypeError('lines needs at least one series, got none');
  const x = options.x && Array.from(options.x, rounded);
  for (const [name, values] of entries) {
    if (x && values.length !== x.length) {
      throw new RangeError(`x must have the ${values.length} values of series ${name}, got ${x.length}`);
    }
  }
  const said = entries.map(([name, values]) => {
    const finite = Array.from(values).filter(Number.isFinite);
    if (!finite.length) return `${name} without finite values`;
    const [low, high] = extent(finite);
    return `${name} with ${counted(values.length, 'value')} from ${spoken(low)} to ${spoken(high)}`;
  });
  return displayable(
    toPicture({
      title: options.title,
      text: `Lines: ${said.join('; ')}.`,
      xLabel: options.xLabel ?? '',
      yLabel: options.yLabel,
      log: options.log ?? false,
      series: entries.map(([name, values], colour) => ({
        name,
        colour,
        dashed: false,
        shown: true,
        values: Array.from(values, rounded),
        x,
      })),
    }),
  );
}

function toPicture(payload: CurvesPayload): Picture {
  return { mime: CURVES_MIME, payload: { ...payload } };
}

function groupRuns(input: Parameters<typeof curvesPicture>[0]): Group[] {
  let groups: Group[];
  if (isRun(input)) groups = [{ name: input.model, runs: [input] }];
  else if (Array.isArray(input)) {
    groups = input.map((run: DrawnRun, i) => ({
      name: input.length > 1 ? `${run?.model} ${i + 1}` : run?.model,
      runs: [run],
    }));
  } else {
    groups = Object.entries(input ?? {}).map(([name, runs]) => ({
      name,
      runs: (Array.isArray(runs) ? runs : [runs]) as DrawnRun[],
    }));
  }
  if (!groups.length || groups.some((group) => !group.runs.length || !group.runs.every(isRun))) {
    throw new TypeError('curves needs a run, a list of runs, or runs by name; a run is what fit() returns');
  }
  return groups;
}

function isRun(value: unknown): value is DrawnRun {
  return typeof value === 'object' && value !== null && Array.isArray((value as DrawnRun).history?.loss);
}

function termsOf(group: Group): string[] {
  return [...new Set(group.runs.flatMap((run) => distinctTerms(run.history).map(([name]) => name)))];
}

function groupSeries(
  group: Group,
  term: string,
  style: { single: boolean; alone: boolean; colour: number },
): CurveSeries[] {
  const prefix = style.single ? '' : `${group.name} `;
  const of = (history: History, validation: boolean) => {
    if (term === 'loss') return validation ? history.valLoss : history.loss;
    return validation ? history.valTerms?.[term] : history.terms[term];
  };
  return [false, true].flatMap((validation): CurveSeries[] => {
    const seeds = group.runs.map((run) => of(run.history, validation)).filter((values) => values !== undefined);
    if (!seeds.length) return [];
    const best = term === 'loss' ? bestIndex(group, validation) : undefined;
    return [
      {
        name: `${prefix}${validation ? 'validation ' : ''}${term}`,
        // A lone pair of lines differs in colour too: they often lie close together.
        colour: style.colour + (validation && style.alone ? 1 : 0),
        dashed: validation,
        shown: true,
        ...(seeds.length > 1 ? bandOf(seeds) : { values: seeds[0]!.map(rounded) }),
        ...(best !== undefined && { best }),
        ...otherAxes(group),
      },
    ];
  });
}

/** Steps and seconds that epochs took, where runs say so; of several seeds the mean. */
function otherAxes({ runs }: Group): Pick<CurveSeries, 'steps' | 'seconds'> {
  const steps = runs[0]!.stepsPerEpoch;
  const epochs = Math.min(...runs.map((run) => run.history.loss.length));
  const timed = runs.every((run) => (run.epochSeconds?.length ?? 0) >= epochs);
  return {
    ...(steps && runs.every((run) => run.stepsPerEpoch === steps) && { steps }),
    ...(timed &&
      epochs && {
        seconds: Array.from({ length: epochs }, (_, epoch) =>
          rounded(runs.reduce((sum, run) => sum + run.epochSeconds![epoch]! / runs.length, 0)),
        ),
      }),
  };
}

/** The best epoch belongs to the loss that early stopping watches: validation if there is any. */
function bestIndex(group: Group, validation: boolean): number | undefined {
  const [run] = group.runs;
  if (group.runs.length !== 1 || !run?.bestEpoch || validation !== Boolean(run.history.valLoss?.length))
    return undefined;
  const { loss, valLoss } = run.history;
  return run.bestEpoch <= (validation ? valLoss! : loss).length ? run.bestEpoch - 1 : undefined;
}

/** Mean, least and greatest over seeds, for as many epochs as all of them have. */
function bandOf(seeds: readonly (readonly number[])[]): Pick<CurveSeries, 'values' | 'low' | 'high'> {
  const epochs = Math.min(...seeds.map((values) => values.length));
  const at = (combine: (values: number[]) => number) =>
    Array.from({ length: epochs }, (_, epoch) => rounded(combine(seeds.map((values) => values[epoch]!))));
  return {
    values: at((values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    low: at((values) => Math.min(...values)),
    high: at((values) => Math.max(...values)),
  };
}

function describe(groups: readonly Group[]): string {
  if (groups.length === 1 && groups[0]!.runs.length === 1) return runSentence(groups[0]!.runs[0]!);
  const said = groups.map(({ name, runs }) => {
    const ends = runs.map((run) => (run.history.valLoss ?? run.history.loss).at(-1) ?? Number.NaN);
    const which = runs[0]!.history.valLoss ? 'validation loss' : 'loss';
    const mean = ends.reduce((sum, value) => sum + value, 0) / ends.length;
    const seeds = runs.length > 1 ? `, mean of ${runs.length} seeds` : '';
    return `${name} ends at ${which} ${spoken(mean)}${seeds}`;
  });
  return `Loss curves of ${counted(groups.length, 'run')}: ${said.join('; ')}.`;
}

function extent(values: readonly number[]): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}
