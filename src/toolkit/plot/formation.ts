import { mostFollowed, mostSnapshots } from '../../renderers/latent/payload.ts';
import { count, type Rows, type SamplesLike, toRows } from './inputs.ts';
import { gather } from './selection.ts';

/** How a latent space forms: codes of the same samples at some epochs of a training, at most ten. */
export interface Formation {
  /** For `fit`: keeps the codes as they are after this epoch. */
  readonly onEpoch: (progress: { epoch: number }) => Promise<void>;
  readonly epochs: readonly number[];
  /** [followed, k] of each epoch. */
  readonly codes: readonly Rows[];
  /** Positions of the followed samples in the data. */
  readonly indices: Uint32Array;
}

/**
 * Follows samples through a training, for `plot.latent` to replay:
 *
 *     const formation = await plot.formation(model, test);
 *     await model.fit(train, { onEpoch: formation.onEpoch });
 *     plot.latent(model, { x: test, formation });
 *
 * When there are more than ten epochs every second snapshot goes, and from then on half as many are taken.
 *
 * @param x the samples that the map will show; at most 2 000 of them, evenly spread, are followed
 * @throws RangeError if `samples` is no integer from 1 to 2 000
 */
export async function formation(
  model: { encode(x: never): Promise<Rows> },
  x: SamplesLike,
  options: { samples?: number } = {},
): Promise<Formation> {
  const wanted = options.samples ?? mostFollowed;
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > mostFollowed) {
    throw new RangeError(`samples must be an integer from 1 to ${mostFollowed}, got ${wanted}`);
  }
  const rows = await toRows(x, 'x');
  const followed = Math.min(wanted, count(rows));
  const indices = Uint32Array.from({ length: followed }, (_, i) => Math.floor((i * count(rows)) / followed));
  const probe = gather(rows, indices);
  const kept: { epoch: number; codes: Rows }[] = [];
  let every = 1;
  return {
    indices,
    get epochs() {
      return kept.map(({ epoch }) => epoch);
    },
    get codes() {
      return kept.map(({ codes }) => codes);
    },
    onEpoch: async ({ epoch }) => {
      if ((epoch - 1) % every) return;
      if (kept.length === mostSnapshots) {
        every *= 2;
        kept.splice(0, kept.length, ...kept.filter((one) => (one.epoch - 1) % every === 0));
        if ((epoch - 1) % every) return;
      }
      kept.push({ epoch, codes: await model.encode(probe as never) });
    },
  };
}
