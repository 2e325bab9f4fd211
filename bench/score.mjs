// Scoring a file larger than memory likes: `aenb score` beside pandas and Keras, which are installed from PyPI on first
// use. Build first: node scripts/build.mjs
// npm run bench -- score [--rows N] [--peers none]
import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { run } from '../scripts/setup/run.mjs';
import { ensurePeer } from './training/peers.mjs';

const FEATURES = 32;
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, peers: { type: 'string', default: 'keras' } },
});
const ROWS = Number(values.rows);

/** Correlated columns, so that there is something to learn. */
function generator(seed) {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return () => {
    const hidden = [uniform(), uniform(), uniform(), uniform()];
    return Array.from({ length: FEATURES }, (_, i) => hidden[i % 4] * (1 + (i >> 2)) + 0.1 * uniform());
  };
}

async function writeCsv(path, rows, row) {
  const file = createWriteStream(path);
  file.write(`${Array.from({ length: FEATURES }, (_, i) => `f${i}`).join(',')}\n`);
  for (let done = 0; done < rows; done += 1000) {
    const lines = Array.from({ length: Math.min(1000, rows - done) }, () =>
      row()
        .map((x) => x.toFixed(5))
        .join(','),
    );
    if (!file.write(`${lines.join('\n')}\n`)) await new Promise((resolve) => file.once('drain', resolve));
  }
  file.end();
  await finished(file);
}

/** Seconds, and the most memory that the process held at once, in MB (Linux; elsewhere not a number). */
function timed(command, args) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    let peak = Number.NaN;
    const look = setInterval(() => {
      try {
        const kilobytes = /^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
        if (kilobytes) peak = Number(kilobytes[1]) / 1000;
      } catch {
        // it has ended, or this is no Linux
      }
    }, 50);
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(look);
      if (code !== 0) return reject(new Error(`${command} ${args.join(' ')} ended with exit code ${code}`));
      resolve({ seconds: (performance.now() - start) / 1000, peak });
    });
  });
}

const keras = `
import os, sys
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy as np, pandas as pd
from keras import layers
data, out = sys.argv[1:3]
model = keras.Sequential([keras.Input((${FEATURES},)), layers.Dense(16, "relu"), layers.Dense(4), layers.Dense(16, "relu"), layers.Dense(${FEATURES})])
first = pd.read_csv(data, nrows=20000).to_numpy("float32")
mean, deviation = first.mean(0), first.std(0)
done = 0
for chunk in pd.read_csv(data, chunksize=65536, dtype="float32"):
    x = (chunk.to_numpy() - mean) / deviation
    score = ((model.predict(x, batch_size=4096, verbose=0) - x) ** 2).mean(1)
    rows = np.arange(done + 1, done + 1 + len(x))
    pd.DataFrame({"row": rows, "score": score, "anomaly": (score > 1).astype(int)}).to_csv(out, mode="a", header=done == 0, index=False)
    done += len(x)
`;

const folder = await mkdtemp(join(tmpdir(), 'aenb-score-'));
try {
  const { AnomalyDetector, Autoencoder } = createRequire(import.meta.url)('../dist/index.js');
  const row = generator(1);
  const normal = Array.from({ length: 5000 }, () => Float32Array.from(row()));
  const net = new Autoencoder({ hidden: [16], latentDim: 4, output: 'linear', seed: 1 });
  const detectors = {
    'a net 32-16-4-16-32': new AnomalyDetector({ model: net, scaler: 'standard', seed: 1 }),
    'the default detector': new AnomalyDetector({ seed: 1 }),
  };
  const [data, few, out] = ['data.csv', 'few.csv', 'scores.csv'].map((name) => join(folder, name));
  await writeCsv(data, ROWS, row);
  await writeCsv(few, 10, row);
  const size = (await stat(data)).size;
  console.log(
    `${ROWS} rows of ${FEATURES} features, ${(size / 1e6).toFixed(0)} MB; ${cpus()[0].model}, ${cpus().length} cores`,
  );
  const say = (name, { seconds, peak }, base = '') =>
    console.log(`${name.padEnd(52)} ${(ROWS / seconds).toFixed(0).padStart(8)} rows/s   ${peak.toFixed(0)} MB${base}`);
  for (const [name, detector] of Object.entries(detectors)) {
    await detector.fit(normal, { epochs: 5 });
    const saved = join(folder, name);
    await detector.save(saved);
    detector.dispose();
    for (const top of [0, 3]) {
      const args = (file) => [cli, 'score', saved, file, '--out', out, '--quiet', '--top', String(top)];
      const loaded = await timed(process.execPath, args(few));
      const whole = await timed(process.execPath, args(data));
      const more = whole.peak - loaded.peak;
      say(`aenb score, ${name}, ${top} features named`, whole, `, ${more.toFixed(0)} more than for ten rows`);
    }
  }
  if (values.peers !== 'none') {
    const python = await ensurePeer('keras');
    await run(python, ['-c', 'import pandas']).catch(() =>
      run(python, ['-m', 'pip', 'install', '--quiet', '--no-input', 'pandas']),
    );
    const script = join(folder, 'score.py');
    await writeFile(script, keras);
    say('pandas and Keras predict, the net', await timed(python, [script, data, out]));
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
