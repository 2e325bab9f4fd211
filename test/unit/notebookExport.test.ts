import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  codeCell,
  emptyNotebook,
  markdownCell,
  type Notebook,
  type NotebookCell,
  type Output,
  parse,
  toHtml,
  toIpynb,
  toMarkdown,
  toTypeScript,
} from '../../src/notebook/index.ts';

const notebook = (...cells: NotebookCell[]): Notebook => ({ ...emptyNotebook(), cells });
const withOutputs = (...outputs: Output[]) => notebook({ ...codeCell('1'), outputs });
const display = (data: Record<string, unknown>, metadata = {}): Output => ({
  output_type: 'display_data',
  data,
  metadata,
});
const page = (of: Notebook, script = '') => toHtml(of, { title: 'file name', script });
const body = (of: Notebook) => /<main>([\s\S]*)<\/main>/.exec(page(of))![1]!;
const text = (html: string) => html.replace(/<[^>]*>/g, '');

describe('the page', () => {
  test('takes its title from the first heading, else from the file', () => {
    expect(page(notebook(markdownCell('text'), markdownCell('## A *b* `c` & <d>')))).toContain(
      '<title>A b c &amp; &lt;d&gt;</title>',
    );
    expect(page(notebook(codeCell('1')))).toContain('<title>file name</title>');
  });

  test.each([
    ['こんにちは', 'ja'],
    ['안녕하세요', 'ko'],
    ['你好世界', 'zh'],
    ['Hello', 'en'],
  ])('says in which language %s is', (source, lang) => {
    expect(page(notebook(markdownCell(source)))).toContain(`<html lang="${lang}">`);
  });

  test('takes the language from the metadata where it is given', () => {
    const german = { ...notebook(markdownCell('Hallo')), metadata: { lang: 'de-CH' } };
    expect(page(german)).toContain('<html lang="de-CH">');
  });

  test('allows exactly the scripts that it carries, by hash', () => {
    const html = page(withOutputs(display({ 'text/html': '<b>x</b>' })), 'const end = "</script><!--";');
    const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map((match) => match[1]!);
    const hashes = scripts.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`);
    expect(scripts).toHaveLength(2);
    expect(html).toContain(`script-src ${hashes.join(' ')};`);
    expect(html).toContain("default-src 'none'");
    // biome-ignore lint/security/noGlobalEval: the script has to mean the same after it was made fit for a page
    expect(eval(`(() => { ${scripts[1]}; return end; })()`)).toBe('</script><!--');
  });

  test('without scripts allows none', () => {
    expect(page(notebook(codeCell('1')))).toContain("script-src 'none'");
  });

  test('loads nothing from elsewhere', () => {
    const html = page(notebook(markdownCell('# T'), codeCell('1')));
    expect(html).not.toMatch(/<link|\bsrc=|@import|url\(/);
  });

  test('shows the count, folds what the notebook folds, leaves out what is tagged so', () => {
    const folded = { ...codeCell('secret'), metadata: { jupyter: { source_hidden: true } }, execution_count: 7 };
    const removed = { ...codeCell('gone'), metadata: { tags: ['remove-cell'] } };
    const html = body(notebook(folded, removed));
    expect(html).toContain('In [7]');
    expect(html).toMatch(/<details><summary>Code<\/summary>.*secret.*<\/details>/);
    expect(html).not.toContain('gone');
  });
});

describe('Markdown in the page', () => {
  const html = (source: string, cell: Partial<NotebookCell> = {}) =>
    body(notebook({ ...markdownCell(source), ...cell }));

  test.each([
    '<script>alert(1)</script>',
    'x <img src=x onerror=alert(1)>',
    '<div onclick="x">\n\ntext\n</div>',
    '[a](javascript:alert(1))',
    '[a](java\tscript:alert(1))',
    '[a](JaVaScRiPt:alert(1))',
    '[a](vbscript:x) ![a](javascript:x)',
    '[a](data:text/html,<script>alert(1)</script>)',
    '![a](data:text/html;base64,PHNjcmlwdD4=)',
    '![a" onerror="alert(1)](x.png)',
    '[a](x"onmouseover="alert(1))',
    '[a](x.md "t\\" onmouseover=\\"alert(1)")',
    '$<script>alert(1)</script>$',
    '```"><script>alert(1)</script>\nx\n```',
    '# <script>alert(1)</script>',
    '| <script>alert(1)</script> |\n|---|\n| x |',
  ])('cannot run a script: %s', (source) => {
    const shown = html(source);
    const tags = [...shown.matchAll(/<[a-z][^>]*>/gi)].map((match) => match[0]);
    expect(tags.filter((tag) => /^<(script|iframe|object|style|base|form)\b/i.test(tag))).toEqual([]);
    expect(tags.filter((tag) => /\s(on\w+|style)\s*=/i.test(tag.replace(/"[^"]*"/g, '""')))).toEqual([]);
    expect(tags.filter((tag) => /(href|src)="\s*(javascript|vbscript|data:text)/i.test(tag))).toEqual([]);
  });

  test('shows raw HTML as text and keeps the Markdown beside it', () => {
    const shown = html('<b>not bold</b> [link](https://example.com)<br>next <!-- note -->');
    expect(shown).toContain('&lt;b&gt;not bold&lt;/b&gt; <a href="https://example.com">link</a><br>next');
    expect(shown).not.toContain('note');
  });

  test('keeps relative and web addresses and embedded images', () => {
    expect(html('[a](02-next.aenb) [b](#part) ![c](pictures/x.png)')).toContain('<a href="02-next.aenb">a</a>');
    expect(html('![c](data:image/png;base64,iVBO)')).toContain('<img src="data:image/png;base64,iVBO" alt="c">');
  });

  test('shows images pasted into the cell', () => {
    const attachments = { 'my pic.png': { 'image/png': 'iVBO\n' } };
    expect(html('![x](attachment:my%20pic.png)', { attachments })).toContain('src="data:image/png;base64,iVBO"');
  });

  test('leaves formulas as they are written', () => {
    expect(text(html('so $a_1 * b_2 * c$ costs \\$5 and $6'))).toContain('so a_1 * b_2 * c costs $5 and $6');
    expect(text(html('$$\nx_1 * y_1 * z\n$$'))).toContain('x_1 * y_1 * z');
  });

  test('gives equal headings different ids', () => {
    const shown = body(notebook(markdownCell('## Same'), markdownCell('## Same')));
    expect([...shown.matchAll(/<h2 id="([^"]+)"/g)].map((match) => match[1])).toEqual(['same', 'same-1']);
  });
});

describe('code in the page', () => {
  test.each([
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is a cell's code
    'const a = `x ${b ? `y ${c}` : "}"} z`; // end',
    'a / b / c; x = /[/"]+/g; f(/a/)',
    '\'unclosed\n"also\n`never ${ends',
    '/* open',
    'class A<T extends B> { #p = 1_000n; get x(): number { return 0x1f; } }',
    '日本 = "語"; a && b < c > d',
    '`${',
    '\\ @ # ¿ \u{1f600}',
  ])('comes through whole: %s', (source) => {
    const shown = body(notebook(codeCell(source)));
    const code = /<code>([\s\S]*)<\/code>/.exec(shown)![1]!;
    const entities: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&quot;': '"', '&#39;': "'" };
    expect(text(code).replace(/&[a-z#0-9]+;/g, (entity) => entities[entity]!)).toBe(source);
  });

  test('colours keywords, strings, comments, numbers and types', () => {
    const shown = body(notebook(codeCell("const x: Map = f('s', 1); // c")));
    for (const part of [
      'keyword">const',
      'type">Map',
      'call">f',
      'string">&#39;s&#39;',
      'number">1',
      'comment">// c',
    ]) {
      expect(shown).toContain(`<span class="${part}</span>`);
    }
  });
});

describe('outputs in the page', () => {
  test('terminal colours show and text is never HTML', () => {
    const html = body(withOutputs({ output_type: 'stream', name: 'stdout', text: '\u001b[31mred\u001b[0m <b>&' }));
    expect(html).toContain('<span class="ansi-red-fg">red</span> &lt;b&gt;&amp;');
  });

  test('an overwritten line shows as a terminal leaves it', () => {
    const html = body(
      withOutputs({ output_type: 'stream', name: 'stdout', text: 'loss 0.51\rloss 0.4\nab\b\bx\nlong\r\n' }),
    );
    expect(text(html)).toContain('loss 0.41\nxb\nlong');
  });

  test('an error shows its stack', () => {
    const html = body(
      withOutputs({
        output_type: 'error',
        ename: 'E',
        evalue: '<v>',
        traceback: ['E: <v>', '  at Cell In[1], line 2'],
      }),
    );
    expect(html).toContain('E: &lt;v&gt;\n  at Cell In[1], line 2');
  });

  test('our kinds carry their payload, their picture and their sentence', () => {
    const payload = { title: '</script><script>alert(1)</script><!--' };
    const data = {
      'application/vnd.aenb.curves.v1+json': payload,
      'image/png': 'iVBO\n',
      'text/plain': 'Loss <falls>',
    };
    const html = body(withOutputs(display(data, { 'image/png': { width: 320, height: 200 } })));
    const script =
      /<figure class="aenb-output"><script type="application\/vnd\.aenb\.curves\.v1\+json">(.*?)<\/script><img alt="Loss &lt;falls&gt;" src="data:image\/png;base64,iVBO" width="320" height="200"><\/figure>/.exec(
        html,
      );
    expect(JSON.parse(script![1]!)).toEqual(payload);
  });

  test('HTML goes into a frame where no script runs', () => {
    const html = body(withOutputs(display({ 'text/html': '<script>alert(1)</script>"\'' })));
    expect(html).toMatch(/<iframe sandbox="allow-same-origin allow-popups" srcdoc="[^"]*&lt;script&gt;[^"]*"/);
    expect(html).not.toContain('<script>');
  });

  test('SVG is an image, where its scripts do not run', () => {
    const html = body(withOutputs(display({ 'image/svg+xml': '<svg onload="alert(1)"/>', 'text/plain': 'box' })));
    expect(html).toContain('<img alt="box" src="data:image/svg+xml,%3Csvg');
  });

  test.each([
    [{ 'text/markdown': '**b**' }, '<strong>b</strong>'],
    [{ 'text/latex': '$x<y$' }, '$x&lt;y$'],
    [{ 'application/json': { a: 1 } }, '&quot;a&quot;: 1'],
    [{ 'text/plain': 'x', 'image/jpeg': '/9j' }, 'data:image/jpeg;base64,/9j'],
    [{ 'application/x-unknown': 'zz' }, 'Output of type application/x-unknown'],
  ])('%j shows', (data, shown) => {
    expect(body(withOutputs(display(data)))).toContain(shown);
  });
});

describe('as TypeScript', () => {
  const names = ['Autoencoder', 'plot', 'tf', 'PCA'];

  test('imports what the cells use of the toolkit and keeps the text as comments', () => {
    const made = toTypeScript(
      notebook(markdownCell('# T\n\nx'), codeCell('const m = new Autoencoder();\nplot.curves(1);')),
      { names },
    );
    expect(made).toBe(
      "import { Autoencoder, plot } from 'aenb';\n\n// %% [markdown]\n// # T\n//\n// x\n\n// %%\nconst m = new Autoencoder();\nplot.curves(1);\n",
    );
  });

  test('does not import what a cell declares or imports itself, nor names of properties', () => {
    const code = "import { PCA } from './mine';\nconst plot = 1; a.tf(); new Autoencoder2();";
    expect(toTypeScript(notebook(codeCell(code)), { names })).toBe(`// %%\n${code}\n`);
  });

  test('is always a module, in which await may stand at the top', () => {
    expect(toTypeScript(notebook(codeCell('await 1')), { names })).toMatch(/^export \{\};\n/);
  });
});

describe('as Markdown', () => {
  test('fences code and outputs, and embeds pictures', () => {
    const cell = codeCell('a');
    cell.outputs = [
      { output_type: 'stream', name: 'stdout', text: '\u001b[31mred\u001b[0m\n' },
      display({ 'image/png': 'iVBO\n', 'text/plain': 'a [picture]' }),
    ];
    expect(toMarkdown(notebook(markdownCell('# T\n'), cell))).toBe(
      '# T\n\n```ts\na\n```\n\n```text\nred\n```\n\n![a \\[picture\\]](data:image/png;base64,iVBO)\n',
    );
  });

  test('a fence is longer than those in the text', () => {
    expect(toMarkdown(notebook(codeCell('a = `````x`````')))).toBe('``````ts\na = `````x`````\n``````\n');
  });
});

test('as ipynb it is the same notebook', () => {
  const original = notebook(markdownCell('# T', 'a'), codeCell('1', 'b'));
  expect(parse(toIpynb(original))).toEqual(original);
});
