import { type Dataset, gatherDataset } from '../dataset.ts';
import { Random } from '../random.ts';
import { checkNumber, checkSeed } from '../validate.ts';

/**
 * A data set in two parts, in random order.
 *
 * @param options.test share of the samples in `test`, between 0 and 1
 * @param options.seed default 0
 * @param options.stratify the same shares of every label in both parts; default false
 */
export function split(
  dataset: Dataset,
  options: { test: number; seed?: number; stratify?: boolean },
): { train: Dataset; test: Dataset } {
  const share = checkNumber('test', options.test, { above: 0, below: 1 });
  const random = new Random(checkSeed(options.seed ?? 0), 'split');
  const { y } = dataset;
  if (options.stratify && !y) throw new TypeError(`stratify needs labels, the data set '${dataset.name}' has none`);
  const order = random.permutation(dataset.x.length);
  const groups = options.stratify && y ? groupBy(order, (i) => y[i]) : [Array.from(order)];
  const test = groups.flatMap((group) => group.slice(0, Math.round(group.length * share)));
  if (test.length === 0 || test.length === dataset.x.length) {
    throw new RangeError(
      `test must leave at least one of the ${dataset.x.length} samples on either side, ${share} puts ${test.length} into test`,
    );
  }
  const inTest = new Set(test);
  const train = Array.from(order).filter((i) => !inTest.has(i));
  // groups come label by label: mixed again, so that a fraction from the end is fair
  const mixed = random.permutation(test.length);
  return {
    train: gatherDataset({ ...dataset, name: `${dataset.name}, train` }, train),
    test: gatherDataset(
      { ...dataset, name: `${dataset.name}, test` },
      Array.from(mixed, (i) => test[i]),
    ),
  };
}

function groupBy(items: Iterable<number>, keyOf: (item: number) => number): number[][] {
  const groups = new Map<number, number[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}
