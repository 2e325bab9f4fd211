/** The optimizers in WebAssembly, on a few numbers. */
import { expect, test } from 'vitest';
import { SimdMemory } from '../../../src/engine/simd/memory.ts';

const n = 8;
const leastNormal = 2 ** -126;

function setUp() {
  const memory = new SimdMemory(4 * 32 * 4);
  const [w, m, v, g] = [0, 0, 0, 0].map(() => memory.take(n));
  const { routines } = memory;
  const steps = {
    adam: () => routines.adam(w.address, m.address, v.address, g.address, n, 1e-3, 1e-7),
    momentum: () => routines.momentum(w.address, m.address, g.address, n, 1e-3),
    rmsprop: () => routines.rmsprop(w.address, m.address, g.address, n, 1e-3),
  };
  return { w, m, v, g, steps };
}

test.each(['adam', 'momentum', 'rmsprop'] as const)(
  'averages of %s never become denormal numbers, which processors are slow with',
  (name) => {
    const { w, m, v, g, steps } = setUp();
    // one gradient, and then none; another one whose square is denormal
    g.values.set([1, -1e-3, 1e-8, 1e-20]);
    for (let step = 0; step < 100_000; step++) {
      steps[name]();
      if (step === 0) g.values.fill(0, 0, 3);
      for (const values of [m.values, v.values]) {
        if (values.some((value) => value !== 0 && Math.abs(value) < leastNormal)) throw new Error(`step ${step}`);
      }
    }
    expect(Array.from(m.values.subarray(0, 3))).toEqual([0, 0, 0]);
    expect(Array.from(w.values).every(Number.isFinite)).toBe(true);
  },
);

test.each(['adam', 'momentum', 'rmsprop'] as const)('%s hides no gradient that is not a number', (name) => {
  const { w, g, steps } = setUp();
  g.values[2] = Number.NaN;
  steps[name]();
  expect(Array.from(w.values, Number.isNaN)).toEqual([false, false, true, false, false, false, false, false]);
});

test('Adam moves weights as its formulas say', () => {
  const { w, m, v, g, steps } = setUp();
  const gradients = [0.5, -2, 3e-5, 0, 1e-9, 7, -1e-4, 1];
  const plain = gradients.map(() => ({ w: 0, m: 0, v: 0 }));
  for (let step = 1; step <= 50; step++) {
    gradients.forEach((gradient, i) => {
      const now = gradient * Math.sin(step);
      g.values[i] = now;
      const one = plain[i];
      one.m += 0.1 * (now - one.m);
      one.v += 0.001 * (now * now - one.v);
      one.w -= (1e-3 * one.m) / (Math.sqrt(one.v) + 1e-7);
    });
    steps.adam();
  }
  plain.forEach((one, i) => {
    expect(w.values[i]).toBeCloseTo(one.w, 5);
    expect(m.values[i]).toBeCloseTo(one.m, 5);
    expect(v.values[i]).toBeCloseTo(one.v, 5);
  });
});
