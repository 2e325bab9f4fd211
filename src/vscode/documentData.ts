import { type Notebook, type NotebookCell, newCellId } from '../notebook/index.ts';
import { LANGUAGE } from './contribution.ts';
import { fromFile, type OutputData, toFile } from './outputData.ts';

/** A notebook as VS Code holds it, in plain records: the serializer only turns them into VS Code's classes. */
export interface DocumentData {
  readonly cells: readonly CellData[];
  readonly metadata: Record<string, unknown>;
}
export interface CellData {
  readonly kind: 'code' | 'markup';
  readonly language: string;
  readonly value: string;
  readonly outputs: readonly OutputData[];
  readonly executionOrder: number | undefined;
  /** The cell's other fields as the file has them: `id`, `metadata`, `attachments` and what we don't know. */
  readonly metadata: Record<string, unknown>;
}

export function fromNotebook(notebook: Notebook): DocumentData {
  const { cells, ...rest } = notebook;
  return { cells: cells.map(fromCell), metadata: structuredClone(rest) };
}

export function toNotebook(document: DocumentData): Notebook {
  const { metadata = {}, ...rest } = structuredClone(document.metadata);
  return {
    ...rest,
    metadata: metadata as Record<string, unknown>,
    nbformat: 4,
    nbformat_minor: 5,
    cells: document.cells.map(toCell),
  };
}

function fromCell(cell: NotebookCell): CellData {
  const { cell_type, source, outputs = [], execution_count, ...rest } = cell;
  return {
    kind: cell_type === 'markdown' ? 'markup' : 'code',
    language: cell_type === 'code' ? (languageIn(cell) ?? LANGUAGE) : cell_type,
    value: source,
    outputs: outputs.map(fromFile),
    executionOrder: execution_count ?? undefined,
    metadata: structuredClone(rest),
  };
}

/** VS Code's own place for a cell in another language, which its Jupyter notebooks use as well. */
function languageIn(cell: { metadata: Record<string, unknown> }): string | undefined {
  const { vscode } = cell.metadata as { vscode?: { languageId?: unknown } };
  return typeof vscode?.languageId === 'string' ? vscode.languageId : undefined;
}

function toCell(cell: CellData): NotebookCell {
  const { id, metadata, ...rest } = structuredClone(cell.metadata);
  const common = { ...rest, id: typeof id === 'string' ? id : newCellId(), source: cell.value };
  const kept = withLanguage((metadata ?? {}) as Record<string, unknown>, cell);
  if (cell.kind === 'markup') return { ...common, cell_type: 'markdown', metadata: kept };
  if (cell.language === 'raw') return { ...common, cell_type: 'raw', metadata: kept };
  return {
    ...common,
    cell_type: 'code',
    metadata: kept,
    outputs: cell.outputs.flatMap(toFile),
    execution_count: cell.executionOrder ?? null,
  };
}

function withLanguage(metadata: Record<string, unknown>, cell: CellData): Record<string, unknown> {
  const named = languageIn({ metadata });
  const language = cell.kind === 'code' && cell.language !== 'raw' ? cell.language : LANGUAGE;
  if ((named ?? LANGUAGE) === language) return metadata;
  const { languageId: _, ...vscode } = (metadata.vscode ?? {}) as Record<string, unknown>;
  if (language !== LANGUAGE) return { ...metadata, vscode: { ...vscode, languageId: language } };
  const { vscode: __, ...rest } = metadata;
  return Object.keys(vscode).length > 0 ? { ...rest, vscode } : rest;
}
