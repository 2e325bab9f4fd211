import { PROGRESS_MIME, type ProgressPayload } from '../../renderers/progress/payload.ts';
import { counted, type Picture, rounded, spoken } from './display.ts';
import type { DrawnRun, History } from './types.ts';

/** Newest value of the loss, the validation loss and every term beside them. */
export function newestLosses(history: History, unit: string): ProgressPayload['losses'] {
  const last = (values: readonly number[]) => rounded(values.at(-1));
  const losses: { name: string; value: number | null; unit?: string }[] = [];
  if (history.loss.length) losses.push({ name: 'loss', value: last(history.loss), unit });
  if (history.valLoss?.length) losses.push({ name: 'validation loss', value: last(history.valLoss), unit });
  for (const [name, values] of distinctTerms(history)) losses.push({ name, value: last(values) });
  return losses;
}

/** Terms, unless there is but one and it is the loss itself. */
export function distinctTerms(history: History): [string, readonly number[]][] {
  const terms = Object.entries(history.terms);
  return terms.length > 1 ? terms : [];
}

/** The head line of a training that has ended. */
export function finishedProgress(run: DrawnRun, epochs = run.epochs): ProgressPayload {
  return {
    text: runSentence(run),
    model: run.model,
    state: run.stopped,
    epoch: run.epochs,
    epochs,
    fraction: epochs ? Math.min(1, run.epochs / epochs) : 1,
    seconds: rounded(run.seconds) ?? 0,
    samplesPerSecond: rounded(run.samplesPerSecond) ?? undefined,
    engine: enginesOf(run),
    losses: newestLosses(run.history, run.unit),
    bestEpoch: run.bestEpoch,
  };
}

/** What trained: the engine, and our own kernels where these ran the steps. */
export function enginesOf({ engine, kernels }: Pick<DrawnRun, 'engine' | 'kernels'>): string {
  return kernels && kernels !== engine ? `${engine} + ${kernels} kernels` : engine;
}

/** One sentence that says what a training did. */
export function runSentence(run: DrawnRun): string {
  const { loss, valLoss } = run.history;
  const how = { completed: '', earlyStopping: ', stopped early', interrupted: ', interrupted' }[run.stopped];
  let text = `${run.model}: ${counted(run.epochs, 'epoch')} on ${enginesOf(run)} in ${spoken(run.seconds)} s${how}`;
  if (loss.length) text += `; loss (${run.unit}) ${spoken(loss[0])} to ${spoken(loss.at(-1))}`;
  if (valLoss?.length) text += `, validation loss ${spoken(valLoss.at(-1))}`;
  const monitored = valLoss ?? loss;
  if (run.bestEpoch && run.bestEpoch <= monitored.length) {
    text += `, best ${spoken(monitored[run.bestEpoch - 1])} at epoch ${run.bestEpoch}`;
  }
  return `${text}.`;
}

/** Progress as an output of its own. */
export function progressPicture(progress: ProgressPayload): Picture {
  return { mime: PROGRESS_MIME, payload: { ...progress } };
}
