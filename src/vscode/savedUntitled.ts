import * as vscode from 'vscode';
import { idOf } from './cellIds.ts';
import { NOTEBOOK_TYPE } from './contribution.ts';
import type { Sessions } from './sessions.ts';

/**
 * Keeps the kernel of an unsaved notebook when it gets its name: VS Code opens the saved file as a new document, fills
 * it with cells at once or a moment later, and closes the old one; it may close and open the new one once more. The
 * two are known to be the same by the ids of their cells, which are random.
 */
export function registerSavedUntitled(sessions: Sessions): vscode.Disposable {
  const keep = (saved: vscode.NotebookDocument) => {
    if (saved.notebookType !== NOTEBOOK_TYPE || saved.isUntitled) return;
    const origin = sessions.notebooks().find((other) => isReopened(other, saved) || isUnsaved(other, saved));
    if (origin) sessions.move(origin, saved);
  };
  return vscode.Disposable.from(
    vscode.workspace.onDidOpenNotebookDocument(keep),
    vscode.workspace.onDidChangeNotebookDocument(({ notebook, contentChanges }) => {
      if (contentChanges.length > 0) keep(notebook);
    }),
  );
}

function isReopened(former: vscode.NotebookDocument, now: vscode.NotebookDocument): boolean {
  return former !== now && former.isClosed && former.uri.toString() === now.uri.toString();
}

function isUnsaved(former: vscode.NotebookDocument, now: vscode.NotebookDocument): boolean {
  const ids = cellIds(now);
  return former.isUntitled && ids !== '' && cellIds(former) === ids;
}

function cellIds(notebook: vscode.NotebookDocument): string {
  return notebook.getCells().map(idOf).join(' ');
}
