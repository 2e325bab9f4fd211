import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Browser, chromium, type FrameLocator, type Locator, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { ensureChromium } from '../../scripts/setup/chromium.mjs';
import { eventually } from './eventually.ts';

const viewport = { width: 1360, height: 1000 };
const pictures = new URL('../../out/e2e/', import.meta.url).pathname;

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: await ensureChromium(),
    // tests run as root in containers; the pages are our own
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
  });
}

/** A window of VS Code, driven as a person would: by what is on the screen. */
export class Workbench {
  private constructor(
    readonly page: Page,
    readonly folder: string,
  ) {}

  static async start(
    browser: Browser,
    url: string,
    folder: string,
    options: { locale?: string } = {},
  ): Promise<Workbench> {
    const context = await browser.newContext({
      viewport,
      locale: options.locale ?? 'en',
    });
    if (options.locale) {
      await context.addCookies([{ name: 'vscode.nls.locale', value: options.locale, url }]);
      // what VS Code's own messages in that language would set, were they installed
      await context.addInitScript(
        (locale) => Object.assign(globalThis, { _VSCODE_NLS_LANGUAGE: locale }),
        options.locale,
      );
    }
    context.setDefaultTimeout(120_000);
    const page = await context.newPage();
    await page.goto(url);
    await page.locator('.monaco-workbench').waitFor();
    return new Workbench(page, folder);
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  /** Writes a file into the open folder. */
  async write(name: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(join(this.folder, name)), { recursive: true });
    await writeFile(join(this.folder, name), content);
  }

  /**
   * Runs a command by the title that the palette shows. By keys: rows of the list are used again for other commands
   * while it is being searched, so a click may hit another one.
   */
  async command(title: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input[type="text"]');
    await this.searchPalette(input, title);
    // the category before the colon differs between versions of VS Code
    const name = title.split(': ').at(-1)!.replace('...', '');
    const wanted = new RegExp(`^([^:]+: )?${name}(\\.\\.\\.|…)?$`);
    const focused = this.page.locator('.quick-input-list .monaco-list-row.focused .label-name').first();
    let looks = 0;
    await expect
      .poll(
        async () => {
          const shown = (await focused.textContent({ timeout: 2000 }).catch(() => '')) ?? '';
          if (wanted.test(shown.trim())) return name;
          // a window that has just opened may not know the extension's commands yet
          if (++looks % 20 === 0) await this.searchPalette(input, title);
          else await this.page.keyboard.press('ArrowDown');
          return shown;
        },
        { timeout: 60_000, interval: 100, message: `the command ${title} in the palette` },
      )
      .toBe(name);
    await this.page.keyboard.press('Enter');
    // some commands go on to ask in the same box
    await eventually(async () => (await input.isVisible()) && (await input.inputValue()).startsWith('>')).toBe(false);
  }

  /** A workbench that is busy may miss the key, and closes the palette where a page of outputs takes the focus. */
  private async searchPalette(input: Locator, title: string): Promise<void> {
    await eventually(async () => {
      if (!(await input.isVisible())) await this.page.keyboard.press('F1');
      try {
        for (const text of ['>', `>${title}`]) await input.fill(text, { timeout: 3000 });
        return 'asked';
      } catch {
        return 'closed';
      }
    }).toBe('asked');
  }

  /** Opens a file from the explorer. */
  async open(name: string): Promise<void> {
    await (await this.file(name)).dblclick();
  }

  /** Opens a file with one click, which VS Code tries once; a double click it takes for two. */
  async preview(name: string): Promise<void> {
    await (await this.file(name)).click();
  }

  /** A file that was written while the window opened, before VS Code watched the folder, is not listed by itself. */
  private async file(name: string): Promise<Locator> {
    const item = this.page.locator('.explorer-folders-view').getByRole('treeitem', { name, exact: true });
    const listed = (timeout: number) =>
      item.waitFor({ timeout }).then(
        () => true,
        () => false,
      );
    if (!(await listed(5000))) await this.command('File: Refresh Explorer');
    return item;
  }

  /** Opens a file of the folder as a notebook. Until VS Code knows the notebook type it opens as text, so this tries again. */
  async openNotebook(name: string): Promise<void> {
    const editor = this.page.locator('.notebookOverlay:visible');
    for (let attempt = 0; ; attempt++) {
      await this.open(name);
      await this.page.locator('.tab.active', { hasText: name }).waitFor();
      const text = this.page.locator('.editor-instance > .monaco-editor:visible');
      await editor.or(text).first().waitFor();
      if (await editor.isVisible()) break;
      if (attempt === 20) throw new Error(`${name} opens as text`);
      await this.command('View: Close All Editors');
    }
    // VS Code keeps a row for a Markdown cell too, but draws it elsewhere
    await this.cells.first().waitFor({ state: 'attached' });
  }

  get cells(): Locator {
    return this.page.locator('.notebookOverlay:visible .cell-list-container .monaco-list-row');
  }

  /** The page in which the active notebook's outputs are drawn. */
  get outputs(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready:visible').frameLocator('#active-frame');
  }

  /** What the status bar says of the active notebook's kernel. */
  async kernelState(): Promise<string> {
    const text = await this.page.locator('.statusbar-item', { hasText: 'aenb:' }).textContent();
    return text?.trim() ?? '';
  }

  /** What each cell's status bar shows: the tick, the cross, or that it runs or waits. */
  async cellStates(): Promise<(string | undefined)[]> {
    return this.cells.evaluateAll((rows) =>
      rows
        .filter((row) => row.querySelector('.code-cell-row, .cell'))
        .map((row) => {
          const icon = row.querySelector('.cell-statusbar-container [class*="codicon-notebook-state"]');
          return /codicon-notebook-state-(\w+)/.exec(icon?.className ?? '')?.[1];
        }),
    );
  }

  /** Selects a cell and presses its run button, which only a selected cell shows. */
  async runCell(index: number): Promise<void> {
    const cell = this.cells.nth(index);
    await cell.locator('.view-lines').click();
    await cell.locator('.run-button-container .codicon-notebook-execute').click();
  }

  /** Closes every editor, without the question whether to save. */
  async closeEditors(): Promise<void> {
    await this.resize(viewport);
    const tabs = this.page.locator('.tabs-container .tab');
    await this.page.keyboard.press('Escape');
    const discard = this.page.locator('.monaco-dialog-box').getByRole('button', { name: "Don't Save" });
    for (let count = await tabs.count(); count > 0; count = await tabs.count()) {
      await this.command('View: Revert and Close Editor');
      await eventually(async () => {
        // a cell that still ran has changed the notebook once more
        if (await discard.isVisible()) await discard.click();
        return tabs.count();
      }).toBeLessThan(count);
    }
  }

  /** Loads the window again, as a user would to see whether a state was only in memory. */
  async reload(): Promise<void> {
    await this.closeEditors();
    await this.page.reload();
    await this.page.locator('.monaco-workbench').waitFor();
  }

  /** Chooses a colour theme, as in the palette. */
  async theme(name: string): Promise<void> {
    await this.command('Preferences: Color Theme');
    const input = this.page.locator('.quick-input-widget input[type="text"]');
    await input.fill(name);
    const focused = this.page.locator('.quick-input-list .monaco-list-row.focused .label-name').first();
    await eventually(() => focused.textContent()).toBe(name);
    await this.page.keyboard.press('Enter');
    await input.waitFor({ state: 'hidden' });
  }

  /** Answers VS Code's simple file dialog with a name in the open folder. */
  async saveDialog(name: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input[type="text"]');
    // it proposes a name first, which must not come over ours
    await eventually(() => input.inputValue()).toMatch(/[^/]\.aenb$/);
    await eventually(async () => {
      await input.fill(join(this.folder, name));
      return input.inputValue();
    }).toBe(join(this.folder, name));
    await this.page.keyboard.press('Enter');
  }

  async read(name: string): Promise<string> {
    return readFile(join(this.folder, name), 'utf8');
  }

  toolbar(label: string): Locator {
    return this.page.locator('.notebook-toolbar-container .action-item', { hasText: label });
  }

  notification(text: string | RegExp): Locator {
    return this.page.locator('.notification-toast', { hasText: text });
  }

  /** A notebook that has just opened may not listen yet: where nothing has run, the button is pressed until something does. */
  async runAll(): Promise<void> {
    const ran = async () => (await this.cellStates()).some((state) => state !== undefined);
    const heard = async () => (await ran()) || (await this.page.locator('.monaco-dialog-box').isVisible());
    const first = !(await ran());
    for (let attempt = 0; attempt < 6; attempt++) {
      await this.toolbar('Run All').first().click();
      if (!first) return;
      const listened = await expect
        .poll(heard, { timeout: 10_000 })
        .toBe(true)
        .then(
          () => true,
          () => false,
        );
      if (listened) return;
    }
  }

  /** Saves what has been changed. */
  async save(): Promise<void> {
    const dirty = this.page.locator('.tab.active.dirty');
    await dirty.waitFor();
    await this.command('File: Save');
    await dirty.waitFor({ state: 'detached' });
  }

  /** Makes the window so tall that all cells of a short notebook are in view: those out of sight are not drawn. */
  async stretch(height = 2000): Promise<void> {
    await this.resize({ ...viewport, height });
  }

  /** A window that is busy may miss that its size has changed. */
  private async resize(size: { width: number; height: number }): Promise<void> {
    const bottom = this.page.locator('.part.statusbar');
    let tries = 0;
    await eventually(async () => {
      const height = size.height - (tries++ % 20 === 10 ? 1 : 0);
      await this.page.setViewportSize({ ...size, height });
      const box = await bottom.boundingBox();
      return box === null ? 0 : box.y + box.height;
    }).toBe(size.height);
  }

  /** One picture of a series, in a light and in a dark theme: what the README shows. */
  async scene(name: string): Promise<void> {
    await this.resize({ width: 1120, height: 640 });
    // away from buttons, which would explain themselves
    await this.page.mouse.move(700, 600);
    for (const [suffix, theme] of [
      ['dark', 'Dark Modern'],
      ['light', 'Light Modern'],
    ] as const) {
      await this.theme(theme);
      await this.outputs.locator(`body.vscode-${suffix}`).waitFor({ state: 'attached' });
      await this.picture(`${name}-${suffix}`);
    }
    await this.resize(viewport);
  }

  /** A screenshot; of one output and the cell above it where one is given. */
  async picture(name: string, output?: Locator): Promise<void> {
    await mkdir(pictures, { recursive: true });
    const path = join(pictures, `${name}.png`);
    const box = await output?.boundingBox();
    if (!box) return void (await this.page.screenshot({ path }));
    const top = Math.max(0, box.y - 130);
    const clip = { x: box.x - 60, y: top, width: box.width + 80, height: box.y + box.height - top + 20 };
    await this.page.screenshot({ path, clip });
  }
}

/** The picture on a canvas, as something to compare. */
export function pixels(canvas: Locator): Promise<string> {
  return canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL());
}

/** How many colours a canvas shows, so that a blank one is told from a picture. */
export function colours(canvas: Locator): Promise<number> {
  return canvas.evaluate((element) => {
    const { width, height } = element as HTMLCanvasElement;
    const { data } = (element as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height);
    return new Set(new Uint32Array(data.buffer)).size;
  });
}
