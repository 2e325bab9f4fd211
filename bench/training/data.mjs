// The samples, as files of 32-bit floats that every worker reads for itself.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const rowsOfTable = 32_000;

/**
 * Writes both data sets into a temporary folder.
 *
 * @returns {Promise<{ files: Record<string, { file: string, samples: number }>, remove(): void }>}
 */
export async function writeData() {
  const { datasets } = createRequire(import.meta.url)('../../dist/index.js');
  const folder = mkdtempSync(join(tmpdir(), 'aenb-bench-'));
  const write = (name, values, samples) => {
    const file = join(folder, `${name}.f32`);
    writeFileSync(file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return { file, samples };
  };
  const { train } = await datasets.mnist();
  const files = {
    mnist: write('mnist', train.x.data, train.x.length),
    tabular: write('tabular', table(rowsOfTable, 32, 6), rowsOfTable),
  };
  return { files, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Columns that depend on a few hidden causes, with some noise; about standardised. The same in every sitting. */
function table(rows, columns, causes) {
  const random = generator(1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const weights = Array.from({ length: causes * columns }, () => normal() / Math.sqrt(causes));
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const hidden = Array.from({ length: causes }, normal);
    for (let column = 0; column < columns; column++) {
      let value = 0.3 * normal();
      for (let cause = 0; cause < causes; cause++) value += hidden[cause] * weights[cause * columns + column];
      values[row * columns + column] = value;
    }
  }
  return values;
}

/** Uniform in [0, 1): a Weyl sequence with a mixed output. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let word = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return ((word ^ (word >>> 15)) >>> 0) / 2 ** 32;
  };
}
