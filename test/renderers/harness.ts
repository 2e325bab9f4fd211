/** A browser page that stands in for VS Code's notebook: the built renderers, their contract, a theme's variables. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { ensureChromium } from '../../scripts/setup/chromium.mjs';

const dist = new URL('../../dist/', import.meta.url);

export type ThemeName = 'light' | 'dark' | 'contrast';

/** What VS Code's own light, dark and high contrast themes set, as far as renderers read it. */
const themes: Record<ThemeName, { class: string; variables: Record<string, string> }> = {
  light: {
    class: 'vscode-light',
    variables: {
      'editor-background': '#ffffff',
      foreground: '#3b3b3b',
      focusBorder: '#005fb8',
      'progressBar-background': '#005fb8',
      'editorHoverWidget-background': '#f8f8f8',
      'editorHoverWidget-border': '#c8c8c8',
      errorForeground: '#f85149',
      'dropdown-background': '#ffffff',
      'dropdown-border': '#cecece',
      'dropdown-foreground': '#3b3b3b',
    },
  },
  dark: {
    class: 'vscode-dark',
    variables: {
      'editor-background': '#1f1f1f',
      foreground: '#cccccc',
      focusBorder: '#0078d4',
      'progressBar-background': '#0078d4',
      'editorHoverWidget-background': '#202020',
      'editorHoverWidget-border': '#454545',
      errorForeground: '#f85149',
      'dropdown-background': '#313131',
      'dropdown-border': '#3c3c3c',
      'dropdown-foreground': '#cccccc',
    },
  },
  contrast: {
    class: 'vscode-high-contrast',
    variables: {
      'editor-background': '#000000',
      foreground: '#ffffff',
      focusBorder: '#f38518',
      'progressBar-background': '#6fc3df',
      'editorHoverWidget-background': '#0c141f',
      'editorHoverWidget-border': '#6fc3df',
      contrastBorder: '#6fc3df',
      errorForeground: '#f48771',
      'dropdown-background': '#000000',
      'dropdown-border': '#6fc3df',
      'dropdown-foreground': '#ffffff',
    },
  },
};

const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>renderers</title><link rel="icon" href="data:,">
<body style="margin: 0; padding: 12px 16px; background: var(--vscode-editor-background)">
<script type="module">
  const renderers = {};
  const listeners = [];
  window.posted = [];
  const context = {
    workspace: { isTrusted: true },
    setState() {}, getState() {},
    postMessage: (message) => { window.posted.push(message); window.answer?.(message); },
    onDidReceiveMessage: (listener) => { listeners.push(listener); return { dispose() {} }; },
  };
  window.reply = (message) => listeners.forEach((listener) => listener(message));
  window.load = async (kind) => { renderers[kind] ??= (await import('/renderers/' + kind + '.js')).activate(context); };
  window.render = (kind, id, json, hostId = id) => {
    let host = document.getElementById(hostId);
    if (!host) { host = document.createElement('div'); host.id = hostId; host.style.marginBottom = '24px'; document.body.append(host); }
    const item = { id, mime: '', metadata: {}, json: () => JSON.parse(json), text: () => json, data: () => ({ byteLength: json.length }) };
    renderers[kind].renderOutputItem(item, host, new AbortController().signal);
    // before anything else runs: what was painted when the renderer returned
    const canvas = host.querySelector('canvas');
    return { height: host.offsetHeight, painted: Boolean(canvas && window.inked(canvas)) };
  };
  window.dispose = (kind, id) => renderers[kind].disposeOutputItem(id);
  /** As when everything is cleared: all outputs go, of all kinds. */
  window.clear = () => {
    for (const renderer of Object.values(renderers)) renderer.disposeOutputItem();
    document.querySelectorAll('body > div').forEach((host) => host.remove());
    window.posted.length = 0;
    delete window.answer;
  };
  /** Renders and disposes an output many times over, as a cell does that is run again and again. */
  window.rerun = (kind, json, times) => {
    for (let i = 0; i < times; i++) {
      window.render(kind, kind + i, json, kind);
      window.dispose(kind, kind + i);
    }
  };
  /** Renders the same output many times over, as a live one is. */
  window.update = (kind, id, json, times) => {
    const host = document.getElementById(kind) ?? document.getElementById(id);
    for (let i = 0; i < times; i++) window.render(kind, id, json, host.id);
  };
  /** How many pixels of a canvas are not transparent. */
  window.inked = (canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i]) count++;
    return count;
  };
  window.ready = true;
</script></body></html>`;

export class Harness {
  private constructor(
    private readonly browser: Browser,
    private readonly server: Server,
    readonly address: string,
  ) {}

  static async start(): Promise<Harness> {
    const server = createServer((request, response) => {
      const path = new URL(request.url!, 'http://x').pathname;
      const file = new URL(`.${path}`, dist);
      if (path.endsWith('.js') && existsSync(file)) {
        response.setHeader('content-type', 'text/javascript');
        response.end(readFileSync(file));
      } else if (path === '/') {
        response.setHeader('content-type', 'text/html');
        response.end(html);
      } else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const browser = await chromium.launch({
      executablePath: await ensureChromium(),
      // without a locale Chromium names no download in Japanese
      env: { ...process.env, LC_ALL: 'C.UTF-8' } as Record<string, string>,
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
    });
    return new Harness(browser, server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async open(theme: ThemeName, width: number, options: { scale?: number; locale?: string } = {}): Promise<Notebook> {
    const page = await this.browser.newPage({
      viewport: { width, height: 900 },
      deviceScaleFactor: options.scale ?? 1,
      locale: options.locale ?? 'en',
    });
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.goto(this.address);
    await page.waitForFunction('window.ready');
    const notebook = new Notebook(page, problems);
    await notebook.setTheme(theme);
    return notebook;
  }

  /** An exported page as a browser shows it, without VS Code. */
  async openPage(
    content: string,
    options: { width: number; scheme: 'light' | 'dark'; problems?: string[] },
  ): Promise<Page> {
    const page = await this.browser.newPage({
      viewport: { width: options.width, height: 900 },
      colorScheme: options.scheme,
    });
    page.on('pageerror', (error) => options.problems?.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && options.problems?.push(message.text()));
    await page.setContent(content);
    return page;
  }

  async stop(): Promise<void> {
    await this.browser.close();
    this.server.close();
  }
}

export class Notebook {
  constructor(
    readonly page: Page,
    /** Errors of the page so far. */
    readonly problems: string[],
  ) {}

  async setTheme(theme: ThemeName): Promise<void> {
    const { class: name, variables } = themes[theme];
    await this.page.evaluate(
      ({ name, variables }) => {
        for (const [key, value] of Object.entries(variables)) {
          document.documentElement.style.setProperty(`--vscode-${key}`, value);
        }
        document.body.className = name;
      },
      { name, variables },
    );
  }

  /** Renders as VS Code does; tells what stood there when the renderer returned. */
  async render(kind: string, id: string, payload: unknown, host = id): Promise<{ height: number; painted: boolean }> {
    await this.page.evaluate((kind) => (window as unknown as Functions).load(kind), kind);
    return this.page.evaluate(
      ([kind, id, json, host]) => (window as unknown as Functions).render(kind!, id!, json!, host!),
      [kind, id, typeof payload === 'string' ? payload : JSON.stringify(payload), host],
    );
  }

  async clear(): Promise<void> {
    await this.page.evaluate(() => (window as unknown as Functions).clear());
    this.problems.length = 0;
  }

  async rerun(kind: string, payload: unknown, times: number): Promise<void> {
    await this.page.evaluate(([kind, json, times]) => (window as unknown as Functions).rerun(kind, json, times), [
      kind,
      JSON.stringify(payload),
      times,
    ] as [string, string, number]);
  }

  /** Renders an output that is there anew, so many times. */
  async update(kind: string, id: string, payload: unknown, times: number): Promise<void> {
    await this.page.evaluate(
      ([kind, id, json, times]) => (window as unknown as Functions).update(kind, id, json, times),
      [kind, id, JSON.stringify(payload), times] as [string, string, string, number],
    );
  }

  /** Pixels with ink of the canvas that a selector finds. */
  inked(selector: string): Promise<number> {
    return this.page.locator(selector).evaluate((canvas) => (window as unknown as Functions).inked(canvas));
  }

  async close(): Promise<void> {
    await this.page.close();
  }
}

interface Functions {
  load(kind: string): Promise<void>;
  render(kind: string, id: string, json: string, host: string): { height: number; painted: boolean };
  clear(): void;
  rerun(kind: string, json: string, times: number): void;
  update(kind: string, id: string, json: string, times: number): void;
  inked(canvas: Element): number;
}
