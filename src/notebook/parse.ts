import {
  emptyNotebook,
  isJsonMime,
  NBFORMAT,
  NBFORMAT_MINOR,
  type Notebook,
  type NotebookCell,
  type Output,
  uniqueIds,
} from './format.ts';
import { NotebookError, parseJson } from './json.ts';

type Fields = Record<string, unknown>;

/**
 * Reads the text of an .aenb or .ipynb file of nbformat 4.0 to 4.5; older minors are upgraded, which gives each cell an
 * id. Metadata and keys that are unknown to us are kept. A text of nothing but white space is an empty notebook.
 *
 * @throws NotebookError with the reason and, where one can be told, line and column
 */
export function parse(text: string): Notebook {
  if (text.replace('\ufeff', '').trim() === '') return emptyNotebook();
  const { value, placeOf } = parseJson(text);

  function refuse(reason: string, at: unknown): never {
    throw new NotebookError(reason, placeOf(at));
  }

  /** The object under a key; a missing one is made, since other programs leave empty metadata out. */
  function objectAt(owner: Fields, key: string, path: string): Fields {
    if (owner[key] === undefined) owner[key] = {};
    if (!isObject(owner[key])) refuse(`${path}.${key} must be an object, got ${describe(owner[key])}`, owner);
    return owner[key];
  }

  function textAt(owner: Fields, key: string, path: string): string {
    const joined = joinLines(owner[key] ?? '');
    if (joined === undefined) {
      refuse(`${path}.${key} must be a text or a list of lines, got ${describe(owner[key])}`, owner);
    }
    return joined;
  }

  function countAt(owner: Fields, path: string): number | null {
    const count = owner.execution_count ?? null;
    if (count !== null && !(Number.isInteger(count) && (count as number) >= 0)) {
      refuse(`${path}.execution_count must be null or a whole number, got ${describe(count)}`, owner);
    }
    return count as number | null;
  }

  function readOutput(raw: unknown, path: string, cell: Fields): Output {
    if (!isObject(raw)) refuse(`${path} must be an object, got ${describe(raw)}`, cell);
    switch (raw.output_type) {
      case 'stream':
        raw.name ??= 'stdout';
        if (typeof raw.name !== 'string') refuse(`${path}.name must be a text, got ${describe(raw.name)}`, raw);
        raw.text = textAt(raw, 'text', path);
        break;
      case 'execute_result':
        raw.execution_count = countAt(raw, path);
        joinBundle(objectAt(raw, 'data', path));
        objectAt(raw, 'metadata', path);
        break;
      case 'display_data':
        joinBundle(objectAt(raw, 'data', path));
        objectAt(raw, 'metadata', path);
        break;
      case 'error':
        raw.ename = textAt(raw, 'ename', path);
        raw.evalue = textAt(raw, 'evalue', path);
        raw.traceback ??= [];
        if (!isLines(raw.traceback)) refuse(`${path}.traceback must be a list of lines`, raw);
        break;
      default:
        refuse(
          `${path}.output_type must be stream, display_data, execute_result or error, got ${describe(raw.output_type)}`,
          raw,
        );
    }
    return raw as unknown as Output;
  }

  function readCell(raw: unknown, path: string, owner: unknown): NotebookCell {
    if (!isObject(raw)) refuse(`${path} must be an object, got ${describe(raw)}`, owner);
    const type = raw.cell_type;
    if (type !== 'code' && type !== 'markdown' && type !== 'raw') {
      refuse(`${path}.cell_type must be code, markdown or raw, got ${describe(type)}`, raw);
    }
    raw.source = textAt(raw, 'source', path);
    const metadata = objectAt(raw, 'metadata', path);
    // says that Jupyter has verified the outputs on one machine; never stored in files
    delete metadata.trusted;
    if (raw.attachments !== undefined) {
      for (const bundle of Object.values(objectAt(raw, 'attachments', path))) if (isObject(bundle)) joinBundle(bundle);
    }
    if (type === 'code') {
      const outputs = raw.outputs ?? [];
      if (!Array.isArray(outputs)) refuse(`${path}.outputs must be a list, got ${describe(outputs)}`, raw);
      raw.outputs = outputs.map((output, i) => readOutput(output, `${path}.outputs[${i}]`, raw));
      raw.execution_count = countAt(raw, path);
    }
    return raw as unknown as NotebookCell;
  }

  if (!isObject(value)) refuse(`not a notebook: the file holds ${describe(value)} instead of an object`, value);
  checkVersion(value);
  if (!Array.isArray(value.cells)) refuse(`not a notebook: cells must be a list, got ${describe(value.cells)}`, value);
  const metadata = objectAt(value, 'metadata', 'notebook');
  for (const transient of ['orig_nbformat', 'orig_nbformat_minor', 'signature']) delete metadata[transient];
  const cells = value.cells.map((cell, i) => readCell(cell, `cells[${i}]`, value.cells));
  uniqueIds(cells).forEach((id, i) => {
    cells[i]!.id = id;
  });
  value.cells = cells;
  value.nbformat_minor = NBFORMAT_MINOR;
  return value as unknown as Notebook;
}

function checkVersion({ nbformat, nbformat_minor: minor }: Fields): void {
  if (nbformat === undefined)
    throw new NotebookError('not a notebook: nbformat, the version of its format, is missing');
  const known = `this version reads ${NBFORMAT}.0 to ${NBFORMAT}.${NBFORMAT_MINOR}`;
  if (!Number.isInteger(nbformat) || !(minor === undefined || Number.isInteger(minor))) {
    throw new NotebookError(`nbformat must be whole numbers, got ${describe(nbformat)} and ${describe(minor)}`);
  }
  const version = `${nbformat}.${minor ?? 0}`;
  if ((nbformat as number) < NBFORMAT) {
    throw new NotebookError(
      `the file has the old notebook format ${version}; ${known}. Convert it with: jupyter nbconvert --to notebook`,
    );
  }
  if ((nbformat as number) > NBFORMAT || ((minor as number) ?? 0) > NBFORMAT_MINOR) {
    throw new NotebookError(`the file has the newer notebook format ${version}; ${known}. A newer aenb may read it`);
  }
}

function joinBundle(bundle: Fields): void {
  for (const [mime, value] of Object.entries(bundle)) {
    if (!isJsonMime(mime) && isLines(value)) bundle[mime] = value.join('');
  }
}

function joinLines(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return isLines(value) ? value.join('') : undefined;
}

function isLines(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((line) => typeof line === 'string');
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value))
    return value.every((item) => typeof item === 'string') ? 'a list' : 'a list of other values';
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
