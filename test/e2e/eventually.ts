import { expect } from 'vitest';

/** An expectation of what the window will show; patient, since a busy machine may be slow to draw. */
export function eventually<T>(look: () => T | Promise<T>) {
  return expect.poll(look, { timeout: 60_000, interval: 100 });
}
