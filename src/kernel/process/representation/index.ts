/** What a value looks like in a cell: MIME bundles, from the value's own display method or from its kind. */
import type { MimeBundle } from '../../protocol';
import { imageBundle } from './images';
import { tableBundle } from './tables';
import { text } from './text';

export { text } from './text';

/** Deno's convention: a value with this method shows itself. */
export const displaySymbol = Symbol.for('Jupyter.display');

/** The bundle, or a promise of it where the value's own method is asynchronous. Never throws. */
export function represent(value: unknown): MimeBundle | Promise<MimeBundle> {
  try {
    const own = ownDisplay(value);
    if (own === undefined) return ofKind(value);
    const bundle = own();
    if (bundle instanceof Promise) {
      return bundle.then(
        (late) => asBundle(late, value),
        (error) => failed(error, value),
      );
    }
    return asBundle(bundle, value);
  } catch (error) {
    return failed(error, value);
  }
}

function ofKind(value: unknown): MimeBundle {
  return imageBundle(value) ?? tableBundle(value) ?? { 'text/plain': text(value) };
}

function ownDisplay(value: unknown): (() => unknown) | undefined {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined;
  const method = (value as Record<symbol, unknown>)[displaySymbol];
  return typeof method === 'function' ? () => method.call(value) : undefined;
}

/** What a display method gave, made fit to travel: bytes as base64, no functions. */
function asBundle(bundle: unknown, value: unknown): MimeBundle {
  if (bundle === null || typeof bundle !== 'object' || Object.keys(bundle).length === 0) return ofKind(value);
  const portables = Object.fromEntries(Object.entries(bundle).map(([mime, data]) => [mime, portable(data)]));
  // A picture of an array comes without words: those are a corner of its values.
  return 'text/plain' in portables ? portables : { ...portables, 'text/plain': text(value) };
}

function portable(data: unknown): unknown {
  if (data instanceof Uint8Array) return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
  if (typeof data === 'string') return data;
  // as it will be saved: functions and the like fall away, cycles are refused here rather than at saving
  return JSON.parse(JSON.stringify(data) ?? 'null');
}

function failed(error: unknown, value: unknown): MimeBundle {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { 'text/plain': `${text(value)}\n(its own display method failed: ${reason})` };
}
