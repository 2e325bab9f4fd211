import { NdArray } from './ndarray.ts';

/** Samples with what is known of them. */
export interface Dataset {
  readonly name: string;
  readonly x: NdArray;
  /** One label per sample. */
  readonly y?: Int32Array;
  /** Names of the labels 0, 1, … */
  readonly labels?: readonly string[];
  /** [height, width, channels] where samples are images. */
  readonly imageShape?: readonly [number, number, number];
  readonly source: string;
  readonly licence: string;
  /** Samples from `start` up to but without `end`; shares the memory. */
  slice(start?: number, end?: number): Dataset;
  /** Copies of the samples that `keep` says yes to; without labels it gets -1. */
  filter(keep: (label: number, index: number) => boolean): Dataset;
}

type Description = Pick<Dataset, 'name' | 'x' | 'y' | 'labels' | 'imageShape' | 'source' | 'licence'>;

/** Gives a description its methods. */
export function makeDataset(about: Description): Dataset {
  if (about.y && about.y.length !== about.x.length) {
    throw new RangeError(`y must have one label per sample: ${about.x.length} samples, ${about.y.length} labels`);
  }
  return {
    ...about,
    slice: (start, end) => makeDataset({ ...about, x: about.x.slice(start, end), y: about.y?.slice(start, end) }),
    filter: (keep) =>
      gatherDataset(
        about,
        indicesWhere(about.x.length, (i) => keep(about.y ? about.y[i] : -1, i)),
      ),
  };
}

/** The samples at `indices`, copied, in that order. */
export function gatherDataset(about: Description, indices: ArrayLike<number>): Dataset {
  const { y } = about;
  return makeDataset({ ...about, x: about.x.gather(indices), y: y && Int32Array.from(indices, (i) => y[i]) });
}

export function isDataset(value: unknown): value is Dataset {
  return typeof value === 'object' && value !== null && 'x' in value && value.x instanceof NdArray;
}

function indicesWhere(n: number, test: (index: number) => boolean): number[] {
  const indices: number[] = [];
  for (let i = 0; i < n; i++) if (test(i)) indices.push(i);
  return indices;
}
