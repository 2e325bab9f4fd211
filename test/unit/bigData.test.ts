import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AnomalyDetector, Autoencoder, datasets, NdArray, PCA, type Samples, scoreFile } from 'aenb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aenb-big-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function npyOf(array: NdArray): Buffer {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${array.shape.join(', ')},), }`.padEnd(117);
  const start = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${header}\n`, 'latin1');
  return Buffer.concat([start, Buffer.from(array.data.buffer, array.data.byteOffset, array.data.byteLength)]);
}

async function firstColumn(source: () => AsyncIterable<Samples>): Promise<number[]> {
  const values: number[] = [];
  for await (const block of source()) {
    const rows = block as NdArray;
    for (let i = 0; i < rows.length; i++) values.push(rows.row(i)[0]);
  }
  return values;
}
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);
const sorted = (values: number[]) => [...values].sort((a, b) => a - b);

describe('rows of a file larger than memory', () => {
  test('come from a CSV in order, or mixed through a buffer, every one once in every pass', async () => {
    const path = join(folder, 'big.csv');
    await writeFile(
      path,
      `a,kind,b\n${upTo(300_000)
        .map((i) => `${i},x,${i % 10}`)
        .join('\n')}\n`,
    );
    expect(await firstColumn(datasets.csvBatches(path, { label: 'kind' }))).toEqual(upTo(300_000));
    const source = datasets.csvBatches(path, { label: 'kind', buffer: 20_000, seed: 1 });
    const [first, second] = [await firstColumn(source), await firstColumn(source)];
    expect(sorted(first)).toEqual(upTo(300_000));
    expect(sorted(second)).toEqual(upTo(300_000));
    expect(first).not.toEqual(second);
    expect(first.slice(0, 100)).not.toEqual(sorted(first.slice(0, 100)));
    expect(() => datasets.csvBatches(path, { buffer: -1 })).toThrow('buffer must be');
  });

  test('come from a folder of shards, whose order and rows are mixed', async () => {
    const shards = join(folder, 'shards');
    await mkdir(shards);
    for (let shard = 0; shard < 4; shard++) {
      const rows = NdArray.from(upTo(50).map((i) => [shard * 50 + i, 1]));
      await writeFile(join(shards, `${shard}.npy`), npyOf(rows));
    }
    expect(await firstColumn(datasets.npyShards(shards, { shuffle: false }))).toEqual(upTo(200));
    const source = datasets.npyShards(shards, { seed: 2, buffer: 60 });
    const [first, second] = [await firstColumn(source), await firstColumn(source)];
    expect(first).not.toEqual(second);
    expect(sorted(first)).toEqual(upTo(200));
    expect(sorted(second)).toEqual(upTo(200));
    await expect(firstColumn(datasets.npyShards(folder))).rejects.toThrow('holds no shards');
  });

  test('train a model as an array does', async () => {
    const { train, test: held } = await datasets.digits();
    const shards = join(folder, 'digits');
    await mkdir(shards);
    for (let i = 0; i < 4; i++) await writeFile(join(shards, `${i}.npy`), npyOf(train.x.slice(i * 500, i * 500 + 500)));
    const model = new Autoencoder({ hidden: [64], latentDim: 16, seed: 1 });
    await model.fit(datasets.npyShards(shards), { epochs: 4 });
    const same = new Autoencoder({ hidden: [64], latentDim: 16, seed: 1 });
    await same.fit(train.slice(0, 2000), { epochs: 4, batchSize: 64 });
    const [ours, theirs] = [await model.evaluate(held), await same.evaluate(held)];
    expect(ours.loss / theirs.loss).toBeGreaterThan(0.7);
    expect(ours.loss / theirs.loss).toBeLessThan(1.3);
  });
});

describe('scoring a file', () => {
  const normal = NdArray.from(upTo(400).map((i) => [Math.sin(i), 2 * Math.sin(i), Math.cos(i * 7)]));

  test('gives for each row what the detector gives, from CSV and from .npy', async () => {
    const detector = new AnomalyDetector({ model: new PCA({ latentDim: 2 }), seed: 1 });
    await detector.fit(normal);
    const rows = NdArray.from(
      upTo(500).map((i) => [Math.sin(i), 2 * Math.sin(i) + (i % 50 === 7 ? 3 : 0), Math.cos(i)]),
    );
    const scores = await detector.scores(rows);
    const csv = join(folder, 'rows.csv');
    const text = upTo(500).map((i) => [...rows.row(i), 'id'].join(','));
    await writeFile(csv, `first,second,third,name\n${text.join('\n')}\n`);
    const npy = join(folder, 'rows.npy');
    await writeFile(npy, npyOf(rows));
    for (const [path, options] of [
      [csv, { label: 'name' }],
      [npy, {}],
    ] as const) {
      const scored = [];
      for await (const block of scoreFile(detector, path, options)) scored.push(...block);
      expect(scored.map(({ row }) => row)).toEqual(upTo(500).map((i) => i + 1));
      scored.forEach(({ score }, i) => {
        expect(score).toBeCloseTo(scores[i], 5);
      });
      expect(scored[7].anomaly).toBe(1);
      expect(scored[7].top.map(({ feature }) => feature)).toContain(path === csv ? 'second' : 1);
    }
  });
});
