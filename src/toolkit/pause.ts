/** Long computations let others run: interrupts, progress, a renderer's request. */

/** How long a computation may hold the event loop, in milliseconds: less than what the kernel takes for a loop that hangs. */
const span = 40;

export class Pacer {
  #since = performance.now();

  /** Whether the others have waited long enough. */
  due(): boolean {
    return performance.now() - this.#since > span;
  }

  /** Gives the event loop a turn. */
  async pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#since = performance.now();
  }
}
