import { readFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import { codeCell, emptyNotebook, type Notebook, parse } from '../notebook/index.ts';
import { NOTEBOOK_TYPE } from './contribution.ts';
import { fromNotebook } from './documentData.ts';
import { toApi } from './serializer.ts';

/** A new notebook with one empty cell, named when it is saved. */
export function newNotebook(): Promise<void> {
  return show({ ...emptyNotebook(), cells: [codeCell('')] });
}

/** A copy of the first tutorial, in the language of VS Code where there is one; the original stays as it is. */
export async function openTutorial(extension: vscode.Uri): Promise<void> {
  const name = vscode.env.language.startsWith('ja') ? '01-first-autoencoder.ja.aenb' : '01-first-autoencoder.aenb';
  await show(parse(await readFile(vscode.Uri.joinPath(extension, 'tutorials', name).fsPath, 'utf8')));
}

async function show(content: Notebook): Promise<void> {
  const notebook = await vscode.workspace.openNotebookDocument(NOTEBOOK_TYPE, toApi(fromNotebook(content)));
  await vscode.window.showNotebookDocument(notebook);
}
