import { createHash } from 'node:crypto';
import { parse, print } from '../notebook/index.ts';
import { type DocumentData, fromNotebook, toNotebook } from './documentData.ts';

/**
 * Reads and writes the text of notebook files. A notebook that is saved as it was opened gets the very text that it had,
 * also when another program laid that out in its own way: each text read is remembered under what we would write for it.
 */
export class FileText {
  private readonly originals = new Map<string, string>();

  /** @throws NotebookError with the reason, when the text is no notebook or one of a newer format */
  read(text: string): DocumentData {
    const document = fromNotebook(parse(text));
    this.remember(print(toNotebook(document)), text);
    return document;
  }

  write(document: DocumentData): string {
    const text = print(toNotebook(document));
    return this.originals.get(digest(text)) ?? text;
  }

  private remember(ours: string, original: string): void {
    const key = digest(ours);
    this.originals.delete(key);
    if (ours === original || original.trim() === '') return;
    this.originals.set(key, original);
    // a handful of open notebooks; the oldest goes first
    if (this.originals.size > 20) this.originals.delete(this.originals.keys().next().value!);
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
