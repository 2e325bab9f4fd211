import { escapeHtml } from './escape.ts';

/**
 * Light colouring of TypeScript for reading: comments, strings, numbers, keywords, types, calls. It is not a parser; what
 * it cannot tell stays plain, and the text itself always comes through whole.
 */
export function highlightTypeScript(code: string): string {
  let html = '';
  let at = 0;
  /** Whether a slash here divides; otherwise it begins a regular expression. */
  let afterValue = false;

  while (at < code.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(code);
    if (!match) {
      html += escapeHtml(code.slice(at));
      break;
    }
    html += escapeHtml(code.slice(at, match.index));
    let token = match[0];
    at = match.index + token.length;
    let kind: string | undefined;
    if (token.startsWith('//') || token.startsWith('/*')) kind = 'comment';
    else if (token === '`') {
      const end = templateEnd(code, match.index);
      html += highlightTemplate(code.slice(match.index, end));
      at = end;
      afterValue = true;
      continue;
    } else if (token[0] === '"' || token[0] === "'") kind = 'string';
    else if (/^\.?\d/.test(token)) kind = 'number';
    else if (token === '/') {
      REGEX.lastIndex = match.index;
      const regex = afterValue ? null : REGEX.exec(code);
      if (regex) {
        token = regex[0];
        at = match.index + token.length;
        kind = 'string';
      }
    } else if (/^[\p{L}_$]/u.test(token)) kind = wordKind(token, code, match.index);

    html += kind && kind !== 'name' ? `<span class="${kind}">${escapeHtml(token)}</span>` : escapeHtml(token);
    if (kind !== 'comment') afterValue = kind ? kind !== 'keyword' : /^[)\]}]$/.test(token);
  }
  return html;
}

const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|`|"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?|\.?\d[\w.]*(?:(?<=[eE])[+-]\d+)?|[\p{L}_$][\p{L}\p{N}_$]*|\/|[^\s\p{L}\p{N}_$]/gu;
const REGEX = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[dgimsuvy]*/uy;

const KEYWORDS = new Set(
  `abstract accessor any as asserts async await bigint boolean break case catch class const continue debugger declare
  default delete do else enum export extends false finally for from function get if implements import in infer instanceof
  interface is keyof let namespace never new null number object of out override private protected public readonly return
  satisfies set static string super switch symbol this throw true try type typeof undefined unique unknown using var void
  while with yield`.split(/\s+/),
);
/** Keywords only in some places; elsewhere ordinary names, such as a method `get` or a variable `type`. */
const CONTEXTUAL = new Set('any as from get is object of out set string number symbol type unique using'.split(' '));

function wordKind(word: string, code: string, start: number): string | undefined {
  const end = start + word.length;
  const property = code[start - 1] === '.' && code[start - 2] !== '.';
  const following = /\s*(\S?)/y;
  following.lastIndex = end;
  const next = following.exec(code)?.[1] ?? '';
  if (!property && KEYWORDS.has(word) && !(CONTEXTUAL.has(word) && /^$|[=.(,:;)}\]]/.test(next))) return 'keyword';
  if (next === '(') return /^\p{Lu}/u.test(word) ? 'type' : 'call';
  return /^\p{Lu}/u.test(word) ? 'type' : 'name';
}

/** Offset after the template literal that starts at `start`, with the templates nested in it. */
function templateEnd(code: string, start: number): number {
  let at = start + 1;
  while (at < code.length) {
    if (code[at] === '\\') at += 2;
    else if (code[at] === '`') return at + 1;
    else if (code.startsWith('${', at)) at = substitutionEnd(code, at);
    else at++;
  }
  return code.length;
}

/** Offset after the `}` that closes the substitution starting at `start`. */
function substitutionEnd(code: string, start: number): number {
  let depth = 0;
  for (let at = start + 1; at < code.length; at++) {
    if (code[at] === '{') depth++;
    else if (code[at] === '}' && --depth === 0) return at + 1;
    else if (code[at] === '`') at = templateEnd(code, at) - 1;
  }
  return code.length;
}

function highlightTemplate(template: string): string {
  let html = '';
  let text = '';
  const flush = () => {
    if (text) html += `<span class="string">${escapeHtml(text)}</span>`;
    text = '';
  };
  for (let at = 0; at < template.length; ) {
    if (template[at] === '\\') {
      text += template.slice(at, at + 2);
      at += 2;
    } else if (template.startsWith('${', at)) {
      const end = substitutionEnd(template, at);
      const closed = template[end - 1] === '}';
      flush();
      html += `\${${highlightTypeScript(template.slice(at + 2, closed ? end - 1 : end))}${closed ? '}' : ''}`;
      at = end;
    } else text += template[at++];
  }
  flush();
  return html;
}
