// TensorFlow.js without us: tf.layers and `model.fit`, as its guides show it. Argument: tensorflow | wasm (as it comes).
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { readSamples, serve } from './protocol.mjs';

const require = createRequire(import.meta.url);
const backend = process.argv[2];
const tf = backend === 'wasm' ? await stockWasm() : eagerTensorflow();

async function stockWasm() {
  const stock = require('@tensorflow/tfjs');
  const { setWasmPaths } = require('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(`${join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist')}/`);
  await stock.setBackend('wasm');
  await stock.ready();
  return stock;
}

/** tfjs-node, on the native library that our set-up installed. */
function eagerTensorflow() {
  require('../../../dist/tensorflow.js');
  return require('../../../dist/tfjs.js');
}

function make(layer, inputShape) {
  const { kind, units, filters, size: kernelSize, strides, activation } = layer;
  const first = inputShape && { inputShape };
  switch (kind) {
    case 'dense':
      return tf.layers.dense({ units, activation, ...first });
    case 'conv':
      return tf.layers.conv2d({ filters, kernelSize, strides, padding: 'same', activation, ...first });
    case 'convTranspose':
      return tf.layers.conv2dTranspose({ filters, kernelSize, strides, padding: 'same', activation });
    case 'maxPool':
      return tf.layers.maxPooling2d({ poolSize: 2, padding: 'same' });
    case 'double':
      return tf.layers.upSampling2d({ size: [2, 2] });
    default:
      throw new Error(`no layer '${kind}'`);
  }
}

const count = (...models) => models.reduce((sum, model) => sum + model.countParams(), 0);

async function fitLayers({ net, batch }, x, pause) {
  const model = tf.sequential();
  net.layers.forEach((layer, i) => {
    model.add(make(layer, i === 0 ? net.shape : undefined));
  });
  model.compile({
    optimizer: tf.train.adam(1e-3),
    loss: net.loss === 'mse' ? 'meanSquaredError' : 'binaryCrossentropy',
  });
  await model.fit(x, x, {
    batchSize: batch,
    epochs: 1_000_000,
    shuffle: true,
    verbose: 0,
    callbacks: {
      onEpochEnd: async (_epoch, { loss }) => {
        if (!(await pause(loss, count(model)))) model.stopTraining = true;
      },
    },
  });
  model.dispose();
}

/** A loss with a term of its own does not go through `model.fit`: the loop of tfjs's examples. */
async function fitVariational({ net, batch, samples }, x, pause) {
  const at = net.layers.findIndex(({ kind }) => kind === 'gaussian');
  const { units } = net.layers[at];
  const input = tf.input({ shape: net.shape });
  const hidden = net.layers.slice(0, at).reduce((value, layer) => make(layer).apply(value), input);
  const outputs = [0, 1].map(() => tf.layers.dense({ units }).apply(hidden));
  const encoder = tf.model({ inputs: input, outputs });
  const code = tf.input({ shape: [units] });
  const decoded = net.layers.slice(at + 1).reduce((value, layer) => make(layer).apply(value), code);
  const decoder = tf.model({ inputs: code, outputs: decoded });
  const optimizer = tf.train.adam(1e-3);
  const lossOf = (images) => {
    const [mean, logVariance] = encoder.apply(images);
    const z = mean.add(logVariance.mul(0.5).exp().mul(tf.randomNormal(mean.shape)));
    const kl = logVariance.add(1).sub(mean.square()).sub(logVariance.exp()).sum(1).mean().mul(-0.5);
    const entropy = tf.metrics.binaryCrossentropy(images, decoder.apply(z)).mean().mul(net.shape[0]);
    return entropy.add(kl);
  };
  for (let go = true; go; ) {
    const order = Array.from(tf.util.createShuffledIndices(samples));
    let total = 0;
    for (let start = 0; start < samples; start += batch) {
      const chosen = order.slice(start, start + batch);
      const loss = tf.tidy(() => {
        const images = x.gather(tf.tensor1d(chosen, 'int32'));
        return optimizer.minimize(() => lossOf(images), true);
      });
      total += (await loss.data())[0] * chosen.length;
      loss.dispose();
    }
    go = await pause(total / samples, count(encoder, decoder));
  }
  encoder.dispose();
  decoder.dispose();
}

await serve({ tfjs: tf.version.tfjs }, async (task, pause) => {
  const x = tf.tensor(readSamples(task), [task.samples, ...task.net.shape]);
  const variational = task.net.layers.some(({ kind }) => kind === 'gaussian');
  await (variational ? fitVariational : fitLayers)(task, x, pause);
  x.dispose();
});
