import type { StepResult } from '../engine/index.ts';

/** Means over the samples of one pass. */
export interface Means {
  readonly loss: number;
  readonly terms: Record<string, number>;
  /** [layers], of the last step. */
  readonly gradientNorms?: number[];
}

/** Adds up the results of steps, each weighed by its samples. */
export class MeanTerms {
  readonly #sums = new Map<string, number>();
  #weight = 0;
  #norms: readonly number[] | undefined;

  add({ size, terms, norms }: StepResult): void {
    for (const [name, value] of Object.entries(terms)) {
      this.#sums.set(name, (this.#sums.get(name) ?? 0) + size * value);
    }
    this.#weight += size;
    this.#norms = norms ?? this.#norms;
  }

  result(): Means {
    const terms = Object.fromEntries([...this.#sums].map(([name, sum]) => [name, sum / this.#weight]));
    return {
      loss: Object.values(terms).reduce((sum, mean) => sum + mean, 0),
      terms,
      ...(this.#norms && { gradientNorms: [...this.#norms] }),
    };
  }
}

/** The loss of one step. */
export function lossOf({ terms }: StepResult): number {
  return Object.values(terms).reduce((sum, value) => sum + value, 0);
}
