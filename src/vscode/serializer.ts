import * as vscode from 'vscode';
import { NOTEBOOK_TYPE } from './contribution.ts';
import type { CellData, DocumentData } from './documentData.ts';
import { FileText } from './fileText.ts';
import type { OutputData } from './outputData.ts';

/** Lets VS Code open and save .aenb files. What cannot be read throws: VS Code shows the reason and writes nothing. */
export function registerSerializer(): vscode.Disposable {
  const files = new FileText();
  return vscode.workspace.registerNotebookSerializer(NOTEBOOK_TYPE, {
    deserializeNotebook: (bytes) => toApi(files.read(decode(bytes))),
    serializeNotebook: (notebook) => new TextEncoder().encode(files.write(fromApi(notebook))),
  });
}

/** Refuses what is not text: with replaced characters, the next save would destroy the rest of the file. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error(vscode.l10n.t('not a notebook: the file is not UTF-8 text'));
  }
}

export function toApi(document: DocumentData): vscode.NotebookData {
  const notebook = new vscode.NotebookData(document.cells.map(toApiCell));
  notebook.metadata = document.metadata;
  return notebook;
}

function toApiCell(cell: CellData): vscode.NotebookCellData {
  const kind = cell.kind === 'code' ? vscode.NotebookCellKind.Code : vscode.NotebookCellKind.Markup;
  const data = new vscode.NotebookCellData(kind, cell.value, cell.language);
  data.metadata = cell.metadata;
  data.outputs = cell.outputs.map(toApiOutput);
  if (cell.executionOrder !== undefined) data.executionSummary = { executionOrder: cell.executionOrder };
  return data;
}

export function toApiOutput(output: OutputData): vscode.NotebookCellOutput {
  return new vscode.NotebookCellOutput(toApiItems(output), output.metadata);
}

export function toApiItems(output: OutputData): vscode.NotebookCellOutputItem[] {
  return output.items.map(({ mime, data }) => new vscode.NotebookCellOutputItem(data, mime));
}

export function fromApi(notebook: vscode.NotebookData): DocumentData {
  return {
    metadata: notebook.metadata ?? {},
    cells: notebook.cells.map((cell) => ({
      kind: cell.kind === vscode.NotebookCellKind.Code ? 'code' : 'markup',
      language: cell.languageId,
      value: cell.value,
      outputs: (cell.outputs ?? []).map(({ items, metadata }) => ({ items, metadata: metadata ?? {} })),
      executionOrder: cell.executionSummary?.executionOrder,
      metadata: cell.metadata ?? {},
    })),
  };
}
