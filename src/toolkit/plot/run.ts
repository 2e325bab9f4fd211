import { RUN_MIME, type RunPayload } from '../../renderers/run/payload.ts';
import { host } from '../host.ts';
import { curvesPicture } from './curves.ts';
import { type Displayable, displayable, displaySymbol, type Picture, rounded } from './display.ts';
import { distinctTerms, enginesOf, runSentence } from './progress.ts';
import type { DrawnRun } from './types.ts';

/** Runs whose curves grew in a cell, by the signal of that cell's execution. */
const drawnLive = new WeakMap<object, AbortSignal | undefined>();

export function markDrawn(run: object): void {
  drawnLive.set(run, host()?.signal);
}

/**
 * How a run is shown when it is a cell's value: as its curves; or, where the same cell has drawn them while it
 * trained, as a short summary below them.
 */
export function runDisplay(run: DrawnRun): Displayable {
  return {
    [displaySymbol]: () => {
      const here = drawnLive.has(run) && drawnLive.get(run) === host()?.signal;
      return displayable(here ? runPicture(run) : curvesPicture(run))[displaySymbol]();
    },
  };
}

export function runPicture(run: DrawnRun): Picture {
  const { loss, valLoss } = run.history;
  const ends = (name: string, values: readonly number[]) => ({
    name,
    first: rounded(values[0]),
    last: rounded(values.at(-1)),
  });
  const payload: RunPayload = {
    text: runSentence(run),
    model: run.model,
    unit: run.unit,
    state: run.stopped,
    epochs: run.epochs,
    bestEpoch: run.bestEpoch,
    engine: enginesOf(run),
    seed: run.seed,
    seconds: rounded(run.seconds) ?? 0,
    samplesPerSecond: rounded(run.samplesPerSecond) ?? 0,
    losses: [
      ends('loss', loss),
      ...(valLoss?.length ? [ends('validation loss', valLoss)] : []),
      ...distinctTerms(run.history).map(([name, values]) => ends(name, values)),
    ],
  };
  return { mime: RUN_MIME, payload: { ...payload } };
}
