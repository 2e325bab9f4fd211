import { duration } from '../../drawing/numbers.ts';
import type { ProgressPayload } from '../../renderers/progress/payload.ts';
import { host } from '../host.ts';
import { trainingPicture } from './curves.ts';
import { counted, type Picture, rounded, spoken, withoutPng, withPng } from './display.ts';
import { finishedProgress, newestLosses } from './progress.ts';
import { markDrawn } from './run.ts';
import type { DrawnRun, History } from './types.ts';

export interface LiveTraining {
  /** After every epoch; `epoch` counts from 1. The history may be the same array that keeps growing. */
  epoch(progress: { epoch: number; epochs: number; secondsPerEpoch: number }, history: History): void;
  /** Between epochs: the share of the current epoch that is done, 0 to 1. */
  batch(fraction: number, samplesPerSecond: number): void;
  /** Draws the final picture, with its PNG; await it before the cell ends. */
  end(run: DrawnRun): Promise<void>;
}

const leastMilliseconds = 100;
/** Payloads with more values than this are sent less often, so that long trainings do not pay for their picture. */
const valuesAtFullRate = 2_000;

/**
 * Progress and growing curves in the running cell, at most ten updates a second.
 *
 * @returns undefined outside of notebooks, where nothing can be drawn
 */
export function liveTraining(about: {
  model: string;
  unit: string;
  epochs: number;
  engine: string;
}): LiveTraining | undefined {
  const place = host();
  if (!place) return undefined;

  const started = performance.now();
  let history: History = { loss: [], terms: {} };
  let fraction = 0;
  let secondsPerEpoch: number | undefined;
  let samplesPerSecond: number | undefined;
  const handle = place.display(withoutPng(picture()));
  let sent = performance.now();
  let waiting: NodeJS.Timeout | undefined;

  function picture(): Picture {
    return trainingPicture({ ...about, history, bestEpoch: bestSoFar(history), progress: progress() });
  }

  function progress(): ProgressPayload {
    const epoch = history.loss.length;
    const done = Math.min(about.epochs, epoch + fraction);
    const left = secondsPerEpoch === undefined ? undefined : secondsPerEpoch * (about.epochs - done);
    const loss = history.valLoss?.length ? history.valLoss : history.loss;
    const which = history.valLoss?.length ? 'validation loss' : 'loss';
    return {
      text:
        `${about.model} is training: ${epoch} of ${counted(about.epochs, 'epoch')}` +
        `${loss.length ? `, ${which} ${spoken(loss.at(-1))}` : ''}${left === undefined ? '' : `, ${duration(left)} left`}.`,
      model: about.model,
      state: 'running',
      epoch,
      epochs: about.epochs,
      fraction: about.epochs ? done / about.epochs : 1,
      seconds: rounded((performance.now() - started) / 1000) ?? 0,
      secondsLeft: left === undefined ? undefined : (rounded(left) ?? undefined),
      samplesPerSecond: samplesPerSecond === undefined ? undefined : (rounded(samplesPerSecond) ?? undefined),
      engine: about.engine,
      losses: newestLosses(history, about.unit),
      bestEpoch: bestSoFar(history),
    };
  }

  function send(): void {
    clearTimeout(waiting);
    waiting = undefined;
    sent = performance.now();
    handle.update(withoutPng(picture()));
  }

  function soon(): void {
    const values = history.loss.length * (2 + 2 * Object.keys(history.terms).length);
    const pause = leastMilliseconds * Math.max(1, values / valuesAtFullRate);
    const rest = pause - (performance.now() - sent);
    if (rest <= 0) send();
    else waiting ??= setTimeout(send, rest);
  }

  return {
    epoch(epoch, grown) {
      history = grown;
      fraction = 0;
      secondsPerEpoch = epoch.secondsPerEpoch;
      soon();
    },
    batch(share, speed) {
      fraction = Math.min(1, Math.max(0, share));
      samplesPerSecond = speed;
      soon();
    },
    async end(run) {
      clearTimeout(waiting);
      markDrawn(run);
      const final = trainingPicture({ ...run, progress: finishedProgress(run, about.epochs) });
      handle.update(await withPng(final));
    },
  };
}

/** The epoch with the least validation loss so far; without validation data the loss just falls, and none is marked. */
function bestSoFar({ valLoss }: History): number | undefined {
  if (!valLoss?.length) return undefined;
  let best = 0;
  for (let i = 1; i < valLoss.length; i++) if (valLoss[i]! < valLoss[best]!) best = i;
  return best + 1;
}
