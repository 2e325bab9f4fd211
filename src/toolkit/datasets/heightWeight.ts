import { type Dataset, makeDataset } from '../dataset.ts';
import { NdArray } from '../ndarray.ts';
import { Random } from '../random.ts';
import { checkPositiveInteger, checkSeed } from '../validate.ts';

/** Roughly adults of both sexes in Europe; made up, not measured on anyone. */
const height = { mean: 172, std: 9.5 };
const weight = { mean: 74, std: 13 };
const correlation = 0.75;

/**
 * Synthetic body heights (cm) and weights (kg), jointly normal: two numbers of which one nearly tells the other.
 *
 * @returns x: [n, 2], height then weight
 */
export function heightWeight(options: { n?: number; seed?: number } = {}): Dataset {
  const n = checkPositiveInteger('n', options.n ?? 500);
  const random = new Random(checkSeed(options.seed ?? 0), 'heightWeight');
  const x = new Float32Array(n * 2);
  for (let i = 0; i < n; i++) {
    const shared = random.normal();
    const own = random.normal();
    x[2 * i] = height.mean + height.std * shared;
    // correlation r with the height: r * shared + sqrt(1 - r^2) * own
    x[2 * i + 1] = weight.mean + weight.std * (correlation * shared + Math.sqrt(1 - correlation ** 2) * own);
  }
  return makeDataset({
    name: 'heights and weights',
    x: new NdArray(x, [n, 2]),
    source: 'synthetic, made by aenb',
    licence: 'public domain',
  });
}
