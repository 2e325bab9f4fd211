import type { Locator } from 'playwright-core';
import { test } from 'vitest';
import { eventually } from './eventually.ts';
import { notebookText } from './notebookText.ts';
import { colours, pixels, type Workbench } from './workbench.ts';

const fit = `const { train, test } = await datasets.digits();
const vae = new VariationalAutoencoder({ hidden: [64], latentDim: 2, seed: 1 });
const formation = await plot.formation(vae, test, { samples: 300 });
await vae.fit(train.slice(0, 2000), { epochs: 6, onEpoch: formation.onEpoch });`;
const map = "plot.latent(vae, { x: test, formation, title: 'Two thousand digits' });";
const selected = "plot.selection()?.length ?? 'nothing selected'";
const grid = "plot.reconstructions(vae, test, { n: 8, title: 'Through two numbers' });";
const errors = `const judge = { threshold: 0.06, scores: (x) => vae.reconstructionError(x, 'mse') };
const ones = Array.from(test.y, (label) => (label === 1 ? 0 : 1));
plot.errors(judge, test, ones, { title: 'Ones and all others' });`;
const manifold = "plot.manifold(vae, { steps: 12, title: 'Every place' });";
const gradients = `const deep = new Autoencoder({ hidden: [32, 16], latentDim: 4, activation: 'sigmoid', seed: 1 });
plot.gradients(await deep.fit(train.slice(0, 300), { epochs: 5, trackGradients: true, live: false }));`;
const rows = "plot.table([{ name: 'b', value: 1 }, { name: 'a', value: 2 }], { title: 'Rows' });";

const themes = [
  ['light', 'Light Modern'],
  ['dark', 'Dark Modern'],
  ['high contrast', 'Dark High Contrast'],
] as const;

/** Milliseconds from a move of the mouse to the new picture of that place, through the kernel, in ascending order. */
function decodeTimes(latent: Locator): Promise<number[]> {
  return latent.evaluate(async (root) => {
    const map = root.querySelector('canvas')!;
    const decoded = [...root.querySelectorAll<HTMLCanvasElement>('.aenb-latent-look canvas')].at(-1)!;
    const { left, top } = map.getBoundingClientRect();
    const times: number[] = [];
    for (let i = 0; i < 20; i++) {
      const before = decoded.toDataURL();
      const start = performance.now();
      const place = { clientX: left + 120 + 15 * i, clientY: top + 320 - 11 * i };
      map.dispatchEvent(new PointerEvent('pointermove', { ...place, bubbles: true, pointerType: 'mouse' }));
      while (decoded.toDataURL() === before) {
        if (performance.now() - start > 10_000) throw new Error('the place under the cursor is not decoded');
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b);
  });
}

/** Every picture in VS Code, touched with the mouse and with the keyboard. */
export function pictureTests(workbench: () => Workbench): void {
  const output = (kind: string) => workbench().outputs.locator(`.aenb-${kind}`).first();
  const canvasOf = (kind: string) => output(kind).locator('canvas').first();
  const dragOn = async (canvas: Locator, places: readonly (readonly [number, number])[]) => {
    const box = (await canvas.boundingBox())!;
    const { mouse } = workbench().page;
    const [first, ...others] = places;
    await mouse.move(box.x + first![0], box.y + first![1]);
    await mouse.down();
    for (const [x, y] of others) await mouse.move(box.x + x, box.y + y, { steps: 6 });
    await mouse.up();
  };
  /** Back from an output to the workbench, where the palette opens. */
  const leave = () => workbench().page.locator('.tab.active').first().click();
  const changes = async (canvas: Locator, act: () => Promise<unknown>) => {
    const before = await pixels(canvas);
    await act();
    await eventually(async () => (await pixels(canvas)) !== before).toBe(true);
  };

  test('a latent map decodes, walks, selects for the next cell, and replays the training', async () => {
    const w = workbench();
    await w.write('map.aenb', notebookText(fit, map, selected));
    await w.stretch();
    await w.openNotebook('map.aenb');
    await w.runAll();
    await eventually(() => w.cellStates()).toEqual(['success', 'success', 'success']);
    const latent = output('latent');
    const points = canvasOf('latent');
    await points.waitFor();
    const decoded = latent
      .locator('.aenb-latent-look div', { hasText: /^decoded here$/ })
      .locator('canvas')
      .last();

    await points.hover({ position: { x: 200, y: 150 } });
    await eventually(() => colours(decoded)).toBeGreaterThan(8);
    await changes(decoded, () => points.hover({ position: { x: 380, y: 300 } }));
    await points.focus();
    await changes(decoded, () => w.page.keyboard.press('Shift+ArrowRight'));

    const waits = await decodeTimes(latent);
    console.log(
      `decoding under the cursor in VS Code: ${waits[waits.length >> 1]!.toFixed(0)} ms, median of ${waits.length}`,
    );

    await latent.getByRole('radio', { name: /^Walk/ }).click();
    await dragOn(points, [
      [160, 120],
      [420, 330],
    ]);
    await latent.locator('.aenb-strip strong', { hasText: '10 steps' }).waitFor();
    await w.picture('map walk', latent);

    await latent.getByRole('radio', { name: /^Select/ }).click();
    await dragOn(points, [
      [200, 120],
      [420, 130],
      [420, 330],
      [200, 330],
    ]);
    await latent.getByText('plot.selection() gives them to the next cell.').waitFor();
    const said = await latent.locator('.aenb-strip strong').textContent();
    await w.picture('map lasso', latent);
    await w.runCell(2);
    await w.outputs.getByText(new RegExp(`^\\s*${said!.replace(/\D/g, '')}\\s*$`)).waitFor();

    const slider = latent.locator('input[type=range]');
    await slider.focus();
    await changes(points, () => w.page.keyboard.press('Home'));
    await latent.getByText('epoch 1', { exact: true }).waitFor();
    await changes(points, () => latent.getByRole('button', { name: 'Replay the training' }).click());
    await latent.getByText('finished').waitFor();

    await points.hover({ position: { x: 300, y: 220 } });
    await w.page.keyboard.down('Control');
    await changes(points, () => w.page.mouse.wheel(0, -200));
    await w.page.keyboard.up('Control');
    await changes(points, () => latent.getByRole('button', { name: 'Show the whole map' }).click());
    await changes(points, () => latent.getByLabel('colour').selectOption('error'));
    await w.picture('map errors', latent);
    await leave();
  });

  test('reconstructions, errors, manifolds, gradients and tables answer mouse and keyboard', async () => {
    const w = workbench();
    await w.write('kinds.aenb', notebookText(fit, grid, errors, manifold, gradients, rows));
    await w.stretch(4600);
    await w.openNotebook('kinds.aenb');
    await w.runAll();
    await eventually(() => w.cellStates()).toEqual(Array(6).fill('success'));

    const pictures = canvasOf('reconstruction');
    await pictures.waitFor();
    await changes(pictures, () => output('reconstruction').getByRole('button', { name: 'Next page' }).click());
    await output('reconstruction').locator('.aenb-pager', { hasText: '9 to 16 of 2000' }).waitFor();
    await changes(pictures, () => output('reconstruction').getByRole('button', { name: 'Sort by error' }).click());
    await changes(pictures, () => output('reconstruction').getByRole('button', { name: 'Larger' }).click());
    await pictures.focus();
    await changes(pictures, () => w.page.keyboard.press('ArrowRight'));

    const scores = canvasOf('histogram');
    await changes(scores, () =>
      dragOn(scores, [
        [150, 120],
        [250, 120],
      ]),
    );
    await scores.focus();
    await changes(scores, () => w.page.keyboard.press('Shift+ArrowLeft'));
    await output('histogram').getByRole('button', { name: 'Use this threshold' }).click();
    await output('histogram').getByText('The detector uses it from now on.').waitFor();

    const sheet = canvasOf('images');
    await changes(sheet, () => output('images').getByRole('button', { name: 'Larger' }).click());
    const bars = canvasOf('bars');
    await output('bars').locator('input[type=range]').focus();
    await changes(bars, () => w.page.keyboard.press('Home'));
    await output('table').getByRole('button', { name: 'name' }).click();
    await eventually(() => output('table').locator('tbody tr').first().textContent()).toBe('a2');

    await leave();
    let last = await pixels(bars);
    for (const [name, theme] of [...themes.slice(1), themes[0]]) {
      await w.theme(theme);
      await eventually(async () => (await pixels(bars)) !== last).toBe(true);
      last = await pixels(bars);
      for (const kind of ['reconstruction', 'histogram', 'images', 'bars'])
        await w.picture(`${kind} ${name}`, output(kind));
    }
  });

  test('a scatter of many numbers is zoomed and moved, and a sheet of many pictures turns its pages', async () => {
    const w = workbench();
    const cloud = `const many = (x) => Array.from({ length: 20_000 }, (_, i) => [x + Math.sin(i * i), Math.cos(i * 7) + (i % 100) / 90]);
plot.scatter({ all: many(0), some: many(2) }, { title: 'Forty thousand numbers', lines: false });`;
    const sheet = "plot.images((await datasets.digits()).test, { n: 40, title: 'Forty a page' });";
    await w.write('many.aenb', notebookText(cloud, sheet));
    await w.stretch();
    await w.openNotebook('many.aenb');
    await w.runAll();
    await eventually(() => w.cellStates()).toEqual(['success', 'success']);

    const points = canvasOf('scatter');
    await points.waitFor();
    await changes(points, () => points.hover({ position: { x: 300, y: 220 } }));
    await w.page.keyboard.down('Control');
    await changes(points, () => w.page.mouse.wheel(0, -200));
    await w.page.keyboard.up('Control');
    await changes(points, () =>
      dragOn(points, [
        [300, 220],
        [360, 260],
      ]),
    );
    await w.picture('scatter zoomed', output('scatter'));
    await changes(points, () => output('scatter').getByRole('button', { name: 'Show all points' }).click());
    await changes(points, () => output('scatter').getByRole('button', { name: 'some' }).click());
    await points.focus();
    await changes(points, () => w.page.keyboard.press('End'));
    await changes(points, () => w.page.keyboard.press('+'));

    const digits = canvasOf('images');
    await changes(digits, () => output('images').getByRole('button', { name: 'Next page' }).click());
    await output('images').locator('.aenb-pager', { hasText: '41 to 80 of 2000' }).waitFor();
    await w.picture('images page', output('images'));
    await leave();
  });

  test('a training stops at the button beside its progress', async () => {
    const w = workbench();
    await w.write('stop.aenb', notebookText(fit.replace('epochs: 6', 'epochs: 5000'), 'vae'));
    await w.stretch();
    await w.openNotebook('stop.aenb');
    await w.runCell(0);
    await output('curves').getByRole('button', { name: 'Stop the training' }).click();
    await eventually(async () => (await w.cellStates())[0]).not.toBe('executing');
    await w.runCell(1);
    await canvasOf('model').waitFor();
    await w.picture('model', output('model'));
    await leave();
  });

  test('a map without its kernel says what it needs, and runs its cell when asked to', async () => {
    const w = workbench();
    await w.stretch();
    await w.openNotebook('map.aenb');
    await w.runAll();
    await eventually(() => w.cellStates()).toEqual(['success', 'success', 'success']);
    await w.save();
    await w.reload();
    await w.stretch();
    await w.openNotebook('map.aenb');
    const points = canvasOf('latent');
    await points.waitFor();
    await points.hover({ position: { x: 200, y: 150 } });
    const run = output('latent').getByRole('button', { name: 'Run the cell' });
    await run.waitFor();
    await run.click();
    await eventually(async () => (await w.cellStates())[1]).toMatch(/executing|error|success/);
    await leave();
  });
}
