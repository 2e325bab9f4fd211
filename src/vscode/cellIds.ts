import * as vscode from 'vscode';
import { newCellId } from '../notebook/index.ts';
import { NOTEBOOK_TYPE } from './contribution.ts';

/** The id under which the file and the kernel know the cell. */
export function idOf(cell: vscode.NotebookCell): string {
  const { id } = cell.metadata;
  return typeof id === 'string' ? id : cell.document.uri.fragment;
}

/** Gives new cells an id, and copies one of their own: a pasted, split or duplicated cell comes with its origin's. */
export function registerCellIds(): vscode.Disposable {
  return vscode.workspace.onDidChangeNotebookDocument(({ notebook, contentChanges }) => {
    if (notebook.notebookType !== NOTEBOOK_TYPE) return;
    const added = contentChanges.flatMap((change) => change.addedCells);
    if (added.length > 0) void ensureCellIds(notebook, added);
  });
}

/**
 * @param newcomers cells that must give way where two have the same id; otherwise the later one does
 */
export async function ensureCellIds(
  notebook: vscode.NotebookDocument,
  newcomers: readonly vscode.NotebookCell[] = [],
): Promise<void> {
  const cells = notebook.getCells();
  const late = new Set(newcomers);
  const used = new Set<unknown>();
  const edits: vscode.NotebookEdit[] = [];
  for (const cell of [...cells.filter((c) => !late.has(c)), ...cells.filter((c) => late.has(c))]) {
    const { id } = cell.metadata;
    if (typeof id !== 'string' || used.has(id)) {
      const fresh = newCellId();
      used.add(fresh);
      edits.push(vscode.NotebookEdit.updateCellMetadata(cell.index, { ...cell.metadata, id: fresh }));
    } else used.add(id);
  }
  if (edits.length === 0) return;
  const edit = new vscode.WorkspaceEdit();
  edit.set(notebook.uri, edits);
  await vscode.workspace.applyEdit(edit);
}
