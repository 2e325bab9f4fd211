// How quick and how light the pictures are, in headless Chromium without a graphics card: points are drawn by the
// processor then. With a card the scatter takes less of it, the other figures stay. Build first: node scripts/build.mjs
// node bench/renderers.mjs [--live SECONDS] [--json FILE]
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { chromium } from 'playwright-core';
import { ensureChromium } from '../scripts/setup/chromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const option = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);
const liveSeconds = Number(option('--live') ?? 60);
const POINTS = 70_000;
const PAINTS = 15;

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const megabytes = (bytes) => (bytes / 1e6).toFixed(2);

/** The plots as cells see them, and the one of a training, which the toolkit keeps to itself. */
async function loadPlots() {
  const folder = join(root, 'out', 'bench');
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, 'plots.mjs');
  await esbuild.build({
    entryPoints: [join(root, 'src', 'toolkit', 'plot', 'curves.ts')],
    outfile,
    bundle: true,
    external: ['@napi-rs/canvas', 'chart.js'],
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  const { trainingPicture } = await import(outfile);
  rmSync(outfile);
  const { plot, displaySymbol } = createRequire(import.meta.url)('../dist/index.js');
  return { plot, displaySymbol, trainingPicture };
}

/** Numbers that are the same in every run. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Ten classes of pictures with codes around ten places, and a model that gives them. */
function madeUp(n) {
  const random = generator(1);
  const y = Int32Array.from({ length: n }, () => Math.floor(random() * 10));
  const x = { data: Float32Array.from({ length: n * 784 }, () => random()), shape: [n, 784] };
  const around = (one, u) => 3 * Math.cos(one * (1.7 + u)) + random() + random() + random() - 1.5;
  const model = {
    encode: async ({ shape: [count] }) => ({
      data: Float32Array.from({ length: 2 * count }, (_, i) => around(y[i >> 1], i % 2)),
      shape: [count, 2],
    }),
    reconstruct: async (rows) => rows,
  };
  return { dataset: { x, y, imageShape: [28, 28, 1] }, model };
}

const html = `<!doctype html><meta charset="utf-8"><body class="vscode-light" style="margin: 12px"><script type="module">
  const renderers = {};
  window.load = async (kind) => { renderers[kind] ??= (await import('/renderers/' + kind + '.js')).activate({}); };
  window.show = (kind, id, text) => {
    let host = document.getElementById(id);
    if (!host) { host = document.createElement('div'); host.id = id; document.body.append(host); }
    const item = { id, mime: '', metadata: {}, json: () => JSON.parse(text), text: () => text, data: () => ({ byteLength: text.length }) };
    const start = performance.now();
    renderers[kind].renderOutputItem(item, host, new AbortController().signal);
    return performance.now() - start;
  };
  window.drop = (kind, id) => { renderers[kind].disposeOutputItem(id); document.getElementById(id).remove(); };
  window.ready = true;
</script>`;

async function openBrowser() {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://x');
    if (pathname === '/') return response.setHeader('content-type', 'text/html').end(html);
    if (!pathname.endsWith('.js')) return response.writeHead(404).end();
    response.setHeader('content-type', 'text/javascript').end(readFileSync(join(root, 'dist', pathname)));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({
    executablePath: await ensureChromium(),
    args: ['--no-sandbox', '--disable-gpu', '--enable-precise-memory-info', '--js-flags=--expose-gc'],
  });
  const page = await browser.newPage({ viewport: { width: 1000, height: 900 } });
  await page.goto(`http://127.0.0.1:${server.address().port}`);
  await page.waitForFunction('window.ready');
  return {
    page,
    close: async () => {
      await browser.close();
      server.close();
    },
  };
}

/** Milliseconds that the renderer takes, the first time and in the middle of more; nothing is drawn later. */
async function paints(page, kind, payload, times) {
  await page.evaluate((kind) => window.load(kind), kind);
  const text = JSON.stringify(payload);
  const all = [];
  for (let i = 0; i < times; i++) {
    all.push(await page.evaluate(([kind, text]) => window.show(kind, 'one', text), [kind, text]));
    if (i < times - 1) await page.evaluate((kind) => window.drop(kind, 'one'), kind);
  }
  return { first: all[0], median: median(all.slice(1)) };
}

/** Frames a second while the map is zoomed, then while it is moved, for two seconds each. */
function framesPerSecond(page) {
  return page.evaluate(async () => {
    const canvas = document.querySelector('#one canvas');
    const { left, top } = canvas.getBoundingClientRect();
    const at = (x, y) => ({ clientX: left + x, clientY: top + y, bubbles: true, cancelable: true });
    const measure = async (step) => {
      let frames = 0;
      const start = performance.now();
      while (performance.now() - start < 2000) {
        step(frames);
        await new Promise((resolve) => requestAnimationFrame(resolve));
        frames++;
      }
      return (1000 * frames) / (performance.now() - start);
    };
    const zoom = await measure((i) =>
      canvas.dispatchEvent(new WheelEvent('wheel', { ...at(300, 250), deltaY: i % 40 < 20 ? -8 : 8, ctrlKey: true })),
    );
    canvas.setPointerCapture = () => {};
    canvas.dispatchEvent(
      new PointerEvent('pointerdown', { ...at(300, 250), button: 0, buttons: 1, pointerType: 'mouse' }),
    );
    const pan = await measure((i) =>
      canvas.dispatchEvent(
        new PointerEvent('pointermove', { ...at(300 + 60 * Math.sin(i / 9), 250), buttons: 1, pointerType: 'mouse' }),
      ),
    );
    canvas.dispatchEvent(new PointerEvent('pointerup', at(300, 250)));
    return { zoom, pan };
  });
}

/**
 * A curve that grows ten times a second: share of one core, what the longer curve takes, what stays when it is as short
 * again as at first, and whether the canvas stays.
 */
async function live(page, trainingPicture, seconds) {
  const session = await page.context().newCDPSession(page);
  // Processor time: what other programs take of the core does not count.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const metric = async (name) =>
    (await session.send('Performance.getMetrics')).metrics.find((one) => one.name === name).value;
  const collect = async () => {
    await session.send('HeapProfiler.collectGarbage');
    return metric('JSHeapUsedSize');
  };
  await page.evaluate((kind) => window.load(kind), 'curves');
  const warmUp = 50;
  const total = seconds * 10 + warmUp;
  const history = { loss: [], valLoss: [], terms: {} };
  const picture = () => {
    const at = history.loss.length;
    history.loss.push(1 / (1 + at / 20) + 0.01 * Math.sin(at));
    history.valLoss.push(1.1 / (1 + at / 22));
    const progress = {
      text: 'training',
      model: 'Autoencoder',
      state: 'running',
      epoch: at + 1,
      epochs: total,
      fraction: at / total,
    };
    return trainingPicture({
      model: 'Autoencoder',
      unit: 'mse',
      history,
      progress: { ...progress, seconds: at / 10, engine: 'wasm', losses: [{ name: 'loss', value: history.loss[at] }] },
    }).payload;
  };
  const show = (payload) => page.evaluate((text) => window.show('curves', 'live', text), JSON.stringify(payload));
  for (let i = 0; i < warmUp; i++) await show(picture());
  await page.evaluate(() => document.querySelector('#live canvas').setAttribute('data-kept', ''));
  const first = picture();
  await show(first);
  const heap = await collect();
  const busy = await metric('TaskDuration');
  const start = performance.now();
  for (let i = 0; i < total - warmUp; i++) {
    await show(picture());
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, start + (i + 1) * 100 - performance.now())));
  }
  const wall = (performance.now() - start) / 1000;
  const share = ((await metric('TaskDuration')) - busy) / wall;
  const curve = (await collect()) - heap;
  await show(first);
  const grown = (await collect()) - heap;
  return { seconds: wall, share, curve, grown, kept: await page.locator('#live canvas[data-kept]').count() };
}

const { plot, trainingPicture, displaySymbol } = await loadPlots();
const payloadOf = (bundle) => bundle[Object.keys(bundle).find((mime) => mime.includes('vnd.aenb'))];
const small = madeUp(10);
const grid = payloadOf(await (await plot.reconstructions(small.model, small.dataset))[displaySymbol]());
const large = madeUp(POINTS);
const formation = await plot.formation(large.model, large.dataset, { samples: 2000 });
for (let epoch = 1; epoch <= 10; epoch++) await formation.onEpoch({ epoch });
const saved = await (await plot.latent(large.model, { x: large.dataset, formation, errors: true }))[displaySymbol]();

const cloud = generator(3);
const numbers = Array.from({ length: 3 }, (_, s) =>
  Array.from({ length: Math.ceil(POINTS / 3) }, () => [s + cloud() + cloud() + cloud(), s * cloud() + cloud()]),
);
const own = payloadOf(
  await plot.scatter({ one: numbers[0], two: numbers[1], three: numbers[2] }, { lines: false })[displaySymbol](),
);

const { page, close } = await openBrowser();
const results = {
  machine: `${cpus()[0].model}, ${cpus().length} cores`,
  grid: await paints(page, 'reconstruction', grid, PAINTS),
  scatter: await paints(page, 'latent', payloadOf(saved), 5),
  frames: await framesPerSecond(page),
  own: await paints(page, 'scatter', own, 5),
  ownFrames: await framesPerSecond(page),
  live: await live(page, trainingPicture, liveSeconds),
  saved: Buffer.byteLength(JSON.stringify(saved)),
  bundles: Object.fromEntries(
    readdirSync(join(root, 'dist', 'renderers')).map((name) => [
      name,
      statSync(join(root, 'dist', 'renderers', name)).size,
    ]),
  ),
  page: statSync(join(root, 'dist', 'page.js')).size,
};
await close();

const { grid: g, scatter, frames, own: o, ownFrames, live: l } = results;
console.log(`${results.machine}, without a graphics card`);
console.log(
  `reconstruction grid of 10 x 3, first paint   ${g.first.toFixed(0)} ms, then ${g.median.toFixed(1)} ms   (goal 50)`,
);
const plane = (name, paint, fps) => {
  console.log(
    `${name.padEnd(44)} ${paint.first.toFixed(0)} ms, then ${paint.median.toFixed(0)} ms   (goal 400)\n` +
      `    zoom ${fps.zoom.toFixed(0)}, move ${fps.pan.toFixed(0)} frames a second   (goal 30)`,
  );
};
plane(`latent map of ${POINTS} points, first paint`, scatter, frames);
plane(`scatter of ${POINTS} own points, first paint`, o, ownFrames);
console.log(
  `curve updated 10 times a second for ${l.seconds.toFixed(0)} s   ${(100 * l.share).toFixed(1)} % of a core, heap ${megabytes(l.curve)} MB more for the longer curve and ${megabytes(l.grown)} for good, canvas ${l.kept ? 'the same' : 'another'}   (goal 10 %)`,
);
console.log(
  `saved output of the map with 2000 thumbnails and 10 snapshots   ${megabytes(results.saved)} MB   (goal 8)`,
);
for (const [name, bytes] of Object.entries(results.bundles))
  console.log(`    ${name.padEnd(20)} ${(bytes / 1000).toFixed(0)} kB`);
console.log(`    page.js, all kinds   ${(results.page / 1000).toFixed(0)} kB`);
const json = option('--json');
if (json) writeFileSync(json, `${JSON.stringify(results, undefined, 1)}\n`);
