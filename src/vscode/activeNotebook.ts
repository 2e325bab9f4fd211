import * as vscode from 'vscode';
import { NOTEBOOK_TYPE } from './contribution.ts';

/** The .aenb notebook in the active editor. */
export function activeNotebook(): vscode.NotebookDocument | undefined {
  const notebook = vscode.window.activeNotebookEditor?.notebook;
  return notebook?.notebookType === NOTEBOOK_TYPE ? notebook : undefined;
}

/** The notebook that a command means: toolbars pass theirs, the palette none. */
export function notebookOf(argument: unknown): vscode.NotebookDocument | undefined {
  const uri = uriIn(argument);
  if (!uri) return activeNotebook();
  return vscode.workspace.notebookDocuments.find(
    (notebook) => notebook.notebookType === NOTEBOOK_TYPE && notebook.uri.toString() === uri.toString(),
  );
}

function uriIn(argument: unknown): vscode.Uri | undefined {
  if (argument instanceof vscode.Uri) return argument;
  // what VS Code passes to commands in notebook toolbars
  const context = argument as { notebookEditor?: { notebookUri?: vscode.Uri } } | undefined;
  return context?.notebookEditor?.notebookUri;
}
