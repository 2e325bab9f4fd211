import { Marked, type Tokens } from 'marked';
import { escapeHtml } from './escape.ts';
import { highlightTypeScript } from './highlight.ts';

/**
 * Markdown as HTML that cannot run anything: raw HTML shows as text (line breaks aside), links and pictures keep only harmless addresses,
 * formulas between dollar signs are kept as they were written.
 *
 * @param attachments images of the cell, by name and MIME type, that `attachment:name` refers to
 * @param slugs ids already given to headings of the page; this call adds its own
 */
export function markdownToHtml(
  source: string,
  attachments: Record<string, unknown> = {},
  slugs = new Set<string>(),
): string {
  const marked = new Marked({ gfm: true });
  marked.use({
    extensions: [
      formula('block', /^\$\$([\s\S]+?)\$\$(?:\n|$)/),
      formula('inline', /^\$(?![\s$])((?:\\.|[^$\\\n])*?[^\s\\$])\$(?!\d)/),
    ],
    tokenizer: {
      // what is no HTML is Markdown: the rest of the line keeps its links and emphasis, and a tag shows as text
      html: (text) => (text.startsWith('<!--') ? false : undefined),
      tag: (text) => (/^<!--|^<br *\/?>/.test(text) ? false : undefined),
    },
    renderer: {
      html: ({ text }) => (text.startsWith('<!--') ? '' : '<br>'),
      heading({ tokens, depth, text }: Tokens.Heading) {
        const id = slug(text, slugs);
        return `<h${depth} id="${escapeHtml(id)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, title, tokens }: Tokens.Link) {
        const content = this.parser.parseInline(tokens);
        if (!isSafeLink(href)) return content;
        return `<a href="${escapeHtml(href)}"${titleAttribute(title)}>${content}</a>`;
      },
      image({ href, title, text }: Tokens.Image) {
        const source = href.startsWith('attachment:') ? attachmentUrl(attachments, href) : href;
        if (!source || !isSafeImage(source)) return escapeHtml(text);
        return `<img src="${escapeHtml(source)}" alt="${escapeHtml(text)}"${titleAttribute(title)}>`;
      },
      code({ text, lang }: Tokens.Code) {
        const language = lang?.split(/\s/)[0]?.toLowerCase() ?? '';
        const isScript = ['ts', 'typescript', 'js', 'javascript', 'mts', 'mjs'].includes(language);
        return `<pre><code>${isScript ? highlightTypeScript(text) : escapeHtml(text)}</code></pre>\n`;
      },
      table({ header, rows }: Tokens.Table) {
        const row = (cells: Tokens.TableCell[]) =>
          `<tr>${cells
            .map((cell) => {
              const tag = cell.header ? 'th' : 'td';
              return `<${tag}${cell.align ? ` class="${cell.align}"` : ''}>${this.parser.parseInline(cell.tokens)}</${tag}>`;
            })
            .join('')}</tr>\n`;
        // in a box of its own, so that a wide table scrolls instead of the page
        return `<div class="wide"><table><thead>${row(header)}</thead><tbody>${rows.map(row).join('')}</tbody></table></div>\n`;
      },
    },
  });
  return marked.parse(source, { async: false });
}

/** The first heading of a Markdown text, as plain text. */
export function firstHeading(source: string): string | undefined {
  const heading = new Marked().lexer(source).find((token): token is Tokens.Heading => token.type === 'heading');
  return heading && plainText(heading.tokens).trim();
}

function plainText(tokens: readonly { type: string }[]): string {
  return tokens
    .map((token) => {
      const { tokens: inner, text = '' } = token as { tokens?: { type: string }[]; text?: string };
      return inner ? plainText(inner) : text;
    })
    .join('');
}

/** A formula is left as TeX: markdown would take its underscores and stars for emphasis. */
function formula(level: 'block' | 'inline', pattern: RegExp) {
  const name = `${level}Formula`;
  return {
    name,
    level,
    // where the next one may begin; a block is cut there, so it must be no other dollar sign
    start: (text: string) => (level === 'block' ? /^\$\$/m : /\$/).exec(text)?.index,
    tokenizer(text: string) {
      const match = pattern.exec(text);
      return match ? { type: name, raw: match[0], text: match[1]!.trim() } : undefined;
    },
    renderer: (token: Tokens.Generic) =>
      level === 'block'
        ? `<p class="formula">${escapeHtml(token.text)}</p>\n`
        : `<span class="formula">${escapeHtml(token.text)}</span>`,
  };
}

function slug(text: string, taken: Set<string>): string {
  const base =
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-+|-+$/g, '') || 'section';
  let id = base;
  for (let n = 1; taken.has(id); n++) id = `${base}-${n}`;
  taken.add(id);
  return id;
}

function titleAttribute(title: string | null | undefined): string {
  return title ? ` title="${escapeHtml(title)}"` : '';
}

/** The scheme of an address as a browser sees it: it drops control characters and white space before looking. */
function schemeOf(address: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what browsers drop
  return /^([a-z][a-z0-9+.-]*):/i.exec(address.replace(/[\u0000-\u0020]+/g, ''))?.[1]?.toLowerCase();
}

function isSafeLink(address: string): boolean {
  const scheme = schemeOf(address);
  return scheme === undefined || ['http', 'https', 'mailto'].includes(scheme);
}

function isSafeImage(address: string): boolean {
  const scheme = schemeOf(address);
  return (
    scheme === undefined || scheme === 'http' || scheme === 'https' || /^data:image\/[a-z0-9.+-]+[;,]/i.test(address)
  );
}

function attachmentUrl(attachments: Record<string, unknown>, address: string): string | undefined {
  let name = address.slice('attachment:'.length);
  try {
    name = decodeURIComponent(name);
  } catch {
    // not encoded: the name as it stands
  }
  const bundle = attachments[name];
  if (typeof bundle !== 'object' || bundle === null) return undefined;
  const image = Object.entries(bundle).find(([mime, data]) => mime.startsWith('image/') && typeof data === 'string');
  return image && `data:${image[0]};base64,${image[1].replace(/\s/g, '')}`;
}
