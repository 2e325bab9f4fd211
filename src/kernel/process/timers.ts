/** Timers know the execution that set them: an interrupt clears them, and what they throw shows in its cell. */
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { promisify } from 'node:util';
import { context, type Execution } from './execution';

type Callback = (...args: unknown[]) => unknown;

export function installTimers(onError: (execution: Execution | undefined, error: unknown) => void): void {
  const original = { ...timers };
  const guarded = (execution: Execution | undefined, callback: Callback, after: () => void): Callback =>
    function (this: unknown, ...args) {
      after();
      try {
        return callback.apply(this, args);
      } catch (error) {
        return onError(execution, error);
      }
    };

  const once =
    (set: Callback, clear: (handle: never) => void, delayed: boolean) =>
    (callback: Callback, ...rest: unknown[]): unknown => {
      const execution = context.getStore();
      if (execution === undefined || typeof callback !== 'function') return set(callback, ...rest);
      const entry = { clear: () => clear(handle as never) };
      const handle = set(
        guarded(execution, callback, () => execution.timers.delete(entry)),
        ...(delayed ? rest : rest),
      );
      execution.timers.add(entry);
      return handle;
    };

  const setTimeout = once(original.setTimeout as Callback, original.clearTimeout as never, true);
  const setImmediate = once(original.setImmediate as unknown as Callback, original.clearImmediate as never, false);
  const setInterval = (callback: Callback, ...rest: unknown[]): unknown => {
    const execution = context.getStore();
    if (execution === undefined || typeof callback !== 'function')
      return (original.setInterval as Callback)(callback, ...rest);
    const handle = (original.setInterval as Callback)(
      guarded(execution, callback, () => undefined),
      ...rest,
    );
    execution.timers.add({ clear: () => original.clearInterval(handle as never) });
    return handle;
  };

  /** Waits end with the cell's own signal as well as with the caller's. */
  const withSignal = (options: { signal?: AbortSignal } | undefined): { signal?: AbortSignal } | undefined => {
    const signal = context.getStore()?.signal;
    if (signal === undefined) return options;
    return { ...options, signal: options?.signal ? AbortSignal.any([options.signal, signal]) : signal };
  };
  const wait = timersPromises.setTimeout;
  const turn = timersPromises.setImmediate;
  const patched = {
    setTimeout: (ms?: number, value?: unknown, options?: object) => wait(ms, value, withSignal(options)),
    setImmediate: (value?: unknown, options?: object) => turn(value, withSignal(options)),
  };
  Object.assign(timersPromises, patched);
  Object.defineProperty(setTimeout, promisify.custom, { value: patched.setTimeout });
  Object.defineProperty(setImmediate, promisify.custom, { value: patched.setImmediate });
  const replaced = named({ setTimeout, setImmediate, setInterval });
  Object.assign(timers, replaced);
  for (const [name, value] of Object.entries(replaced)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
  }
  syncBuiltinESMExports();
}

function named<T extends Record<string, unknown>>(functions: T): T {
  for (const [name, value] of Object.entries(functions)) Object.defineProperty(value, 'name', { value: name });
  return functions;
}
