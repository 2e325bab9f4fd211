import { describe, expect, test } from 'vitest';
import { startSession } from './support/session.ts';

const training = `
const x = tf.randomNormal([64, 32]);
const model = tf.sequential({ layers: [tf.layers.dense({ units: 16, activation: 'relu', inputShape: [32] }), tf.layers.dense({ units: 32 })] });
const w = tf.variable(tf.randomNormal([32, 8])), v = tf.variable(tf.randomNormal([8, 32]));
const optimizer = tf.train.adam(0.01);
let steps = 0;
function step() {
  const loss = optimizer.minimize(() => tf.tidy(() => tf.losses.meanSquaredError(x, model.apply(x)))
    .add(x.matMul(w).relu().matMul(v).sub(x).square().mean()), true);
  const value = loss.dataSync()[0];
  loss.dispose();
  steps++;
  return value;
}
step();
`;
const accounts = `(({ gradientDepth, kernelDepth, scopeStack, activeTape }) =>
  [gradientDepth, kernelDepth, scopeStack.length, activeTape].join())(tf.engine().state)`;

describe.each(['cpu', 'wasm'] as const)('on %s', (engine) => {
  test(
    'a training in plain tf goes on after being interrupted at 100 random moments, with its accounts in order',
    async () => {
      const { session, run, value } = startSession({ engine });
      await value(training);
      const settled = await value(`step(); ${accounts}`);
      const tensors = Number(await value('tf.memory().numTensors'));
      let before = 0;
      for (let i = 0; i < 100; i++) {
        // the moment itself is the test's random input
        const delay = Math.random() * 30;
        const running = run('console.log("go"); for (;;) step()', {
          onEvent: (event) => {
            if (event.kind === 'stream') setTimeout(() => void session.interrupt(), delay);
          },
        });
        expect((await running).status).toBe('interrupted');
        expect(await value(`if (!Number.isFinite(step())) throw new Error('no number'); ${accounts}`)).toBe(settled);
        const steps = Number(await value('steps'));
        expect(steps).toBeGreaterThan(before);
        before = steps;
      }
      // A value that lay in no scope goes when JavaScript forgets it, which V8 does not promise for every one at once;
      // a termination that nobody mends leaves thousands.
      expect(Number(await value('tf.memory().numTensors'))).toBeLessThan(tensors + 100);
    },
    20 * 60_000,
  );
});

test('tensors that variables hold survive a termination', async () => {
  const { session, run, value } = startSession();
  await value('const early = tf.tensor1d([1, 2, 3]); let during;');
  await run(
    'during = tf.tidy(() => tf.ones([4])); console.log("go"); for (;;) tf.tidy(() => tf.ones([10]).square());',
    {
      onEvent: (event) => {
        if (event.kind === 'stream') void session.interrupt();
      },
    },
  );
  expect(await value('[early.sum().dataSync()[0], during.sum().dataSync()[0]]')).toBe('[ 6, 4 ]');
});
