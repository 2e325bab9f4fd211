import type { MimeBundle, Notebook, Output } from '../format.ts';
import { print } from '../print.ts';
import { errorText } from './outputs.ts';

/** The notebook for Jupyter: the format is the same. */
export function toIpynb(notebook: Notebook): string {
  return print(notebook);
}

/**
 * One TypeScript module with the cells in the order they stand, each under a line `// %%` that editors know as the start
 * of a cell. What cells find loaded is imported.
 *
 * @param options.names the toolkit's exports; those that the cells mention are imported from 'aenb'
 */
export function toTypeScript(notebook: Notebook, options: { names: readonly string[] }): string {
  const code = notebook.cells
    .filter((cell) => cell.cell_type === 'code')
    .map((cell) => cell.source)
    .join('\n');
  const mentioned = (name: string) => new RegExp(`(?<![.\\p{L}\\p{N}_$])${name}(?![\\p{L}\\p{N}_$])`, 'u').test(code);
  const declared = (name: string) =>
    new RegExp(`(?:\\b(?:const|let|var|function|class|enum)\\s+|\\bimport\\b[^;'"]*[{,\\s])${name}\\b`).test(code);
  const wanted = (name: string) => mentioned(name) && !declared(name);

  const head: string[] = [];
  const names = options.names.filter((name) => /^[A-Za-z_]\w*$/.test(name) && wanted(name)).sort();
  if (names.length > 0) head.push(`import { ${names.join(', ')} } from 'aenb';`);
  if (wanted('ae')) head.push("import * as ae from 'aenb';");
  // without an import or export a file is a script, where await has no place at the top
  if (!/^\s*(?:import|export)\s/m.test([...head, code].join('\n'))) head.push('export {};');
  if (wanted('display')) {
    head.push('', '/** In a notebook this draws below the cell. */');
    head.push('const display = (value: unknown) => console.log(value);');
  }
  const cells = notebook.cells.map((cell) => {
    if (cell.cell_type === 'code') return `// %%\n${cell.source.trimEnd()}\n`;
    const kind = cell.cell_type === 'markdown' ? ' [markdown]' : ' [raw]';
    return `// %%${kind}\n${cell.source
      .trimEnd()
      .split(/\r?\n/)
      .map((line) => `// ${line}`.trimEnd())
      .join('\n')}\n`;
  });
  return [...(head.length > 0 ? [`${head.join('\n')}\n`] : []), ...cells].join('\n');
}

/** Markdown with the code in fences, the outputs below, and pictures as data addresses. */
export function toMarkdown(notebook: Notebook): string {
  const parts = notebook.cells.map((cell) => {
    if (cell.cell_type === 'markdown') return withAttachments(cell.source, cell.attachments).trimEnd();
    if (cell.cell_type === 'raw') return fence(cell.source, '');
    return [fence(cell.source, 'ts'), ...(cell.outputs ?? []).map(outputToMarkdown)].filter(Boolean).join('\n\n');
  });
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

function outputToMarkdown(output: Output): string {
  switch (output.output_type) {
    case 'stream':
      return fence(plain(output.text), 'text');
    case 'error':
      return fence(plain(errorText(output)), 'text');
    default:
      return bundleToMarkdown(output.data);
  }
}

function bundleToMarkdown(data: MimeBundle): string {
  const text = typeof data['text/plain'] === 'string' ? data['text/plain'] : '';
  const markdown = data['text/markdown'];
  if (typeof markdown === 'string') return markdown.trimEnd();
  const mime = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'].find((type) => typeof data[type] === 'string');
  if (mime) {
    const alt = plain(text)
      .replace(/\s+/g, ' ')
      .replace(/[[\]\\]/g, '\\$&')
      .trim();
    return `![${alt}](data:${mime};base64,${String(data[mime]).replace(/\s/g, '')})`;
  }
  return text ? fence(plain(text), 'text') : '';
}

/** A code block whose fence is longer than any run of backticks in it. */
function fence(text: string, language: string): string {
  if (!text.trim()) return '';
  const runs = text.match(/`{3,}/g) ?? [];
  const ticks = '`'.repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
  return `${ticks}${language}\n${text.trimEnd()}\n${ticks}`;
}

/** Without the control sequences of terminals. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character begins them
  return text.replace(/\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g, '');
}

function withAttachments(source: string, attachments: Record<string, unknown> = {}): string {
  return source.replace(/\]\(attachment:([^)\s]+)/g, (whole, name: string) => {
    const bundle = attachments[name] as MimeBundle | undefined;
    const image = Object.entries(bundle ?? {}).find(([mime]) => mime.startsWith('image/'));
    return image ? `](data:${image[0]};base64,${String(image[1]).replace(/\s/g, '')}` : whole;
  });
}
