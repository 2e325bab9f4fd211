/** The notebook in memory: nbformat 4.5, with every text that the file splits into lines joined to one string. */

export const NBFORMAT = 4;
export const NBFORMAT_MINOR = 5;

export interface Notebook {
  metadata: Record<string, unknown>;
  nbformat: 4;
  nbformat_minor: number;
  cells: NotebookCell[];
}

export interface NotebookCell {
  cell_type: 'code' | 'markdown' | 'raw';
  /** 1 to 64 letters, digits, - and _, unique in the notebook. */
  id: string;
  metadata: Record<string, unknown>;
  source: string;
  /** Code cells only. */
  outputs?: Output[];
  /** Code cells only: the n of In[n], null before the first run. */
  execution_count?: number | null;
  /** Images pasted into a markdown cell: name, then MIME type, then base64. */
  attachments?: Record<string, unknown>;
}

/** Representations by MIME type: text as one string, JSON types as values, images as base64. */
export type MimeBundle = Record<string, unknown>;

export type Output = StreamOutput | DisplayOutput | ResultOutput | ErrorOutput;

export interface StreamOutput {
  output_type: 'stream';
  /** `stdout` or `stderr`. */
  name: string;
  text: string;
}

export interface DisplayOutput {
  output_type: 'display_data';
  data: MimeBundle;
  metadata: Record<string, unknown>;
}

export interface ResultOutput {
  output_type: 'execute_result';
  data: MimeBundle;
  metadata: Record<string, unknown>;
  execution_count: number | null;
}

export interface ErrorOutput {
  output_type: 'error';
  ename: string;
  evalue: string;
  traceback: string[];
}

/** What a new notebook says about its language, in Jupyter's words. */
export function aenbMetadata(): Record<string, unknown> {
  return {
    kernelspec: { name: 'aenb', display_name: 'Autoencoder (TypeScript)', language: 'typescript' },
    language_info: {
      name: 'typescript',
      file_extension: '.ts',
      mimetype: 'text/x-typescript',
      codemirror_mode: { name: 'javascript', typescript: true },
      pygments_lexer: 'typescript',
    },
  };
}

export function emptyNotebook(): Notebook {
  return { metadata: aenbMetadata(), nbformat: NBFORMAT, nbformat_minor: NBFORMAT_MINOR, cells: [] };
}

/** A new cell id, in the form that Jupyter makes: eight hexadecimal digits. */
export function newCellId(): string {
  return crypto.randomUUID().slice(0, 8);
}

export function codeCell(source: string, id = newCellId()): NotebookCell {
  return { cell_type: 'code', id, metadata: {}, source, outputs: [], execution_count: null };
}

export function markdownCell(source: string, id = newCellId()): NotebookCell {
  return { cell_type: 'markdown', id, metadata: {}, source };
}

/** The cell's tags: `parameters` and `raises-exception` mean something to `aenb run`. */
export function tagsOf(cell: NotebookCell): string[] {
  const { tags } = cell.metadata;
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [];
}

/** The language that the notebook's cells are written in, as its metadata says; undefined where it says nothing. */
export function languageOf(notebook: Notebook): string | undefined {
  const { language_info: info, kernelspec } = notebook.metadata as Record<string, Record<string, unknown> | undefined>;
  const language = info?.name ?? kernelspec?.language;
  return typeof language === 'string' ? language : undefined;
}

/** Whether values of this MIME type are JSON, which files keep as it is instead of as lines of text. */
export function isJsonMime(mime: string): boolean {
  return mime === 'application/json' || (mime.startsWith('application/') && mime.endsWith('+json'));
}

const ID = /^[a-zA-Z0-9_-]{1,64}$/;

/**
 * Ids as the file has them; missing, malformed and repeated ones are replaced. The replacement follows from the cell's
 * place and text, so that reading a file twice gives the same ids.
 */
export function uniqueIds(cells: readonly { id?: unknown; source: string }[]): string[] {
  const kept = new Set(cells.map(({ id }) => id).filter((id) => typeof id === 'string' && ID.test(id)));
  const used = new Set<string>();
  return cells.map(({ id, source }, i) => {
    let unique = typeof id === 'string' && ID.test(id) && !used.has(id) ? id : undefined;
    for (let salt = 0; unique === undefined; salt++) {
      const candidate = hash(`${i} ${salt} ${source}`);
      if (!kept.has(candidate) && !used.has(candidate)) unique = candidate;
    }
    used.add(unique);
    return unique;
  });
}

/** FNV-1a, 32 bits, as eight hexadecimal digits. */
function hash(text: string): string {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return (state >>> 0).toString(16).padStart(8, '0');
}
