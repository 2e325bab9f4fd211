import type { OutputItem, RendererApi, RendererContext } from 'vscode-notebook-renderer';
import { adoptStyles, element } from './elements.ts';
import { Kernel } from './messages.ts';
import { type Kind, Output } from './output.ts';
import css from './shared.css';
import { words } from './words.ts';

/** Bytes of a payload beyond which nothing is parsed: no picture of ours is near it. */
const mostBytes = 96_000_000;

/**
 * A VS Code renderer of one kind. An output that comes again, as a live one does ten times a second, changes in
 * place; one that is gone leaves nothing behind.
 */
export function activateKind<P extends { readonly title?: string; readonly text: string }>(
  kind: Kind<P>,
  sheets: readonly string[],
  context: Pick<RendererContext<unknown>, 'postMessage' | 'onDidReceiveMessage'>,
): RendererApi {
  adoptStyles(css, ...sheets);
  const kernel = new Kernel(context);
  const outputs = new Map<string, Output<P>>();
  const drop = (id: string) => {
    outputs.get(id)?.dispose();
    outputs.delete(id);
  };
  return {
    renderOutputItem(item, host) {
      let payload: P;
      try {
        payload = kind.parse(read(item));
      } catch (error) {
        drop(item.id);
        host.replaceChildren(problem(error));
        return;
      }
      const known = outputs.get(item.id);
      if (known && known.host === host && host.contains(known.root)) {
        known.update(payload);
        return;
      }
      drop(item.id);
      outputs.set(item.id, new Output(kind, payload, host, kernel));
    },
    disposeOutputItem(id) {
      for (const one of id === undefined ? [...outputs.keys()] : [id]) drop(one);
    },
  };
}

function read(item: OutputItem): unknown {
  const bytes = item.data().byteLength;
  if (bytes > mostBytes) throw new RangeError(`payload of ${bytes} bytes; at most ${mostBytes} are drawn`);
  return item.json();
}

function problem(error: unknown): HTMLElement {
  const reason = error instanceof Error ? error.message : String(error);
  return element('div', { class: 'aenb aenb-problem', role: 'note', text: `${words().broken}: ${reason}` });
}
