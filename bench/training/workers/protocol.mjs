// How a worker in Node is told what to do: see protocol.py, which is the same in Python.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const hear = async () => {
  const { value, done } = await lines.next();
  if (done) process.exit(0);
  return JSON.parse(value);
};
export const say = (message) => process.stdout.write(`@${JSON.stringify(message)}\n`);

/**
 * Trains whatever is asked for, until standard input ends.
 *
 * @param versions of the libraries, by name
 * @param train (task, pause) trains epoch by epoch. After each it awaits pause(loss, parameters), which reports the time
 *   since the last pause and holds until told; false: no more epochs.
 */
export async function serve(versions, train) {
  say({ versions });
  for (;;) {
    const task = await hear();
    if (task.do !== 'train') continue;
    let since = performance.now();
    const pause = async (loss, parameters) => {
      say({ seconds: (performance.now() - since) / 1000, loss, parameters });
      const go = (await hear()).do === 'run';
      since = performance.now();
      return go;
    };
    try {
      await train(task, pause);
      say({ stopped: true });
    } catch (error) {
      say({ error: error.stack ?? String(error) });
    }
  }
}

/** The task's samples. @returns Float32Array, samples after one another */
export function readSamples({ file, samples, net }) {
  const bytes = readFileSync(file);
  const width = net.shape.reduce((a, b) => a * b);
  return new Float32Array(bytes.buffer, bytes.byteOffset, samples * width).slice();
}
