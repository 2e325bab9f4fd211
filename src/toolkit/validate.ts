/** Checks of what users pass. Each throws an error with the parameter, its value and what is allowed. */
import type { NdArray } from './ndarray.ts';

export function checkPositiveInteger(name: string, value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw new RangeError(`${name} must be a positive integer, got ${show(value)}`);
  }
  return value as number;
}

export function checkSeed(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw new RangeError(`seed must be an integer from 0 up, got ${show(value)}`);
  }
  return value as number;
}

/** A finite number, optionally within limits: `{ above: 0 }` excludes 0, `{ from: 0 }` includes it. */
export function checkNumber(
  name: string,
  value: unknown,
  limits: { above?: number; from?: number; below?: number; to?: number } = {},
): number {
  const { above = -Infinity, from = -Infinity, below = Infinity, to = Infinity } = limits;
  const number = value as number;
  if (Number.isFinite(value) && number > above && number >= from && number < below && number <= to) return number;
  const words = [
    above > -Infinity && `above ${above}`,
    from > -Infinity && `from ${from}`,
    below < Infinity && `below ${below}`,
    to < Infinity && `up to ${to}`,
  ].filter(Boolean);
  const range = words.length > 0 ? ` ${words.join(' and ')}` : '';
  throw new RangeError(`${name} must be a finite number${range}, got ${show(value)}`);
}

export function checkOneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  if (!allowed.includes(value as T)) {
    throw new RangeError(`${name} must be one of ${allowed.map((word) => `'${word}'`).join(', ')}, got ${show(value)}`);
  }
  return value as T;
}

/** Catches misspelt options, which would otherwise be ignored in silence. */
export function checkKnownOptions(what: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new TypeError(`${what} has no option '${key}'; it has ${known.join(', ')}`);
  }
}

/** Refuses empty data, and values that are no finite numbers, by sample and feature. */
export function checkFinite(name: string, x: NdArray): void {
  const { data } = x;
  const width = data.length / x.length;
  if (data.length === 0) {
    throw new RangeError(`${name} must hold at least one sample with one feature, got shape [${x.shape}]`);
  }
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw new RangeError(
        `${name} must hold finite numbers: sample ${Math.floor(i / width)}, feature ${i % width} is ${data[i]}. ` +
          'Leave such samples out, or fill in a value such as the mean of the feature.',
      );
    }
  }
}

export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (typeof value === 'function') return 'a function';
  if (value !== null && typeof value === 'object') return value.constructor?.name ?? 'an object';
  return String(value);
}
