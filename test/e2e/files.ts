import { expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { notebookText } from './notebookText.ts';
import type { Workbench } from './workbench.ts';

/** Opening and saving files. */
export function fileTests(workbench: () => Workbench): void {
  const broken: [string, string, RegExp][] = [
    ['cut off', notebookText('1').slice(0, -30), /cut off/],
    ['of a newer format', notebookText('1').replace('"nbformat": 4', '"nbformat": 5'), /newer notebook format 5\.5/],
  ];
  test.each(broken)('a file that is %s shows the reason and is left alone', async (kind, text, reason) => {
    const w = workbench();
    const name = `broken ${kind}.aenb`;
    await w.write(name, text);
    await w.preview(name);
    const dialog = w.page.locator('.monaco-dialog-box', { hasText: reason });
    await dialog.waitFor();
    await w.picture(`file ${kind}`);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await w.command('View: Close All Editors');
    expect(await w.read(name)).toBe(text);
  });

  test('a saved notebook shows the same outputs after the window was loaded again, without a kernel', async () => {
    const w = workbench();
    await w.write(
      'saved.aenb',
      notebookText('# Title', "console.log('kept text')", "plot.table([{ answer: 42 }], { title: 'kept table' })"),
    );
    await w.openNotebook('saved.aenb');
    await w.runAll();
    await w.outputs.getByText('kept table').waitFor();
    await eventually(() => w.cellStates()).toEqual([undefined, 'success', 'success']);
    await w.save();
    const saved = await w.read('saved.aenb');
    await w.reload();
    await w.openNotebook('saved.aenb');
    await w.outputs.getByText('kept text').waitFor();
    await w.outputs.getByText('kept table').waitFor();
    expect(await w.kernelState()).toBe('aenb: not started');
    await w.command('File: Save');
    expect(await w.read('saved.aenb')).toBe(saved);
  });

  test('a copy of a cell is saved under an id of its own', async () => {
    const w = workbench();
    await w.write('copy.aenb', notebookText("'original'"));
    await w.openNotebook('copy.aenb');
    await w.cells.first().click();
    await w.command('Notebook: Copy Cell Down');
    await w.save();
    const { cells } = JSON.parse(await w.read('copy.aenb'));
    expect(cells.map((cell: { source: string[] }) => cell.source.join(''))).toEqual(["'original'", "'original'"]);
    expect(new Set(cells.map((cell: { id: string }) => cell.id)).size).toBe(2);
    expect(cells[0].id).toBe('cell-0');
  });

  test('a new notebook runs, and keeps its kernel when it is saved under a name', async () => {
    const w = workbench();
    await w.command('Autoencoder: New Autoencoder Notebook');
    await w.cells.first().waitFor();
    await w.page.locator('.cell-editor-focus, .cell.code').first().click();
    await w.page.keyboard.type("let mine = 'my state'; mine");
    await w.runAll();
    await w.outputs.getByText("'my state'").waitFor();
    await w.command('File: Save As...');
    await w.saveDialog('named.aenb');
    await w.page.locator('.tab.active', { hasText: 'named.aenb' }).waitFor();
    await eventually(() => w.kernelState()).toBe('aenb: idle');
  });
}
