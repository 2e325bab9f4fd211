import { expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { notebookText } from './notebookText.ts';
import { colours, pixels, type Workbench } from './workbench.ts';

const fit = `const { train, test } = await datasets.digits();

const model = new Autoencoder({ hidden: [128], latentDim: 2, latentActivation: 'linear', seed: 1 });
const run = await model.fit(train.slice(0, 4000), { epochs: 40, validation: 0.1 });`;
const reconstruct = "plot.reconstructions(model, test, { n: 10, title: 'Through two numbers and back' });";
const map = "plot.latent(model, { x: test, title: 'A map of two thousand digits' });";

/** What the extension is for: train in a cell, see it happen, keep the pictures. */
export function trainingTests(workbench: () => Workbench): void {
  test('a network trains in a cell while its curve grows, and its pictures are drawn', async () => {
    const w = workbench();
    await w.write('digits.aenb', notebookText(fit, reconstruct, map));
    await w.stretch();
    await w.openNotebook('digits.aenb');
    await w.runAll();

    const curve = w.outputs.locator('.aenb-curves canvas').first();
    await curve.waitFor();
    await curve.evaluate((canvas) => canvas.setAttribute('data-watched', ''));
    const seen = new Set<string>();
    await eventually(async () => {
      const running = (await w.cellStates())[0] === 'executing';
      if (running) seen.add(await pixels(curve));
      return seen.size;
    }).toBeGreaterThan(3);
    await w.picture('training', w.outputs.locator('.aenb-curves'));

    await eventually(() => w.cellStates()).toEqual(['success', 'success', 'success']);
    // drawn into all the time, never replaced
    expect(await w.outputs.locator('.aenb-curves canvas[data-watched]').count()).toBe(1);
    expect(await w.kernelState()).toMatch(/^aenb: idle · (tensorflow|onnx|wasm|cpu)$/);

    const grid = w.outputs.locator('.aenb-reconstruction canvas').first();
    await grid.waitFor();
    expect(await colours(grid)).toBeGreaterThan(40);
    await w.picture('reconstructions', w.outputs.locator('.aenb-reconstruction'));

    const latent = w.outputs.locator('.aenb-latent canvas').first();
    await latent.waitFor();
    // ten classes, their halos and the axes
    expect(await colours(latent)).toBeGreaterThan(40);
    await w.picture('latent', w.outputs.locator('.aenb-latent'));
    await w.save();
  });

  test('the cursor on the map decodes the place under it, through the kernel', async () => {
    const w = workbench();
    await w.stretch();
    await w.openNotebook('digits.aenb');
    await w.runAll();
    await eventually(() => w.cellStates()).toEqual(['success', 'success', 'success']);
    const latent = w.outputs.locator('.aenb-latent canvas').first();
    const decoded = w.outputs
      .locator('.aenb-latent-look')
      .locator('div', { hasText: /^decoded here$/ })
      .locator('canvas');
    await latent.hover({ position: { x: 180, y: 140 } });
    await eventually(() => colours(decoded)).toBeGreaterThan(8);
    const first = await pixels(decoded);
    await latent.hover({ position: { x: 320, y: 300 } });
    await eventually(() => pixels(decoded)).not.toBe(first);
    await w.picture('decode', w.outputs.locator('.aenb-latent'));
  });

  test('a saved notebook shows the same pictures after the window was loaded again, without a kernel', async () => {
    const w = workbench();
    await w.stretch();
    await w.openNotebook('digits.aenb');
    const before: string[] = [];
    const after: string[] = [];
    for (const shots of [before, after]) {
      for (const kind of ['curves', 'reconstruction', 'latent']) {
        const canvas = w.outputs.locator(`.aenb-${kind} canvas`).first();
        await canvas.waitFor();
        shots.push(await pixels(canvas));
      }
      if (shots === after) break;
      await w.reload();
      await w.stretch();
      await w.openNotebook('digits.aenb');
    }
    expect(after).toEqual(before);
    expect(await w.kernelState()).toBe('aenb: not started');
    await w.picture('reopened');
  });
}

/** A cell for each model: it trains, and draws what it is for. */
const everyModel = [
  `const { train, test } = await datasets.digits();
const some = train.slice(0, 600);
const fitting = { epochs: 2, batchSize: 50 };
const plain = new Autoencoder({ hidden: [64], latentDim: 8, seed: 1 });
await plain.fit(some, fitting);
plot.reconstructions(plain, test, { title: 'Autoencoder' });`,
  `const denoising = new DenoisingAutoencoder({ hidden: [64], latentDim: 16, noise: gaussianNoise(0.3), seed: 1 });
await denoising.fit(some, fitting);
plot.reconstructions(denoising, test, { title: 'DenoisingAutoencoder' });`,
  `const sparse = new SparseAutoencoder({ latentDim: 32, sparsity: { kind: 'l1', weight: 1e-4 }, seed: 1 });
await sparse.fit(some, fitting);
plot.weights(sparse, { title: 'SparseAutoencoder' });`,
  `const contractive = new ContractiveAutoencoder({ latentDim: 16, weight: 0.1, seed: 1 });
await contractive.fit(some, fitting);
plot.reconstructions(contractive, test, { title: 'ContractiveAutoencoder' });`,
  `const convolutional = new ConvAutoencoder({ imageShape: [28, 28, 1], filters: [4, 4], latentDim: 8, seed: 1 });
await convolutional.fit(some, fitting);
plot.reconstructions(convolutional, test, { title: 'ConvAutoencoder' });`,
  `const stacked = new StackedAutoencoder({ hidden: [64], latentDim: 8, seed: 1 });
for await (const step of stacked.pretrain(some, fitting)) console.log(step.step);
plot.gradients(await stacked.fit(some, { ...fitting, trackGradients: true }), { title: 'StackedAutoencoder' });`,
  `const vae = new VariationalAutoencoder({ hidden: [64], latentDim: 2, seed: 1 });
await vae.fit(some, fitting);
plot.manifold(vae, { title: 'VariationalAutoencoder' });`,
  `const cvae = new ConditionalVariationalAutoencoder({ hidden: [64], latentDim: 4, classes: 10, seed: 1 });
await cvae.fit(some, fitting);
plot.styleGrid(cvae, { title: 'ConditionalVariationalAutoencoder' });`,
  `const classifier = new Classifier({ encoder: stacked, classes: 10, seed: 1 });
await classifier.fit(some, fitting);
plot.table([await classifier.evaluate(test)], { title: 'Classifier' });`,
  `const detector = new AnomalyDetector({ seed: 1 });
await detector.fit(some.filter((digit) => digit === 1), { epochs: 3 });
plot.errors(detector, test, Array.from(test.y, (digit) => (digit === 1 ? 0 : 1)), { title: 'AnomalyDetector' });`,
];

/** The same notebook in other themes, and a training that is stopped. */
export function trainingCareTests(workbench: () => Workbench): void {
  test('every model trains in a cell and draws what it is for', async () => {
    const w = workbench();
    await w.write('models.aenb', notebookText(...everyModel));
    await w.openNotebook('models.aenb');
    await w.runAll();
    await eventually(() => w.kernelState()).toMatch(/^aenb: busy/);
    await eventually(() => w.kernelState()).toMatch(/^aenb: idle/);
    await w.save();
    const { cells } = JSON.parse(await w.read('models.aenb'));
    const drawn = (cells as { outputs: { data?: object }[] }[]).map(({ outputs }) =>
      outputs.some(({ data }) => Object.keys(data ?? {}).some((mime) => mime.startsWith('application/vnd.aenb.'))),
    );
    expect(drawn).toEqual(everyModel.map(() => true));
    expect(JSON.stringify(cells)).not.toContain('"output_type":"error"');
    await w.picture('models');
  });

  test('pictures follow the theme without a new run', async () => {
    const w = workbench();
    await w.stretch();
    await w.openNotebook('digits.aenb');
    const latent = w.outputs.locator('.aenb-latent canvas').first();
    await latent.waitFor();
    let last = await pixels(latent);
    for (const [name, theme] of [
      ['dark', 'Dark Modern'],
      ['high contrast', 'Dark High Contrast'],
      ['light', 'Light Modern'],
    ] as const) {
      await w.theme(theme);
      await eventually(() => pixels(latent)).not.toBe(last);
      last = await pixels(latent);
      await w.picture(`latent ${name}`);
    }
  });

  test('a training that is interrupted keeps its weights, and the kernel goes on', async () => {
    const w = workbench();
    await w.write(
      'stopped.aenb',
      notebookText(
        fit.replace('epochs: 40', 'epochs: 5000').replace('[128]', '[16]'),
        'const codes = await model.encode(test.x.slice(0, 3));\ncodes.shape',
      ),
    );
    await w.openNotebook('stopped.aenb');
    await w.runCell(0);
    await w.outputs.locator('.aenb-curves canvas').first().waitFor();
    await w.toolbar('Interrupt').click();
    await eventually(async () => (await w.cellStates())[0]).not.toBe('executing');
    await w.runCell(1);
    await w.outputs.getByText('[ 3, 2 ]').waitFor();
  });
}
