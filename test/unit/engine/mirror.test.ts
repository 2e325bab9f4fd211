/** Variables that follow values which are computed elsewhere. */
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { Mirror } from '../../../src/engine/training/mirror.ts';
import { Store } from '../../../src/engine/training/store.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const releases: (() => void)[] = [];
afterEach(() => {
  for (const release of releases.splice(0)) release();
});

const variablesOf = (): tf.Variable[] =>
  tf.tidy(() => [tf.variable<tf.Rank>(tf.tensor1d([1, 2])), tf.variable<tf.Rank>(tf.scalar(3))]);

/** Two variables, and a mirror that gives them `values`, counting how often. */
function setUp(variables = variablesOf()) {
  const elsewhere = { values: [[1, 2], 3] as [number[], number], reads: 0 };
  const mirror = new Mirror(variables, () => {
    elsewhere.reads++;
    return [tf.tensor1d(elsewhere.values[0]), tf.scalar(elsewhere.values[1])];
  });
  releases.push(() => mirror.release());
  const move = (first: number[], second: number) => {
    elsewhere.values = [first, second];
    mirror.moved();
  };
  return { variables, mirror, elsewhere, move };
}

test('whoever looks at a variable finds it as it is by then, and nothing is copied for nobody', () => {
  const { variables, elsewhere, move } = setUp();
  const [a, b] = variables;
  for (let i = 0; i < 5; i++) move([i, i], i);
  expect(elsewhere.reads).toBe(0);
  expect(Array.from(a.dataSync())).toEqual([4, 4]);
  expect(b.dataSync()[0]).toBe(4);
  expect(elsewhere.reads).toBe(1);
  move([7, 8], 9);
  expect(Array.from(tf.tidy(() => a.mul(b)).dataSync())).toEqual([63, 72]);
});

test('a copy stays what it was', () => {
  const { variables, move } = setUp();
  move([5, 6], 7);
  const copy = variables[0].clone();
  move([8, 9], 10);
  expect(Array.from(copy.dataSync())).toEqual([5, 6]);
  expect(Array.from(variables[0].dataSync())).toEqual([8, 9]);
});

test('what somebody sets is noticed once; what is looked at is not', () => {
  const { variables, mirror, move } = setUp();
  move([4, 4], 4);
  expect(Array.from(variables[0].dataSync())).toEqual([4, 4]);
  expect(mirror.takeChanges()).toBe(false);
  move([5, 5], 5);
  variables[1].assign(tf.scalar(-1));
  expect(Array.from(variables[0].dataSync())).toEqual([5, 5]);
  expect(variables[1].dataSync()[0]).toBe(-1);
  expect(mirror.takeChanges()).toBe(true);
  expect(mirror.takeChanges()).toBe(false);
});

test('two that compute the same variables in turn go on from each other', () => {
  const first = setUp();
  const second = setUp(first.variables);
  first.move([1, 1], 1);
  expect(second.mirror.takeChanges()).toBe(true);
  expect(Array.from(first.variables[0].dataSync())).toEqual([1, 1]);
  second.move([2, 2], 2);
  expect(first.mirror.takeChanges()).toBe(true);
  second.move([3, 3], 3);
  second.mirror.release();
  expect(first.mirror.takeChanges()).toBe(true);
  expect(Array.from(first.variables[0].dataSync())).toEqual([3, 3]);
});

test('released variables have their last values and are ordinary ones', () => {
  const { variables, mirror, elsewhere, move } = setUp();
  move([6, 6], 6);
  mirror.release();
  mirror.release();
  expect(Object.getOwnPropertyDescriptor(variables[0], 'dataId')).toMatchObject({ writable: true, enumerable: true });
  elsewhere.values = [[0, 0], 0];
  mirror.moved();
  expect(Array.from(variables[0].dataSync())).toEqual([6, 6]);
});

test('variables that were disposed are left alone, and no tensor stays behind', () => {
  const before = tf.memory().numTensors;
  const { variables, mirror, move } = setUp();
  move([6, 6], 6);
  variables[0].dispose();
  move([7, 7], 7);
  expect(variables[1].dataSync()[0]).toBe(7);
  move([8, 8], 8);
  mirror.release();
  variables[1].dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test('weights that are kept are those that somebody has just set', () => {
  const variables = variablesOf();
  const store = new Store({ layers: [{ name: 'all', variables }], weights: variables, optimizer: 'sgd' });
  releases.push(() => store.release());
  variables[1].assign(tf.scalar(9));
  const kept = store.keep();
  store.weights[1].values[0] = Number.NaN;
  store.touch();
  expect(variables[1].dataSync()[0]).toBeNaN();
  kept.restore();
  expect(variables[1].dataSync()[0]).toBe(9);
  expect(Array.from(variables[0].dataSync())).toEqual([1, 2]);
});
