/**
 * What a notebook lends to the toolkit: a place to draw, and the signal that its cell is to stop.
 * In a script there is no host: nothing is drawn, and only the caller's own signal stops a training.
 */
export interface Host {
  /** Shows a MIME bundle in the running cell; `update` replaces it in place. */
  display(bundle: Record<string, unknown>): { update(bundle: Record<string, unknown>): void };
  /** Aborted when the user interrupts the running cell. */
  readonly signal: AbortSignal | undefined;
  /** Answers a renderer's requests on `channel` (decode this point) while the kernel lives. */
  handle(channel: string, handler: (payload: unknown) => unknown | Promise<unknown>): { dispose(): void };
  /** Told once, when an engine was loaded. */
  engineLoaded(engine: { name: string; version: string; threads: number; kernels?: string; reason?: string }): void;
}

let current: Host | undefined;

/** Called by the kernel before the first cell that uses the toolkit. */
export function setHost(host: Host | undefined): void {
  current = host;
}

export function host(): Host | undefined {
  return current;
}
