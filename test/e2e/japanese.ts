import { readFileSync } from 'node:fs';
import { test } from 'vitest';
import type { Server } from './environment.ts';
import { eventually } from './eventually.ts';
import { notebookText } from './notebookText.ts';

const texts = JSON.parse(readFileSync(new URL('../../package.nls.ja.json', import.meta.url), 'utf8'));

/** The extension in a Japanese VS Code. The words of VS Code itself need its language pack, which is not installed here. */
export function japaneseTests(server: () => Server): void {
  test('commands, status bar and pictures speak Japanese where VS Code does', async () => {
    const w = await server().open({ locale: 'ja' });
    await w.write('japanese.aenb', notebookText("plot.table([{ 値: 42 }], { title: '表' })"));
    await w.openNotebook('japanese.aenb');
    await w.toolbar(texts['command.restart']).waitFor();
    await eventually(() => w.kernelState()).toBe('aenb: 未起動');
    await w.runAll();
    await w.outputs.getByText('表').waitFor();
    await w.page.keyboard.press('F1');
    const input = w.page.locator('.quick-input-widget input[type="text"]');
    const list = w.page.locator('.quick-input-list');
    for (const name of ['command.engineStatus', 'command.newNotebook']) {
      await input.fill(`>${texts[name]}`);
      await list.locator('.monaco-list-row', { hasText: texts[name] }).first().waitFor();
    }
    await w.picture('japanese');
    await w.close();
  });
}
