/** Further pages of what is too large to be saved whole: drawn for a renderer that asks, while the kernel lives. */
import { randomUUID } from 'node:crypto';
import { host } from '../host.ts';

/** The samples that a renderer asks for: `count` of them, from the `from`-th on. */
export interface Page {
  readonly from: number;
  readonly count: number;
}

/** Outputs that answer; the oldest one falls silent when there are more. */
const mostListeners = 32;
const listeners: { dispose(): void }[] = [];

/**
 * @param total samples there are
 * @param most samples of a page
 * @param draw the payload of a page; what else the renderer asked for is not to be trusted
 * @returns the channel on which pages are asked for; undefined in a script, where nobody asks
 */
export function listenForPages(
  name: string,
  total: number,
  most: number,
  draw: (page: Page, request: Readonly<Record<string, unknown>>) => Promise<unknown>,
): string | undefined {
  const place = host();
  if (!place) return undefined;
  // Random: a saved output must not be answered by another one's samples in a later kernel.
  const channel = `${name}-${randomUUID()}`;
  listeners.push(
    place.handle(channel, (request) => {
      const asked = (request ?? {}) as Record<string, unknown>;
      const [from, count] = [asked.from as number, asked.count as number];
      if (!Number.isInteger(from) || from < 0 || from >= total || !Number.isInteger(count) || count < 1) {
        throw new TypeError(`a page begins at 0 to ${total - 1} and has at least one sample`);
      }
      return draw({ from, count: Math.min(count, most, total - from) }, asked);
    }),
  );
  if (listeners.length > mostListeners) listeners.shift()!.dispose();
  return channel;
}
