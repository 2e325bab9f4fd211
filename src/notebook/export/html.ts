import { createHash } from 'node:crypto';
import { type Notebook, type NotebookCell, tagsOf } from '../format.ts';
import { escapeHtml } from './escape.ts';
import { highlightTypeScript } from './highlight.ts';
import { firstHeading, markdownToHtml } from './markdown.ts';
import { outputToHtml } from './outputs.ts';
import { style } from './style.ts';

/** Gives each frame with a cell's HTML the height of what is in it. */
const FIT_FRAMES = `for (const frame of document.querySelectorAll('iframe')) {
  const fit = () => { frame.style.height = Math.min(frame.contentDocument.documentElement.offsetHeight + 8, 1200) + 'px'; };
  frame.addEventListener('load', fit);
  if (frame.contentDocument?.readyState === 'complete') fit();
}`;

/**
 * The notebook as one page that needs nothing else: text, code, outputs and pictures. Without scripts everything can be
 * read; `script` (dist/page.js) then brings our own outputs to life where it can, and leaves the picture where it cannot.
 *
 * Only the scripts put in here run: a content security policy names them by hash, and nothing of the notebook is
 * taken as HTML, except `text/html` outputs, which show in frames of their own without scripts.
 *
 * @param options.title for notebooks without a heading
 */
export function toHtml(notebook: Notebook, options: { title: string; script: string }): string {
  const title = titleOf(notebook) ?? options.title;
  const slugs = new Set<string>();
  const body = notebook.cells.map((cell) => cellToHtml(cell, slugs)).join('\n');
  const scripts = [...(body.includes('<iframe ') ? [FIT_FRAMES] : []), ...(options.script ? [options.script] : [])].map(
    inlineScript,
  );
  const hashes = scripts.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`).join(' ');
  // Charts set styles from scripts and terminal colours come as attributes, hence the one 'unsafe-inline'.
  const policy = `default-src 'none'; script-src ${hashes || "'none'"}; style-src 'unsafe-inline'; img-src * data: blob:; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="${languageTag(notebook)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="aenb">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${body}
</main>
${scripts.map((script) => `<script>${script}</script>`).join('\n')}
</body>
</html>
`;
}

/** The text of the first heading. */
export function titleOf(notebook: Notebook): string | undefined {
  for (const cell of notebook.cells) {
    const heading = cell.cell_type === 'markdown' ? firstHeading(cell.source) : undefined;
    if (heading) return heading;
  }
  return undefined;
}

function cellToHtml(cell: NotebookCell, slugs: Set<string>): string {
  const tags = tagsOf(cell);
  if (tags.includes('remove-cell')) return '';
  switch (cell.cell_type) {
    case 'markdown':
      return `<section class="text">\n${markdownToHtml(cell.source, cell.attachments, slugs)}</section>`;
    case 'raw':
      return cell.source ? `<section class="text"><pre>${escapeHtml(cell.source)}</pre></section>` : '';
    case 'code':
      return codeCellToHtml(cell, tags);
  }
}

function codeCellToHtml(cell: NotebookCell, tags: string[]): string {
  const outputs = cell.outputs ?? [];
  if (!cell.source.trim() && outputs.length === 0) return '';
  const hidden = (cell.metadata.jupyter ?? {}) as { source_hidden?: unknown; outputs_hidden?: unknown };
  const fold = (html: string, folded: unknown, summary: string) =>
    folded === true && html ? `<details><summary>${summary}</summary>${html}</details>` : html;

  const count = cell.execution_count ? `<span class="count">In [${cell.execution_count}]</span>` : '';
  const input = `<pre class="input"><code>${highlightTypeScript(cell.source)}</code></pre>`;
  const shown = outputs.length > 0 ? `<div class="outputs">${outputs.map(outputToHtml).join('\n')}</div>` : '';
  const parts = [
    tags.includes('remove-input') ? '' : count + fold(input, hidden.source_hidden, 'Code'),
    tags.includes('remove-output') ? '' : fold(shown, hidden.outputs_hidden, 'Output'),
  ];
  return `<section class="code">${parts.join('')}</section>`;
}

/** A script's text must not contain what ends a script element; in strings and templates these mean the same. */
function inlineScript(script: string): string {
  return script.replace(/<(?=\/script|!--)/gi, '\\x3c');
}

/** From metadata.lang, else told by the script that its texts are written in. */
function languageTag(notebook: Notebook): string {
  const { lang } = notebook.metadata;
  if (typeof lang === 'string' && /^[a-zA-Z]{2,3}(-[a-zA-Z0-9]+)*$/.test(lang)) return lang;
  const text = notebook.cells
    .filter((cell) => cell.cell_type === 'markdown')
    .map((cell) => cell.source)
    .join('\n');
  if (/[\p{Script=Hiragana}\p{Script=Katakana}]{2}/u.test(text)) return 'ja';
  if (/\p{Script=Hangul}{2}/u.test(text)) return 'ko';
  if (/\p{Script=Han}{2}/u.test(text)) return 'zh';
  return 'en';
}
