/** What cells find besides Node's own globals: display, html, svg, md, input. */
import type { MimeBundle } from '../protocol';
import { context, type Execution } from './execution';
import { markupHelper } from './markup';
import { represent } from './representation';

export interface Handle {
  update(value: unknown): Handle;
}

export interface GlobalsOptions {
  /** The execution that outputs go to when the calling code belongs to none. */
  fallback(): Execution | undefined;
  ask(execution: Execution, prompt: string, password: boolean): Promise<string>;
}

const handles = new WeakSet<object>();

/** What `display` returns is no value worth showing. */
export function isHandle(value: unknown): boolean {
  return typeof value === 'object' && value !== null && handles.has(value);
}

let displays = 0;
const nextId = (): string => `display-${process.pid}-${++displays}`;

/** Shows a bundle at once, or a promise of one in its place once it is there. */
export function showBundle(
  execution: Execution,
  bundle: Record<string, unknown>,
): { update(bundle: Record<string, unknown>): void } {
  const id = nextId();
  execution.display(id, bundle);
  return { update: (next) => execution.update(id, next) };
}

export function makeGlobals(options: GlobalsOptions): Record<string, unknown> {
  const current = (): Execution => {
    const execution = context.getStore() ?? options.fallback();
    if (execution === undefined) throw new Error('No cell has run yet, so there is nowhere to show this');
    return execution;
  };

  const display = (value: unknown): Handle => {
    const execution = current();
    const id = nextId();
    let newest = 0;
    const show = (next: unknown, put: (bundle: MimeBundle) => void): void => {
      const version = ++newest;
      const bundle = represent(next);
      if (!(bundle instanceof Promise)) return void put(bundle);
      // holds its place among the outputs until it is known
      if (version === 1) put({ 'text/plain': '' });
      execution.expect(
        bundle.then((late) => {
          if (version === newest) execution.update(id, late);
        }),
      );
    };
    show(value, (bundle) => execution.display(id, bundle));
    const handle: Handle = {
      update(next) {
        show(next, (bundle) => execution.update(id, bundle));
        return handle;
      },
    };
    handles.add(handle);
    return handle;
  };
  const clear = ({ wait = false }: { wait?: boolean } = {}): void => current().clear(wait);

  return {
    display: Object.assign(display, { clear }),
    html: markupHelper('text/html'),
    svg: markupHelper('image/svg+xml'),
    md: markupHelper('text/markdown'),
    input: (prompt: unknown = '', { password = false }: { password?: boolean } = {}) =>
      options.ask(current(), String(prompt), password),
  };
}
