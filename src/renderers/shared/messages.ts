import type { RendererContext } from 'vscode-notebook-renderer';

/** Questions to the kernel: `{ channel, id, payload }` out, `{ id, value | error }` back. */
export class Kernel {
  private readonly waiting = new Map<string, (answer: { value?: unknown; error?: string }) => void>();
  private asked = 0;
  private readonly prefix = Math.random().toString(36).slice(2);

  constructor(private readonly context: Pick<RendererContext<unknown>, 'postMessage' | 'onDidReceiveMessage'>) {
    context.onDidReceiveMessage?.((message: { id?: string; value?: unknown; error?: string } | undefined) => {
      if (typeof message?.id !== 'string') return;
      const answer = this.waiting.get(message.id);
      this.waiting.delete(message.id);
      answer?.(message);
    });
  }

  /** False in an exported page, where there is nobody to ask. */
  get reachable(): boolean {
    return Boolean(this.context.postMessage && this.context.onDidReceiveMessage);
  }

  /** The answer, or undefined when no kernel knows the channel or none answers in time. */
  ask(channel: string, payload: unknown, milliseconds = 5_000): Promise<unknown> {
    if (!this.reachable) return Promise.resolve(undefined);
    const id = `${this.prefix}-${++this.asked}`;
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        this.waiting.delete(id);
        resolve(undefined);
      }, milliseconds);
      this.waiting.set(id, ({ value, error }) => {
        clearTimeout(late);
        resolve(error === undefined ? value : undefined);
      });
      this.context.postMessage!({ channel, id, payload });
    });
  }

  /** Asks the editor, not the kernel: to stop what runs, or to run the cell whose output has this channel. */
  tell(command: { readonly interrupt: true } | { readonly runCellOf: string }): void {
    this.context.postMessage?.(command);
  }
}
