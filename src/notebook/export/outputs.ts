import { AnsiUp } from 'ansi_up';
import { isJsonMime, type MimeBundle, type Output } from '../format.ts';
import { escapeHtml, escapeScriptJson } from './escape.ts';
import { markdownToHtml } from './markdown.ts';

/** One output of a cell as HTML. */
export function outputToHtml(output: Output): string {
  switch (output.output_type) {
    case 'stream':
      return `<pre class="stream ${output.name === 'stderr' ? 'stderr' : 'stdout'}">${terminalHtml(output.text)}</pre>`;
    case 'error':
      return `<pre class="error" role="group" aria-label="error">${terminalHtml(errorText(output))}</pre>`;
    default:
      return bundleToHtml(output.data, output.metadata);
  }
}

/** The traceback, which begins with name and message; where there is none, these two. */
export function errorText(error: { ename: string; evalue: string; traceback: readonly string[] }): string {
  return error.traceback.length > 0 ? error.traceback.join('\n') : `${error.ename}: ${error.evalue}`;
}

const OURS = /^application\/vnd\.aenb\.[a-z]+\.v\d+\+json$/;
const PICTURES = ['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif', 'image/bmp'];

function bundleToHtml(data: MimeBundle, metadata: Record<string, unknown>): string {
  const plain = typeof data['text/plain'] === 'string' ? data['text/plain'] : '';
  const ours = Object.keys(data).find((mime) => OURS.test(mime));
  const still = stillImage(data, metadata, plain);
  if (ours) {
    const payload = `<script type="${ours}">${escapeScriptJson(data[ours])}</script>`;
    return `<figure class="aenb-output">${payload}${still ?? `<pre>${terminalHtml(plain)}</pre>`}</figure>`;
  }
  const html = data['text/html'];
  if (typeof html === 'string') return frame(html);
  if (still) return `<figure>${still}</figure>`;
  const markdown = data['text/markdown'];
  if (typeof markdown === 'string') return `<div class="markdown">${markdownToHtml(markdown)}</div>`;
  const latex = data['text/latex'];
  if (typeof latex === 'string') return `<p class="formula">${escapeHtml(latex)}</p>`;
  if (plain) return `<pre class="result">${terminalHtml(plain)}</pre>`;
  const json = Object.keys(data).find(isJsonMime);
  if (json) return `<pre class="result">${escapeHtml(JSON.stringify(data[json], null, 2))}</pre>`;
  const [mime, value] = Object.entries(data)[0] ?? [];
  if (mime?.startsWith('text/') && typeof value === 'string') return `<pre class="result">${escapeHtml(value)}</pre>`;
  return mime ? `<p class="note">Output of type ${escapeHtml(mime)}</p>` : '';
}

/** The picture that shows without any script. SVG goes in as an image too: there its scripts do not run. */
function stillImage(data: MimeBundle, metadata: Record<string, unknown>, alt: string): string | undefined {
  const svg = data['image/svg+xml'];
  const bitmap = PICTURES.find((mime) => typeof data[mime] === 'string');
  const source =
    typeof svg === 'string'
      ? `data:image/svg+xml,${encodeURIComponent(svg)}`
      : bitmap && `data:${bitmap};base64,${String(data[bitmap]).replace(/\s/g, '')}`;
  if (!source) return undefined;
  const size = metadata[typeof svg === 'string' ? 'image/svg+xml' : bitmap!];
  return `<img alt="${escapeHtml(alt)}" src="${escapeHtml(source)}"${sizeAttributes(size)}>`;
}

/** Width and height in CSS pixels, where the output's metadata names them (Jupyter's convention). */
function sizeAttributes(size: unknown): string {
  const { width, height } = (size ?? {}) as { width?: unknown; height?: unknown };
  const attribute = (name: string, value: unknown) =>
    typeof value === 'number' && value > 0 ? ` ${name}="${Math.round(value)}"` : '';
  return attribute('width', width) + attribute('height', height);
}

/**
 * HTML of a cell in a frame of its own without scripts; the page reads its height, for which it has to be of the same
 * origin, and links open in a new window.
 */
function frame(html: string): string {
  const style =
    ':root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}body{margin:0}table{border-collapse:collapse}td,th{padding:.25em .75em;text-align:right}thead{border-bottom:1px solid}';
  const page = `<!doctype html><base target="_blank"><style>${style}</style>${html}`;
  return `<iframe sandbox="allow-same-origin allow-popups" srcdoc="${escapeHtml(page)}" title="HTML output"></iframe>`;
}

/** Text as a terminal would leave it on the screen, with its colours. */
export function terminalHtml(text: string): string {
  const ansi = new AnsiUp();
  ansi.use_classes = true;
  ansi.url_allowlist = { http: 1, https: 1 };
  // an escape sequence that is cut off at the end would be held back: the reset completes it
  return ansi.ansi_to_html(`${redraw(text)}\u001b[0m`);
}

/** Applies carriage returns and backspaces: what was overwritten is gone. */
function redraw(text: string): string {
  if (!/[\r\b]/.test(text)) return text;
  return text.replaceAll('\r\n', '\n').split('\n').map(redrawLine).join('\n');
}

function redrawLine(line: string): string {
  if (!/[\r\b]/.test(line)) return line;
  // columns cannot be told in a line with colours: there the last text drawn replaces the line
  if (line.includes('\u001b')) return line.split('\r').findLast((part) => part !== '') ?? '';
  const screen: string[] = [];
  let column = 0;
  for (const character of line) {
    if (character === '\r') column = 0;
    else if (character === '\b') column = Math.max(0, column - 1);
    else screen[column++] = character;
  }
  return screen.join('');
}
