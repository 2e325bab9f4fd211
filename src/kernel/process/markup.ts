/** html`…`, svg`…` and md`…`: markup that shows as what it says. */

/** A tag for template literals, which escapes what is put in, and a function of a string, which is taken as it is. */
export function markupHelper(mime: string) {
  return (strings: TemplateStringsArray | string, ...values: unknown[]): object => {
    if (typeof strings === 'string') return new Markup(mime, strings);
    const parts = strings.map((part, i) => part + (i < values.length ? inserted(values[i], mime) : ''));
    return new Markup(mime, parts.join(''));
  };
}

function inserted(value: unknown, mime: string): string {
  if (Array.isArray(value)) return value.map((item) => inserted(item, mime)).join('');
  if (value === undefined || value === null || value === false) return '';
  if (value instanceof Markup && value.mime !== 'text/markdown') return value.content;
  return mime === 'text/markdown' ? String(value) : escapeHtml(String(value));
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

class Markup {
  constructor(
    readonly mime: string,
    readonly content: string,
  ) {}

  toString(): string {
    return this.content;
  }

  [Symbol.for('Jupyter.display')](): Record<string, string> {
    return { [this.mime]: this.content, 'text/plain': this.content };
  }
}
