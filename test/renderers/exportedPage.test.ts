import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureChromium } from '../../scripts/setup/chromium.mjs';
import { codeCell, emptyNotebook, markdownCell, type NotebookCell, toHtml } from '../../src/notebook/index.ts';
import { type Bundle, bundleOf, samples } from './samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'aenb-'));
let browser: Browser;
/** One output of each kind, by the sample's name. */
let bundles: Record<string, Bundle>;

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: await ensureChromium(),
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const drawn = Object.entries(await samples()).map(async ([name, sample]) => [name, await bundleOf(sample)] as const);
  bundles = Object.fromEntries(await Promise.all(drawn));
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** Opens the exported notebook from disk and collects what a browser complains about or asks the network for. */
async function open(cells: NotebookCell[], options: BrowserContextOptions = {}) {
  const script = readFileSync(new URL('../../dist/page.js', import.meta.url), 'utf8');
  const path = join(folder, 'page.html');
  writeFileSync(path, toHtml({ ...emptyNotebook(), cells }, { title: 'page', script }));
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('request', (request) => /^(file|data|blob|about):/.test(request.url()) || requests.push(request.url()));
  await page.goto(pathToFileURL(path).href);
  return { page, complaints, requests };
}

const shows = (data: Record<string, unknown>): NotebookCell => ({
  ...codeCell('plot'),
  outputs: [{ output_type: 'display_data', data, metadata: {} }],
});

const scrollsSideways = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

describe('a page opened from disk', () => {
  test('brings every kind to life, asks the network for nothing and breaks none of its own rules', async () => {
    const all = Object.values(bundles);
    const { page, complaints, requests } = await open([markdownCell('# All kinds'), ...all.map(shows)]);
    const figures = page.locator('figure.aenb-output');
    await expect.poll(() => page.locator('figure.aenb-drawn').count()).toBe(all.length);
    expect(await figures.count()).toBe(all.length);
    // the picture that was there without scripts has made room
    expect(await page.locator('figure.aenb-drawn > img:visible').count()).toBe(0);
    expect({ complaints, requests }).toEqual({ complaints: [], requests: [] });
    await page.setViewportSize({ width: 360, height: 800 });
    await expect.poll(() => scrollsSideways(page)).toBe(false);
  });

  test('shows every picture without scripts', async () => {
    const pictures = Object.values(bundles).filter((bundle) => 'image/png' in bundle);
    const { page } = await open(pictures.map(shows), { javaScriptEnabled: false });
    const images = page.locator('figure.aenb-output > img');
    expect(await images.count()).toBe(pictures.length);
    for (const image of await images.all()) expect((await image.boundingBox())!.height).toBeGreaterThan(20);
  });

  test('keeps the picture of an output that cannot be drawn', async () => {
    const png = bundles['curves-run']!['image/png'];
    const broken = {
      'application/vnd.aenb.curves.v1+json': { nonsense: true },
      'image/png': png,
      'text/plain': 'curves',
    };
    const { page } = await open([shows(broken)]);
    await page.waitForLoadState('load');
    expect(await page.locator('figure.aenb-output > img').isVisible()).toBe(true);
  });

  test('runs no script of the notebook', async () => {
    const attack =
      "<script>document.title = 'attacked'</script><img src=x onerror=\"parent.document.title = 'attacked'\">";
    const payload = { 'application/vnd.aenb.table.v1+json': { text: `</script>${attack}` }, 'text/plain': attack };
    const { page } = await open([
      markdownCell(`# Safe\n\n${attack}\n\n[x](javascript:alert(1))`),
      { ...codeCell(attack), outputs: [{ output_type: 'stream', name: 'stdout', text: attack }] },
      shows(payload),
      shows({ 'text/html': attack }),
      shows({ 'image/svg+xml': `<svg xmlns="http://www.w3.org/2000/svg" onload="parent.document.title='attacked'"/>` }),
    ]);
    await page.waitForLoadState('load');
    expect(await page.title()).toBe('Safe');
    expect(await page.locator('img[src="x"]').count()).toBe(0);
  });

  test('gives the frame of an HTML output the height of what is in it', async () => {
    const { page } = await open([shows({ 'text/html': '<div style="height: 333px">tall</div>' })]);
    await expect.poll(async () => (await page.locator('iframe').boundingBox())!.height).toBeGreaterThan(330);
    expect((await page.locator('iframe').boundingBox())!.height).toBeLessThan(420);
  });

  test('follows the system into the dark', async () => {
    const brightness = async (colorScheme: 'light' | 'dark') => {
      const { page } = await open([markdownCell('# T')], { colorScheme });
      const colour = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      return Number(/\d+/.exec(colour)![0]);
    };
    expect(await brightness('light')).toBeGreaterThan(200);
    expect(await brightness('dark')).toBeLessThan(60);
  });
});
