import * as vscode from 'vscode';
import { idOf } from './cellIds.ts';
import { NOTEBOOK_TYPE } from './contribution.ts';
import type { Sessions } from './sessions.ts';

/**
 * Keeps the kernel of an unsaved notebook when it gets its name: VS Code opens the saved file as a new document and
 * closes the old one, in either order, and may close and open the new one once more. The two are known to be the same
 * by the ids of their cells, which are random.
 */
export function registerSavedUntitled(sessions: Sessions): vscode.Disposable {
  return vscode.workspace.onDidOpenNotebookDocument((saved) => {
    if (saved.notebookType !== NOTEBOOK_TYPE || saved.isUntitled) return;
    const ids = cellIds(saved);
    const origin = sessions
      .notebooks()
      .find((other) => (other.isUntitled ? ids !== '' && cellIds(other) === ids : isReopened(other, saved)));
    if (origin) sessions.move(origin, saved);
  });
}

function isReopened(former: vscode.NotebookDocument, now: vscode.NotebookDocument): boolean {
  return former !== now && former.isClosed && former.uri.toString() === now.uri.toString();
}

function cellIds(notebook: vscode.NotebookDocument): string {
  return notebook.getCells().map(idOf).join(' ');
}
