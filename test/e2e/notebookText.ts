import { codeCell, emptyNotebook, markdownCell, print } from '../../src/notebook/index.ts';

/** The text of a notebook with these code cells; one that begins with `#` is Markdown. */
export function notebookText(...sources: string[]): string {
  const cells = sources.map((source, i) =>
    source.startsWith('#') ? markdownCell(source, `cell-${i}`) : codeCell(source, `cell-${i}`),
  );
  return print({ ...emptyNotebook(), cells });
}
