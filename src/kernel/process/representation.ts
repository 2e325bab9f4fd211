/** What a value looks like in a cell: MIME bundles, from the value's own display method or from its kind. */
import { inspect } from 'node:util';
import type { MimeBundle } from '../protocol';

/** Deno's convention: a value with this method shows itself. */
export const displaySymbol = Symbol.for('Jupyter.display');

const TEXT_LIMIT = 200_000;

export function text(value: unknown): string {
  let shown: string;
  try {
    shown = inspect(value, { depth: 4, maxArrayLength: 100, maxStringLength: 20_000, breakLength: 100 });
  } catch (error) {
    shown = `[value that cannot be shown: ${String((error as Error)?.message ?? error)}]`;
  }
  return shown.length <= TEXT_LIMIT
    ? shown
    : `${shown.slice(0, TEXT_LIMIT)}\n… ${shown.length - TEXT_LIMIT} more characters`;
}

/** The bundle, or a promise of it where the value's own method is asynchronous. */
export function represent(value: unknown): MimeBundle | Promise<MimeBundle> {
  const own = ownDisplay(value);
  if (own !== undefined) {
    const bundle = own();
    if (bundle instanceof Promise) return bundle.then((late) => asBundle(late, value));
    return asBundle(bundle, value);
  }
  return { 'text/plain': text(value) };
}

function asBundle(bundle: unknown, value: unknown): MimeBundle {
  return bundle !== null && typeof bundle === 'object' ? (bundle as MimeBundle) : { 'text/plain': text(value) };
}

function ownDisplay(value: unknown): (() => unknown) | undefined {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined;
  const method = (value as Record<symbol, unknown>)[displaySymbol];
  return typeof method === 'function' ? () => method.call(value) : undefined;
}
