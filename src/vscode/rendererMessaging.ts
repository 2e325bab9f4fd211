import * as vscode from 'vscode';
import { RENDERER_KINDS, rendererId } from './contribution.ts';
import { messageOf } from './log.ts';
import type { Sessions } from './sessions.ts';

/** What a renderer asks of the kernel: `channel` says which picture's handler answers. */
interface RendererRequest {
  readonly channel: string;
  readonly id: unknown;
  readonly payload: unknown;
}

/**
 * Carries renderers' questions (decode this point) to the kernel and its answers back, and does what their buttons
 * ask for: stop the training, run the cell again.
 */
export function registerRendererMessaging(sessions: Sessions): vscode.Disposable {
  return vscode.Disposable.from(
    ...RENDERER_KINDS.map((kind) => {
      const messaging = vscode.notebooks.createRendererMessaging(rendererId(kind));
      return messaging.onDidReceiveMessage(async ({ editor, message }) => {
        if (isInterrupt(message)) return sessions.get(editor.notebook)?.interrupt();
        if (isRunCell(message)) return runCell(editor.notebook, message.runCellOf);
        if (!isRequest(message)) return;
        const reply = await answer(sessions, editor.notebook, message);
        await messaging.postMessage({ id: message.id, ...reply }, editor);
      });
    }),
  );
}

async function answer(sessions: Sessions, notebook: vscode.NotebookDocument, { channel, payload }: RendererRequest) {
  const session = sessions.get(notebook);
  // an old picture in a notebook whose kernel does not run: nobody knows its model any more
  if (!session || session.pid === undefined) {
    return { error: vscode.l10n.t('No kernel is running. Run the cell again to explore this picture.') };
  }
  try {
    return { value: await session.request(`render:${channel}`, payload) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** Saved notebooks are other people's data, and so is what their pictures send. */
function isRequest(message: unknown): message is RendererRequest {
  return (
    typeof message === 'object' &&
    message !== null &&
    'id' in message &&
    'channel' in message &&
    typeof message.channel === 'string'
  );
}

function isInterrupt(message: unknown): message is { interrupt: true } {
  return typeof message === 'object' && message !== null && 'interrupt' in message && message.interrupt === true;
}

function isRunCell(message: unknown): message is { runCellOf: string } {
  return (
    typeof message === 'object' &&
    message !== null &&
    'runCellOf' in message &&
    typeof message.runCellOf === 'string' &&
    message.runCellOf.length > 8
  );
}

/** Runs the cell that shows the picture with this channel, as if its button had been pressed. */
async function runCell(notebook: vscode.NotebookDocument, channel: string): Promise<void> {
  const written = Buffer.from(JSON.stringify(channel));
  const cell = notebook
    .getCells()
    .find(({ outputs }) => outputs.some(({ items }) => items.some(({ data }) => Buffer.from(data).includes(written))));
  if (!cell) return;
  await vscode.commands.executeCommand('notebook.cell.execute', {
    ranges: [{ start: cell.index, end: cell.index + 1 }],
    document: notebook.uri,
  });
}
