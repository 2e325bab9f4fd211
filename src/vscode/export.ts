import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { toHtml } from '../notebook/index.ts';
import { notebookOf } from './activeNotebook.ts';
import { toNotebook } from './documentData.ts';
import { fromApi } from './serializer.ts';

/** Writes the notebook, as it is shown, to one web page whose pictures are alive in any browser. */
export async function exportHtml(extension: vscode.Uri, argument: unknown): Promise<void> {
  const notebook = notebookOf(argument);
  if (!notebook) return;
  const folder = vscode.Uri.joinPath(notebook.uri, '..');
  const name = `${basename(notebook.uri.path).replace(/\.aenb$/, '')}.html`;
  const target = await vscode.window.showSaveDialog({
    defaultUri: notebook.isUntitled ? undefined : vscode.Uri.joinPath(folder, name),
    filters: { [vscode.l10n.t('Web page')]: ['html'] },
    title: vscode.l10n.t('Export Notebook to HTML'),
  });
  if (!target) return;
  const content = toNotebook(fromApi(dataOf(notebook)));
  const script = await readFile(vscode.Uri.joinPath(extension, 'dist', 'page.js').fsPath, 'utf8');
  const html = toHtml(content, { title: basename(name, '.html'), script });
  await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(html));
  const open = vscode.l10n.t('Open');
  const message = vscode.l10n.t('The notebook was exported to {0}', basename(target.path));
  if ((await vscode.window.showInformationMessage(message, open)) === open) await vscode.env.openExternal(target);
}

/** The open document in the form in which a serializer gets it. */
function dataOf(notebook: vscode.NotebookDocument): vscode.NotebookData {
  const data = new vscode.NotebookData(
    notebook.getCells().map((cell) => {
      const copy = new vscode.NotebookCellData(cell.kind, cell.document.getText(), cell.document.languageId);
      return Object.assign(copy, {
        outputs: [...cell.outputs],
        metadata: cell.metadata,
        executionSummary: cell.executionSummary,
      });
    }),
  );
  data.metadata = notebook.metadata;
  return data;
}
