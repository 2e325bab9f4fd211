import { readFileSync } from 'node:fs';
import type { Download, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { emptyNotebook, toHtml } from '../../src/notebook/index.ts';
import { displaySymbol } from '../../src/toolkit/plot/display.ts';
import { Harness, type Notebook } from './harness.ts';
import { samples } from './samples.ts';

type Json = Record<string, unknown>;
const bundles: Record<string, Json> = {};
for (const [name, value] of Object.entries(await samples())) bundles[name] = await value[displaySymbol]();
const mimeOf = (name: string) => Object.keys(bundles[name]!).find((key) => key.includes('vnd.aenb'))!;
const kindOf = (name: string) => /aenb\.(\w+)\.v1/.exec(mimeOf(name))![1]!;
const payload = (name: string) => bundles[name]![mimeOf(name)] as Json;

let harness: Harness;
/** The page that most tests share: light, 900 px wide. */
let shared: Notebook;
beforeAll(async () => {
  harness = await Harness.start();
  shared = await harness.open('light', 900);
});
afterAll(() => harness?.stop());
afterEach(() => shared.clear());

/** Renders one sample and looks at it. */
async function withSample(name: string, look: (notebook: Notebook) => Promise<void>, change?: Json): Promise<void> {
  await shared.render(kindOf(name), 'one', { ...payload(name), ...change });
  await look(shared);
  expect(shared.problems).toEqual([]);
}

/** What a button saves. Chromium drops the eleventh download within a second, so a click that gave none is repeated. */
async function downloaded(page: Page, button: string): Promise<Download> {
  for (let attempt = 0; ; attempt++) {
    const download = page.waitForEvent('download', { timeout: 5000 }).catch(() => undefined);
    await page.getByRole('button', { name: button }).click();
    const file = await download;
    if (file) return file;
    if (attempt === 3) throw new Error(`the button ${button} saves nothing`);
  }
}

/** Kinds that draw on a canvas. */
const pictures = Object.keys(bundles).filter((name) => !['table', 'run', 'progress'].includes(kindOf(name)));

describe('every output', () => {
  test.each(Object.keys(bundles))(
    '%s is there when the renderer returns, with its name for a screen reader',
    async (name) => {
      const { height, painted } = await shared.render(kindOf(name), 'one', payload(name));
      expect(height).toBeGreaterThan(20);
      if (pictures.includes(name)) {
        expect(painted).toBe(true);
        const label = await shared.page.locator('#one canvas[aria-label]').first().getAttribute('aria-label');
        expect(label).toContain(payload(name).text);
      }
      // nothing moves afterwards: what stands below the output stays where it was
      await shared.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      expect(await shared.page.locator('#one').evaluate((host) => (host as HTMLElement).offsetHeight)).toBe(height);
      expect(shared.problems).toEqual([]);
    },
  );

  test.each(
    (['light', 'dark', 'contrast'] as const).flatMap((theme) => [320, 1200].map((width) => ({ theme, width }))),
  )('fits into $width px in the $theme theme', async ({ theme, width }) => {
    const notebook = await harness.open(theme, width);
    for (const name of Object.keys(bundles)) await notebook.render(kindOf(name), name, payload(name));
    expect(await notebook.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    for (const name of pictures) expect(await notebook.inked(`#${name} canvas >> nth=0`)).toBeGreaterThan(500);
    expect(notebook.problems).toEqual([]);
    await notebook.close();
  });

  test('follows its room, and a change of theme, without being rendered again', async () => {
    const notebook = await harness.open('light', 900);
    await notebook.render('curves', 'one', payload('curves-run'));
    const canvas = notebook.page.locator('#one canvas');
    /** Mean lightness of what is drawn: grid, text and lines. */
    const lightness = () =>
      canvas.evaluate((element) => {
        const one = element as HTMLCanvasElement;
        const { data } = one.getContext('2d')!.getImageData(0, 0, one.width, one.height);
        let [sum, count] = [0, 0];
        for (let i = 0; i < data.length; i += 4) {
          if (data[i + 3]! < 200) continue;
          sum += data[i]! + data[i + 1]! + data[i + 2]!;
          count += 3;
        }
        return sum / count;
      });
    const before = await lightness();
    await notebook.setTheme('contrast');
    await expect.poll(lightness).toBeLessThan(0.75 * before);
    await notebook.page.setViewportSize({ width: 400, height: 800 });
    await expect.poll(() => canvas.evaluate((element) => element.clientWidth)).toBe(368);
    await notebook.close();
  });

  test('follows the colours that a system forces upon pages, and keeps those of its series', async () => {
    const notebook = await harness.open('light', 900);
    const { page } = notebook;
    await notebook.render('curves', 'one', payload('curves-run'));
    const image = () => page.locator('#one canvas').evaluate((element) => (element as HTMLCanvasElement).toDataURL());
    const mark = () =>
      page
        .locator('.aenb-mark')
        .first()
        .evaluate((element) => getComputedStyle(element).borderTopColor);
    const [before, colour] = [await image(), await mark()];
    await page.emulateMedia({ forcedColors: 'active', colorScheme: 'dark' });
    await expect.poll(image).not.toBe(before);
    // the palette for dark grounds, since that is what the system forces
    expect(colour).toBe('rgb(33, 113, 204)');
    await expect.poll(mark).toBe('rgb(97, 162, 234)');
    await notebook.close();
  });

  test('shows its data as a table on demand, and hides it again', async () => {
    await withSample('curves-vae', async ({ page }) => {
      const button = page.getByRole('button', { name: 'Show data' });
      await button.click();
      expect(await page.locator('#one .aenb-data th').allTextContents()).toContain('validation kl');
      expect(await page.locator('#one .aenb-data tbody tr').count()).toBe(40);
      await button.click();
      expect(await page.locator('#one .aenb-data').count()).toBe(0);
    });
  });

  test('shows a great many rows some thousands at a time', async () => {
    const points = Buffer.from(Float32Array.from({ length: 24_000 }, (_, i) => i).buffer).toString('base64');
    const series = [{ name: 'a', count: 12_000, points }];
    await withSample(
      'scatter-one',
      async ({ page }) => {
        await page.getByRole('button', { name: 'Show data' }).click();
        const rows = page.locator('#one .aenb-data tbody tr');
        expect(await rows.count()).toBe(200);
        await page.getByRole('button', { name: 'Show more' }).click();
        expect(await rows.count()).toBe(5_200);
        expect(await page.locator('#one .aenb-note').textContent()).toContain('first 5200 of 12\u202f000 rows');
        await page.getByRole('button', { name: 'Show more' }).click();
        await page.getByRole('button', { name: 'Show all' }).click();
        expect(await rows.count()).toBe(12_000);
      },
      { series },
    );
  });

  test.each(Object.keys(bundles))('%s has a name on everything that the keyboard reaches', async (name) => {
    await withSample(name, async ({ page }) => {
      const nameless = await page.evaluate(() => {
        const reached = 'button, select, input, [role=toolbar], [role=group], [role=radiogroup], canvas[tabindex]';
        return [...document.querySelectorAll<HTMLElement>(`#one :is(${reached})`)]
          .filter((one) => !one.closest('[hidden]'))
          .filter((one) => {
            const label = one.getAttribute('aria-label') ?? one.getAttribute('aria-labelledby');
            const inLabel = one.closest('label')?.textContent?.trim();
            return !(label || (one instanceof HTMLButtonElement && one.textContent?.trim()) || inLabel);
          })
          .map((one) => one.outerHTML.slice(0, 120));
      });
      expect(nameless).toEqual([]);
    });
  });

  test('saves its numbers as CSV and its picture as PNG', async () => {
    await withSample('scatter-people', async ({ page }) => {
      const download = async (name: string) => {
        const file = await downloaded(page, name);
        return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
      };
      const csv = await download('Save as CSV');
      expect(csv.name).toBe('From-two-dimensions-to-a-line.csv');
      expect(csv.bytes.toString().split('\r\n')[0]).toBe('\ufeffseries,height (cm),weight (kg)');
      expect(csv.bytes.toString().split('\r\n')).toHaveLength(1 + 1500 + 1);
      const png = await download('Save as PNG');
      expect(png.bytes.subarray(1, 4).toString()).toBe('PNG');
    });
  });

  test.each(pictures)('%s is saved as SVG that is well formed and draws text', async (name) => {
    await withSample(name, async ({ page }) => {
      const file = await downloaded(page, 'Save as SVG');
      expect(file.suggestedFilename()).toMatch(/\.svg$/);
      const svg = readFileSync(await file.path(), 'utf8');
      const seen = await page.evaluate((text) => {
        const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
        const count = (tag: string) => parsed.getElementsByTagName(tag).length;
        return { broken: count('parsererror'), scripts: count('script'), shapes: count('path') + count('image') };
      }, svg);
      expect(seen).toMatchObject({ broken: 0, scripts: 0 });
      expect(seen.shapes).toBeGreaterThan(4);
    });
  });

  test('speaks Japanese where VS Code does', async () => {
    const notebook = await harness.open('light', 900, { locale: 'ja' });
    await notebook.render('reconstruction', 'one', payload('reconstruction-digits'));
    expect(await notebook.page.getByRole('button', { name: 'CSV として保存' }).count()).toBe(1);
    await notebook.close();
  });
});

describe('curves', () => {
  test("update in place: chart, legend buttons and the reader's choices stay", async () => {
    await withSample('curves-training', async (notebook) => {
      const { page } = notebook;
      const full = payload('curves-training') as { series: { values: number[] }[]; progress: Json };
      const at = (epochs: number) => ({
        ...full,
        series: full.series.map((one) => ({ ...one, best: undefined, values: one.values.slice(0, epochs) })),
        progress: { ...full.progress, state: 'running', epoch: epochs, fraction: epochs / 60 },
      });
      await notebook.render('curves', 'one', at(2));
      await page.getByRole('button', { name: 'validation loss' }).click();
      await page.evaluate(() => {
        for (const element of document.querySelectorAll('#one canvas, #one button, #one .aenb-bar')) {
          (element as HTMLElement & { kept: boolean }).kept = true;
        }
      });
      for (let epochs = 3; epochs <= 40; epochs++) await notebook.render('curves', 'one', at(epochs));
      expect(
        await page.evaluate(() =>
          [...document.querySelectorAll('#one canvas, #one button, #one .aenb-bar')].every(
            (element) => (element as HTMLElement & { kept?: boolean }).kept,
          ),
        ),
      ).toBe(true);
      expect(await page.getByRole('button', { name: 'validation loss' }).getAttribute('aria-pressed')).toBe('false');
      expect(await page.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('67');
      expect(await page.locator('.aenb-progress-epochs').textContent()).toBe('40 / 60 epochs');
    });
  });

  test('change their picture when a series is switched off or the axis becomes logarithmic', async () => {
    await withSample('curves-run', async (notebook) => {
      const image = () =>
        notebook.page.locator('#one canvas').evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
      const seen = new Set([await image()]);
      await notebook.page.getByRole('button', { name: 'validation loss' }).click();
      seen.add(await image());
      await notebook.page.getByRole('button', { name: 'Logarithmic axis' }).click();
      seen.add(await image());
      expect(seen.size).toBe(3);
    });
  });

  test('tell the values of an epoch to the keyboard', async () => {
    await withSample('curves-run', async ({ page }) => {
      await page.locator('#one canvas').focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowRight');
      const { series } = payload('curves-run') as { series: { values: number[] }[] };
      const said = await page.locator('#one [aria-live]').textContent();
      expect(said).toMatch(/^epoch 2: loss 0\.0\d+, validation loss 0\.0\d+$/);
      expect(Number(said!.split(' ')[3]!.replace(',', ''))).toBeCloseTo(series[0]!.values[1]!, 4);
    });
  });

  test('with nothing to draw are an empty chart', async () => {
    await withSample('curves-run', async () => undefined, { series: [] });
  });
});

describe('a reconstruction', () => {
  test('says which sample and pixel lies under the mouse', async () => {
    await withSample('reconstruction-digits', async ({ page }) => {
      await page.locator('#one canvas').hover({ position: { x: 200, y: 100 } });
      expect(await page.locator('#one .aenb-tip').textContent()).toMatch(
        /^sample \d, label \d\nmse 0\.\d+\npixel \d+, \d+: 0(\.\d+)? → 0(\.\d+)?$/,
      );
      await page.mouse.move(5, 600);
      expect(await page.locator('#one .aenb-tip').isVisible()).toBe(false);
    });
  });

  test('sorts its samples by error, worst first', async () => {
    await withSample('reconstruction-digits', async ({ page }) => {
      await page.getByRole('button', { name: 'Sort by error' }).click();
      await page.locator('#one canvas').focus();
      await page.keyboard.press('Home');
      const { errors } = payload('reconstruction-digits') as { errors: number[] };
      const worst = errors.indexOf(Math.max(...errors));
      expect(await page.locator('#one [aria-live]').textContent()).toContain(`sample ${worst},`);
    });
  });
});

describe('pages', () => {
  /** A kernel that holds 45 samples of the first one, and answers with the page that is asked for. */
  const answering = (page: Page, first: Json, perSample: readonly string[]) =>
    page.evaluate(
      ([first, perSample]) => {
        const own = window as unknown as { answer: unknown; reply(message: unknown): void };
        own.answer = ({ id, payload }: { id: string; payload: { from: number; count: number } }) => {
          const lists = perSample.map((name) => [name, (first[name] as unknown[]).slice(0, payload.count)]);
          const bytes = (name: string, each: number) =>
            (first[name] as string).slice(0, (each * payload.count * 4) / 3);
          const size = 'samples' in first ? { samples: payload.count } : { count: payload.count };
          const data =
            'samples' in first
              ? { originals: bytes('originals', 784), reconstructions: bytes('reconstructions', 784) }
              : { pixels: bytes('pixels', 784) };
          own.reply({ id, value: { ...first, ...size, ...data, ...Object.fromEntries(lists) } });
        };
      },
      [first, perSample] as const,
    );
  const posted = (page: Page) =>
    page.evaluate(() => (window as unknown as { posted: { payload: Json }[] }).posted.map(({ payload }) => payload));

  test.each([
    { name: 'images-digits', size: 15, perSample: [], more: {} },
    { name: 'reconstruction-digits', size: 9, perSample: ['errors', 'labels'], more: { sorted: false } },
  ])('of $name are turned to the last and back, each as long as the first', async ({ name, size, perSample, more }) => {
    const { page } = shared;
    const whole = payload(name);
    const cut = (key: string) => (whole[key] as string).slice(0, (784 * size * 4) / 3);
    const first: Json = {
      ...whole,
      ...(name.startsWith('images')
        ? { count: size, pixels: cut('pixels') }
        : { samples: size, originals: cut('originals'), reconstructions: cut('reconstructions') }),
      ...Object.fromEntries(perSample.map((key) => [key, (whole[key] as unknown[]).slice(0, size)])),
      total: 2 * size + 3,
      channel: 'some-channel',
    };
    await shared.render(kindOf(name), 'one', first);
    await answering(page, first, perSample);
    const text = page.locator('.aenb-pager span');
    expect(await text.textContent()).toBe(`1 to ${size} of ${2 * size + 3}`);
    const next = page.getByRole('button', { name: 'Next page' });
    const previous = page.getByRole('button', { name: 'Previous page' });
    expect(await previous.isDisabled()).toBe(true);
    await next.click();
    await expect.poll(() => text.textContent()).toBe(`${size + 1} to ${2 * size} of ${2 * size + 3}`);
    await next.click();
    await expect.poll(() => text.textContent()).toBe(`${2 * size + 1} to ${2 * size + 3} of ${2 * size + 3}`);
    expect(await next.isDisabled()).toBe(true);
    await previous.click();
    await expect.poll(() => text.textContent()).toBe(`${size + 1} to ${2 * size} of ${2 * size + 3}`);
    expect(await posted(page)).toEqual([
      { from: size, count: size, ...more },
      { from: 2 * size, count: 3, ...more },
      { from: size, count: size, ...more },
    ]);
    if (name.startsWith('images')) {
      await page.locator('#one canvas').hover({ position: { x: 5, y: 5 } });
      expect(await page.locator('#one .aenb-tip').textContent()).toContain(`sample ${size}`);
    }
    expect(shared.problems).toEqual([]);
  });

  test('that the kernel has no more, or broken ones, are asked for in vain and say how to go on', async () => {
    const { page } = shared;
    await shared.render('images', 'one', { ...payload('images-digits'), total: 400, channel: 'some-channel' });
    await page.evaluate(() => {
      const own = window as unknown as { answer: unknown; reply(message: unknown): void };
      own.answer = ({ id }: { id: string }) => own.reply({ id, value: { count: 1e9, text: '<b>' } });
    });
    await page.getByRole('button', { name: 'Next page' }).click();
    await page.getByText('Run the cell again to go on from here.').waitFor();
    expect(await page.locator('.aenb-pager span').textContent()).toBe('1 to 40 of 400');
    expect(await shared.inked('#one canvas')).toBeGreaterThan(500);
    expect(shared.problems).toEqual([]);
  });
});

describe('a latent map', () => {
  test('shows the sample under the mouse with its reconstruction', async () => {
    await withSample('latent-digits', async (notebook) => {
      const { page } = notebook;
      const image = () =>
        page
          .locator('.aenb-latent-look canvas')
          .first()
          .evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
      const before = await image();
      await page
        .locator('#one canvas')
        .first()
        .hover({ position: { x: 150, y: 400 } });
      expect(await page.locator('.aenb-latent-about').textContent()).toMatch(/sample \d+\nclass \d\nerror [\d.]+ mse$/);
      expect(await image()).not.toBe(before);
      expect(await page.locator('.aenb-latent-look canvas').count()).toBe(2);
    });
  });

  test('names its classes, hides one on a click and lights one under the mouse', async () => {
    await withSample('latent-digits', async (notebook) => {
      const { page } = notebook;
      const names = await page.locator('.aenb-legend button').allTextContents();
      expect(names).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
      const image = () =>
        page
          .locator('#one canvas')
          .first()
          .evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
      const seen = new Set([await image()]);
      await page.locator('.aenb-legend button').nth(4).hover();
      seen.add(await image());
      await page.locator('.aenb-legend button').nth(4).click();
      seen.add(await image());
      expect(seen.size).toBe(3);
    });
  });

  test('draws the two latents that are chosen of many', async () => {
    await withSample('latent-five', async ({ page }) => {
      const image = () =>
        page
          .locator('#one canvas')
          .first()
          .evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
      const before = await image();
      await page.getByLabel('up').selectOption('latent 5');
      expect(await image()).not.toBe(before);
    });
  });

  test('asks the kernel for the point under the mouse, one question at a time, and shows the answer', async () => {
    await withSample(
      'latent-digits',
      async ({ page }) => {
        const canvas = page.locator('#one canvas').first();
        await canvas.hover({ position: { x: 200, y: 200 } });
        await canvas.hover({ position: { x: 220, y: 210 } });
        await canvas.hover({ position: { x: 240, y: 220 } });
        const posted = () =>
          page.evaluate(
            () => (window as unknown as { posted: { id: string; channel: string; payload: unknown }[] }).posted,
          );
        expect(await posted()).toHaveLength(1);
        const [first] = await posted();
        expect(first).toMatchObject({
          channel: 'some-channel',
          payload: { decode: [[expect.any(Number), expect.any(Number)]], label: expect.any(Number) },
        });
        const answer = (id: string) =>
          page.evaluate(
            (id) =>
              (window as unknown as { reply(message: unknown): void }).reply({
                id,
                value: { imageShape: [28, 28, 1], levels: btoa(String.fromCharCode(...new Uint8Array(784).fill(200))) },
              }),
            id,
          );
        await answer(first!.id);
        await expect.poll(async () => (await posted()).length).toBe(2);
        const decoded = page.locator('.aenb-latent-look canvas').nth(2);
        const level = await decoded.evaluate(
          (one: HTMLCanvasElement) => one.getContext('2d')!.getImageData(5, 5, 1, 1).data[0],
        );
        expect(level).toBe(200);
      },
      { channel: 'some-channel' },
    );
  });

  test('without a kernel says what it would take', async () => {
    await withSample(
      'latent-digits',
      async ({ page }) => {
        await page.evaluate(() => {
          (window as unknown as { answer: unknown }).answer = (message: { id: string }) =>
            (window as unknown as { reply(message: unknown): void }).reply({ id: message.id, error: 'no kernel' });
        });
        await page
          .locator('#one canvas')
          .first()
          .hover({ position: { x: 200, y: 200 } });
        await page.getByText('Run the cell again to go on from here.').waitFor({ state: 'visible' });
      },
      { channel: 'some-channel' },
    );
  });

  test.each(['latent-digits', 'scatter-cloud'])(
    '%s is the same on a graphics card as in plain memory',
    async (name) => {
      // a card that the processor imitates is not used by itself, so the page gets one here
      const levels = async (card: boolean) => {
        const notebook = await harness.open('light', 900);
        if (card) {
          await notebook.page.evaluate(() => {
            const gl = document.createElement('canvas').getContext('webgl', { antialias: false, depth: false });
            if (!gl) throw new Error('this browser has no WebGL');
            Object.assign(globalThis, { [Symbol.for('aenb.webgl')]: { gl } });
          });
        }
        await notebook.render(kindOf(name), 'one', payload(name));
        const seen = await notebook.page
          .locator('#one canvas')
          .first()
          .evaluate((element) => {
            const { width, height } = element as HTMLCanvasElement;
            const { data } = (element as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height);
            return [...data.filter((_, i) => i % 52 < 4)]; // every 13th pixel
          });
        expect(notebook.problems).toEqual([]);
        await notebook.close();
        return seen;
      };
      const [memory, card] = [await levels(false), await levels(true)];
      expect(card).not.toEqual(memory);
      const difference = memory.reduce((sum, level, i) => sum + Math.abs(level - card[i]!), 0);
      const ink = memory.reduce((sum, level, i) => sum + (i % 4 === 3 ? level : 0), 0);
      expect(difference / (4 * ink)).toBeLessThan(0.1);
    },
  );

  test('zooms with Ctrl and the wheel and moves with the mouse, and leaves the wheel alone to the notebook', async () => {
    await withSample('latent-digits', async ({ page }) => {
      const canvas = page.locator('#one canvas').first();
      const image = () => canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL());
      const whole = await image();
      await canvas.hover({ position: { x: 300, y: 200 } });
      await page.mouse.wheel(0, -100);
      expect(await image()).toBe(whole);
      await page.keyboard.down('Control');
      await page.mouse.wheel(0, -100);
      await page.keyboard.up('Control');
      await expect.poll(image).not.toBe(whole);
      const zoomed = await image();
      await canvas.hover({ position: { x: 300, y: 200 } });
      await page.mouse.down();
      await canvas.hover({ position: { x: 360, y: 240 } });
      await page.mouse.up();
      await expect.poll(async () => (await image()) === zoomed).toBe(false);
      await page.getByRole('button', { name: 'Show the whole map' }).click();
      await expect.poll(async () => (await image()) === whole).toBe(true);
    });
  });

  test('walks along a line between two points and encircles samples, which the kernel is told', async () => {
    await withSample(
      'latent-digits',
      async ({ page }) => {
        await page.evaluate(() => {
          const own = window as unknown as { answer: unknown; reply(message: unknown): void };
          own.answer = ({ id, payload }: { id: string; payload: { decode?: number[][]; select?: number[] } }) => {
            const count = payload.decode?.length ?? 0;
            const levels = btoa(String.fromCharCode(...new Uint8Array(784 * count).fill(90)));
            own.reply({ id, value: payload.select ? { selected: payload.select.length } : { count, levels } });
          };
        });
        const canvas = page.locator('#one canvas').first();
        const drag = async (places: [number, number][]) => {
          await canvas.hover({ position: { x: places[0]![0], y: places[0]![1] } });
          await page.mouse.down();
          for (const [x, y] of places.slice(1)) await canvas.hover({ position: { x, y } });
          await page.mouse.up();
        };
        await page.getByRole('radio', { name: /^Walk/ }).click();
        await drag([
          [150, 150],
          [400, 300],
        ]);
        await page.locator('.aenb-strip strong', { hasText: '10 steps' }).waitFor();
        await page.getByRole('radio', { name: /^Select/ }).click();
        await drag([
          [60, 20],
          [590, 20],
          [590, 460],
          [60, 460],
        ]);
        await page.getByText('plot.selection() gives them to the next cell.').waitFor();
        const selected = Number((await page.locator('.aenb-strip strong').textContent())!.replace(/\D/g, ''));
        expect(selected).toBeGreaterThan(1_500);
        await page.getByRole('button', { name: 'Clear the selection' }).click();
        await page.locator('.aenb-strip').waitFor({ state: 'hidden' });
      },
      { channel: 'some-channel' },
    );
  });

  test('replays how its codes formed', async () => {
    await withSample('latent-vae', async ({ page }) => {
      const image = () =>
        page
          .locator('#one canvas')
          .first()
          .evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
      const finished = await image();
      await page.locator('#one input[type=range]').focus();
      await page.keyboard.press('Home');
      await page.getByText('epoch 1', { exact: true }).waitFor();
      await expect.poll(async () => (await image()) === finished).toBe(false);
      await page.keyboard.press('End');
      await expect.poll(async () => (await image()) === finished).toBe(true);
    });
  });

  test('of a single latent spreads the samples by class', async () => {
    const {
      ranges,
      means,
      codes,
      samples: n,
      classes,
      labels,
      text,
    } = payload('latent-digits') as Json & { codes: string; ranges: number[][]; means: number[] };
    const words = Buffer.from(codes, 'base64');
    const single = Buffer.alloc((n as number) * 2);
    for (let i = 0; i < (n as number); i++) single.writeUInt16LE(words.readUInt16LE(i * 4), i * 2);
    const notebook = shared;
    await notebook.render('latent', 'one', {
      text,
      samples: n,
      latents: 1,
      codes: single.toString('base64'),
      ranges: [ranges[0]],
      means: [means[0]],
      classes,
      labels,
    });
    expect(await notebook.inked('#one canvas >> nth=0')).toBeGreaterThan(2_000);
    expect(notebook.problems).toEqual([]);
  });
});

describe('a scatter plot', () => {
  const canvas = ({ page }: Notebook) => page.locator('#one canvas').first();
  const image = (notebook: Notebook) =>
    canvas(notebook).evaluate((element) => (element as HTMLCanvasElement).toDataURL());
  /** Pixels of about the colour of a series. */
  const coloured = (notebook: Notebook, [red, green, blue]: readonly number[]) =>
    canvas(notebook).evaluate(
      (element, [red, green, blue]) => {
        const { width, height } = element as HTMLCanvasElement;
        const { data } = (element as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height);
        let count = 0;
        for (let i = 0; i < data.length; i += 4) {
          const off = Math.abs(data[i]! - red!) + Math.abs(data[i + 1]! - green!) + Math.abs(data[i + 2]! - blue!);
          if (data[i + 3]! > 100 && off < 40) count++;
        }
        return count;
      },
      [red, green, blue],
    );
  const blue = [0x21, 0x71, 0xcc];
  const orange = [0xea, 0x7d, 0x1c];

  test('of many points shows each series until its name is pressed, and the line over them', async () => {
    await withSample('scatter-cloud', async (notebook) => {
      expect(await coloured(notebook, blue)).toBeGreaterThan(500);
      expect(await coloured(notebook, orange)).toBeGreaterThan(200);
      await notebook.page.getByRole('button', { name: 'some' }).click();
      expect(await coloured(notebook, blue)).toBe(0);
      expect(await coloured(notebook, orange)).toBeGreaterThan(200);
      await notebook.page.getByRole('button', { name: 'some' }).click();
      expect(await coloured(notebook, blue)).toBeGreaterThan(500);
    });
  });

  test.each(['scatter-people', 'scatter-cloud'])(
    '%s zooms with Ctrl and the wheel and moves with the mouse, and shows all again',
    async (name) => {
      await withSample(name, async (notebook) => {
        const { page } = notebook;
        const whole = await image(notebook);
        const back = page.getByRole('button', { name: 'Show all points' });
        expect(await back.isVisible()).toBe(false);
        // beside the points: none is looked at
        await canvas(notebook).hover({ position: { x: 70, y: 20 } });
        await page.mouse.wheel(0, -100);
        expect(await image(notebook)).toBe(whole);
        await page.keyboard.down('Control');
        await page.mouse.wheel(0, -40);
        await page.keyboard.up('Control');
        await expect.poll(() => image(notebook)).not.toBe(whole);
        const zoomed = await image(notebook);
        await page.mouse.down();
        await canvas(notebook).hover({ position: { x: 100, y: 60 } });
        await page.mouse.up();
        await expect.poll(() => image(notebook)).not.toBe(zoomed);
        await back.click();
        await page.mouse.move(5, 800);
        await expect.poll(() => image(notebook)).toBe(whole);
        await canvas(notebook).focus();
        await page.keyboard.press('+');
        await expect.poll(() => image(notebook)).not.toBe(whole);
        await page.keyboard.press('0');
        await expect.poll(() => image(notebook)).toBe(whole);
      });
    },
  );

  test('of many points shows the one under the mouse, and those that the arrow keys reach', async () => {
    await withSample('scatter-cloud', async (notebook) => {
      const { page } = notebook;
      const whole = await image(notebook);
      await canvas(notebook).hover({ position: { x: 230, y: 230 } });
      await expect.poll(() => image(notebook)).not.toBe(whole);
      const first = await image(notebook);
      await canvas(notebook).hover({ position: { x: 260, y: 250 } });
      await expect.poll(() => image(notebook)).not.toBe(first);
      await page.mouse.move(5, 800);
      await expect.poll(() => image(notebook)).toBe(whole);
      await canvas(notebook).focus();
      await page.keyboard.press('End');
      const said = page.locator('#one [aria-live]');
      const last = Number((await said.textContent())!.split(' ')[1]!.replace(',', ''));
      await expect.poll(() => image(notebook)).not.toBe(whole);
      await page.keyboard.press('Home');
      const least = Number((await said.textContent())!.replace('\u2212', '-').split(' ')[1]!.replace(',', ''));
      expect(least).toBeLessThan(last - 5);
      await page.keyboard.press('ArrowUp');
      expect(await said.textContent()).toMatch(/^some /);
    });
  });

  test('draws what is finite of many points', async () => {
    const points = Float32Array.from({ length: 8_000 }, (_, i) => Math.sin(i) * 3);
    for (const [at, odd] of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].entries()) {
      points[at * 2] = odd;
    }
    const series = [{ name: 'a', count: 4_000, points: Buffer.from(points.buffer).toString('base64') }];
    await withSample(
      'scatter-one',
      async (notebook) => {
        expect(await coloured(notebook, blue)).toBeGreaterThan(200);
        await canvas(notebook).focus();
        await notebook.page.keyboard.press('End');
        expect(await notebook.page.locator('#one [aria-live]').textContent()).toMatch(/^a 3/);
      },
      { series },
    );
  });

  test('of many points is drawn in high contrast after a change of theme', async () => {
    const notebook = await harness.open('light', 900);
    await notebook.render('scatter', 'one', payload('scatter-cloud'));
    const light = await image(notebook);
    await notebook.setTheme('contrast');
    await expect.poll(() => image(notebook)).not.toBe(light);
    expect(await coloured(notebook, [0x61, 0xa2, 0xea])).toBeGreaterThan(500);
    await notebook.close();
  });
});

describe('a histogram of scores', () => {
  const counts = async ({ page }: Notebook) => page.locator('#one canvas').getAttribute('aria-valuetext');

  test('has a threshold that is dragged and moved by keys, and says the counts', async () => {
    await withSample('histogram-errors', async (notebook) => {
      const { page } = notebook;
      expect(await counts(notebook)).toMatch(/^threshold 0\.6, found \d+, false alarms \d+, missed \d+,/);
      const canvas = page.locator('#one canvas');
      await canvas.hover({ position: { x: 200, y: 100 } });
      await page.mouse.down();
      await canvas.hover({ position: { x: 100, y: 100 } });
      await page.mouse.up();
      const low = await counts(notebook);
      expect(low).toContain('missed 0');
      await canvas.focus();
      await page.keyboard.press('End');
      expect(await counts(notebook)).toMatch(/found [0-2], false alarms 0/);
    });
  });
});

describe('a histogram without a threshold', () => {
  test('tells the keyboard what each bin holds', async () => {
    await withSample('histogram-one', async ({ page }) => {
      const canvas = page.locator('#one canvas');
      await canvas.focus();
      await page.keyboard.press('End');
      const said = page.locator('#one .aenb-said');
      const last = await said.textContent();
      expect(last).toMatch(/^\d.* – \d.*, .+: \d+$/);
      await page.keyboard.press('ArrowLeft');
      expect(await said.textContent()).not.toBe(last);
      expect(await page.locator('#one .aenb-tip').isVisible()).toBe(true);
      await page.keyboard.press('Escape');
      expect(await page.locator('#one .aenb-tip').isVisible()).toBe(false);
    });
  });
});

describe('bars', () => {
  test('change with the epoch that the slider chooses, and walk by keys', async () => {
    await withSample('bars-gradients', async ({ page }) => {
      await page.locator('#one input[type=range]').focus();
      await page.keyboard.press('Home');
      await page.getByText('epoch 1', { exact: true }).waitFor();
      await page.locator('#one canvas').focus();
      await page.keyboard.press('ArrowRight');
      expect(await page.locator('#one .aenb-said').textContent()).toMatch(/^sigmoid: 1, .+, epoch 1$/);
    });
  });
});

describe('a table', () => {
  test('aligns numbers, sorts on a click, and gives the first order back on the third', async () => {
    await withSample('table-errors', async ({ page }) => {
      const column = () => page.locator('#one tbody tr td:nth-child(2)').allTextContents();
      expect(await column()).toEqual(['8.12', '31.20']);
      const sort = page.getByRole('button', { name: 'autoencoder' });
      await sort.click();
      expect(await column()).toEqual(['31.20', '8.12']);
      expect(await page.locator('#one th').nth(1).getAttribute('aria-sort')).toBe('descending');
      await sort.click();
      await sort.click();
      expect(await page.locator('#one th').nth(1).getAttribute('aria-sort')).toBe('none');
      expect(
        await page
          .locator('#one td')
          .nth(1)
          .evaluate((cell) => getComputedStyle(cell).textAlign),
      ).toBe('right');
    });
  });

  test('of ten thousand rows shows the first ones, and all on demand', async () => {
    const rows = Array.from({ length: 10_000 }, (_, i) => [i]);
    const change = { columns: [{ name: 'i', numeric: true, digits: 0 }], rows, total: 12_000 };
    await withSample(
      'table-errors',
      async ({ page }) => {
        expect(await page.locator('#one tbody tr').count()).toBe(200);
        expect(await page.locator('#one .aenb-note').textContent()).toContain('first 200 of 12\u202f000 rows');
        await page.getByRole('button', { name: 'Show all' }).click();
        expect(await page.locator('#one tbody tr').count()).toBe(10_000);
      },
      change,
    );
  });
});

describe('a hostile payload', () => {
  const script = '<img src=x onerror="window.pwned = true"><script>window.pwned = true</script>';

  test.each(Object.keys(bundles))('%s with markup in every text shows it as text', async (name) => {
    const spoiled = JSON.parse(JSON.stringify(payload(name)), (key, value) => {
      const kept = [
        'form',
        'state',
        'codes',
        'classes',
        'points',
        'pixels',
        'originals',
        'reconstructions',
        'indices',
        'channel',
        'errors',
        'values',
        'errorMap',
        'part',
        'each',
      ];
      if (['plain', 'diverging', 'error'].includes(value)) return value;
      return typeof value === 'string' && !kept.includes(key) ? `${script}${value}` : value;
    });
    const notebook = shared;
    await notebook.render(kindOf(name), 'one', spoiled);
    expect(await notebook.page.evaluate(() => (window as unknown as { pwned?: boolean }).pwned)).toBeUndefined();
    expect(await notebook.page.locator('#one img, #one script').count()).toBe(0);
    expect(await notebook.page.locator('#one section').count()).toBe(1);
  });

  test('that is broken, or no JSON at all, says what is wrong, and the next good one draws', async () => {
    const notebook = shared;
    await notebook.render('scatter', 'one', {
      text: 'x',
      series: [{ name: 'a', count: 5, points: 'AAAA', line: false, background: false }],
    });
    expect(await notebook.page.locator('#one').textContent()).toContain('series[0].points must be base64 of 40 bytes');
    await notebook.render('scatter', 'one', '{"text": ');
    expect(await notebook.page.locator('#one').textContent()).toContain('This output cannot be drawn');
    await notebook.render('scatter', 'one', payload('scatter-one'));
    expect(await notebook.inked('#one canvas')).toBeGreaterThan(500);
  });
});

test('a payload of 200 MB is refused before it is read, and the window goes on', async () => {
  await shared.render('latent', 'small', payload('latent-codes'));
  const refused = await shared.page.evaluate(() => {
    const own = window as unknown as { render(kind: string, id: string, json: string): unknown };
    const start = performance.now();
    own.render('latent', 'huge', ' '.repeat(200_000_000));
    return { text: document.getElementById('huge')!.textContent, milliseconds: performance.now() - start };
  });
  expect(refused.text).toContain('payload of 200000000 bytes');
  expect(refused.milliseconds).toBeLessThan(5_000);
});

describe('two hundred re-runs', () => {
  /** One of each kind, and both ways of drawing a scatter. */
  const names = Object.keys(bundles).filter(
    (name, i, all) => name === 'scatter-cloud' || all.findIndex((other) => kindOf(other) === kindOf(name)) === i,
  );

  /** What the page holds after garbage is collected. */
  async function held({ page }: Notebook) {
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage');
    const { metrics } = await session.send('Performance.getMetrics');
    await session.detach();
    const value = (name: string) => metrics.find((metric) => metric.name === name)!.value;
    return { nodes: value('Nodes'), listeners: value('JSEventListeners'), heap: value('JSHeapUsedSize') };
  }
  type Held = Awaited<ReturnType<typeof held>>;
  const expectFlat = (before: Held, after: Held) => {
    expect(after.nodes - before.nodes).toBeLessThan(30);
    expect(after.listeners - before.listeners).toBeLessThan(15);
    expect(after.heap - before.heap).toBeLessThan(1_500_000);
  };
  /** A page of its own, whose cards are counted: each canvas that asks for one anew. */
  const open = async () => {
    const notebook = await harness.open('light', 900);
    await notebook.page.evaluate(() => {
      const own = window as unknown as { cards: number };
      own.cards = 0;
      const given = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, ...args: [string, never]) {
        if (args[0].startsWith('webgl')) own.cards++;
        return given.apply(this, args as never);
      } as typeof given;
    });
    return notebook;
  };
  const cards = ({ page }: Notebook) => page.evaluate(() => (window as unknown as { cards: number }).cards);

  /** What is held after two hundred re-runs, beside what is after twenty. */
  async function staysFlat(rerun: (notebook: Notebook, times: number) => Promise<void>): Promise<void> {
    const notebook = await open();
    const again = async (times: number) => {
      await rerun(notebook, times);
      return held(notebook);
    };
    const before = await again(20);
    expectFlat(before, await again(200));
    expect(await cards(notebook)).toBeLessThanOrEqual(1);
    expect(notebook.problems).toEqual([]);
    await notebook.close();
  }

  test.each(names)(
    'of %s in one output change it in place and leave nothing behind',
    (name) =>
      staysFlat(async (notebook, times) => {
        await notebook.render(kindOf(name), 'one', payload(name));
        await notebook.update(kindOf(name), 'one', payload(name), times);
      }),
    120_000,
  );

  test.each(names)(
    'of %s, each a new output, leave nothing of the old ones behind',
    (name) =>
      staysFlat(async (notebook, times) => {
        await notebook.render(kindOf(name), name, payload(name), kindOf(name));
        await notebook.rerun(kindOf(name), payload(name), times);
        await notebook.clear();
      }),
    120_000,
  );

  test('of maps and scatters on a graphics card share one, and free the points they sent', async () => {
    const notebook = await open();
    await notebook.page.evaluate(() => {
      const gl = document.createElement('canvas').getContext('webgl', { antialias: false, depth: false })!;
      const buffers = { made: 0, freed: 0 };
      const [make, free] = [gl.createBuffer.bind(gl), gl.deleteBuffer.bind(gl)];
      gl.createBuffer = () => {
        buffers.made++;
        return make();
      };
      gl.deleteBuffer = (buffer) => {
        buffers.freed++;
        free(buffer);
      };
      Object.assign(globalThis, { [Symbol.for('aenb.webgl')]: { gl }, buffers });
    });
    for (const name of ['latent-digits', 'scatter-cloud']) {
      await notebook.render(kindOf(name), 'one', payload(name), kindOf(name));
      await notebook.update(kindOf(name), 'one', payload(name), 20);
      await notebook.rerun(kindOf(name), payload(name), 20);
    }
    await notebook.clear();
    const { made, freed } = await notebook.page.evaluate(
      () => (window as unknown as { buffers: { made: number; freed: number } }).buffers,
    );
    expect(made).toBeGreaterThan(100);
    expect(freed).toBe(made);
    expect(await cards(notebook)).toBe(1);
    expect(notebook.problems).toEqual([]);
    await notebook.close();
  });
});

describe('an exported page', () => {
  const page = (script: string) => {
    const notebook = emptyNotebook();
    notebook.cells = Object.keys(bundles).map((name, i) => ({
      cell_type: 'code',
      id: `cell-${i}`,
      metadata: {},
      source: name,
      execution_count: i + 1,
      outputs: [{ output_type: 'display_data', data: bundles[name]!, metadata: {} }],
    }));
    return toHtml(notebook, { title: 'All outputs', script });
  };
  const script = readFileSync(new URL('../../dist/page.js', import.meta.url), 'utf8');

  test.each(['light', 'dark'] as const)(
    'draws every output live in a %s browser, once, within its content policy',
    async (scheme) => {
      const problems: string[] = [];
      const browser = await harness.openPage(page(script), { width: 1000, scheme, problems });
      await browser.waitForFunction(
        (count) => document.querySelectorAll('section.aenb').length === count,
        Object.keys(bundles).length,
      );
      for (const image of await browser.locator('figure img').all()) expect(await image.isVisible()).toBe(false);
      expect(problems).toEqual([]);
      await browser.close();
    },
  );

  test('shows every picture where no script runs, and on paper', async () => {
    const still = await harness.openPage(page(''), { width: 1000, scheme: 'light' });
    expect(await still.locator('figure img').count()).toBe(Object.keys(bundles).length);
    for (const image of await still.locator('figure img').all()) expect(await image.isVisible()).toBe(true);
    await still.close();
    const printed = await harness.openPage(page(script), { width: 1000, scheme: 'light' });
    await printed.waitForSelector('section.aenb');
    await printed.emulateMedia({ media: 'print' });
    expect(await printed.locator('figure img').first().isVisible()).toBe(true);
    expect(await printed.locator('section.aenb').first().isVisible()).toBe(false);
    await printed.close();
  });
});
