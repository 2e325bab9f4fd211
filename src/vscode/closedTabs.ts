import * as vscode from 'vscode';
import type { Sessions } from './sessions.ts';

/** A tab that is dragged to another group, or saved under a name, is closed and opened again within this time. */
const MOVING_MILLISECONDS = 3000;

/**
 * Ends a notebook's kernel when its last tab closes. VS Code may keep the document for long after that, so waiting for
 * the document to close would leave the process, and all its memory, behind a notebook that nobody sees.
 */
export function registerClosedTabs(sessions: Sessions): vscode.Disposable {
  // a document that gets its name closes, and opens again, on its way (savedUntitled.ts)
  const closedDocuments = vscode.workspace.onDidCloseNotebookDocument((notebook) => {
    setTimeout(() => sessions.end(notebook), MOVING_MILLISECONDS);
  });
  const closedTabs = vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
    if (closed.length > 0) setTimeout(() => endUnseen(sessions), MOVING_MILLISECONDS);
  });
  return vscode.Disposable.from(closedDocuments, closedTabs);
}

async function endUnseen(sessions: Sessions): Promise<void> {
  const seen = new Set(
    vscode.window.tabGroups.all.flatMap((group) => group.tabs.flatMap(({ input }) => urisOf(input))),
  );
  const unseen = sessions.notebooks().filter((notebook) => !seen.has(notebook.uri.toString()));
  await Promise.all(unseen.map((notebook) => sessions.end(notebook)));
}

function urisOf(input: unknown): string[] {
  if (input instanceof vscode.TabInputNotebook) return [input.uri.toString()];
  if (input instanceof vscode.TabInputNotebookDiff) return [input.modified.toString(), input.original.toString()];
  return [];
}
