// What is trained: every net as plain data, so that each library builds the same layers, and the call that makes it in ours.

/** Layers of an encoder or a decoder, as the workers read them. */
const dense = (units, activation) => ({ kind: 'dense', units, activation });
const conv = (filters, activation, strides = 1) => ({ kind: 'conv', filters, size: 3, strides, activation });
const convTranspose = (filters, activation) => ({ kind: 'convTranspose', filters, size: 3, strides: 2, activation });
const maxPool = { kind: 'maxPool' };
const double = { kind: 'double' };
/** Mean and log variance of a Gaussian, and a draw from it. */
const gaussian = (units) => ({ kind: 'gaussian', units });

/**
 * @typedef {object} Net
 * @property {string} title
 * @property {'mnist' | 'tabular'} data
 * @property {number[]} shape of a sample
 * @property {'mse' | 'bce' | 'nats'} loss a mean over features, or for nats a sum; a mean over the batch
 * @property {object[]} layers
 * @property {number} batch samples per step unless told otherwise
 * @property {number} quickSteps steps per run of a quick sitting: enough to take longer than what an epoch costs besides
 * @property {[string, object]} ours the class and its options
 */

/** @type {Record<string, Net>} */
export const nets = {
  deep: {
    title: 'deep dense, 784-512-256-32-256-512-784',
    data: 'mnist',
    shape: [784],
    loss: 'mse',
    layers: [
      ...[512, 256].map((units) => dense(units, 'relu')),
      dense(32, 'linear'),
      ...[256, 512].map((units) => dense(units, 'relu')),
      dense(784, 'sigmoid'),
    ],
    batch: 128,
    quickSteps: 250,
    ours: ['Autoencoder', { hidden: [512, 256], latentDim: 32 }],
  },
  // Chollet 2016, "Building autoencoders in Keras", the first one
  blog: {
    title: 'one code layer, 784-32-784',
    data: 'mnist',
    shape: [784],
    loss: 'bce',
    layers: [dense(32, 'relu'), dense(784, 'sigmoid')],
    batch: 256,
    quickSteps: 235,
    ours: ['Autoencoder', { hidden: [], latentDim: 32, latentActivation: 'relu', loss: 'bce' }],
  },
  // Kingma & Welling 2014, with the sizes of PyTorch's example
  vae: {
    title: 'VAE, 784-400-20-400-784',
    data: 'mnist',
    shape: [784],
    loss: 'nats',
    layers: [dense(400, 'relu'), gaussian(20), dense(400, 'relu'), dense(784, 'sigmoid')],
    batch: 128,
    quickSteps: 250,
    ours: ['VariationalAutoencoder', { hidden: [400], latentDim: 20 }],
  },
  conv: {
    title: 'strided convolutions, 16 and 8 filters',
    data: 'mnist',
    shape: [28, 28, 1],
    loss: 'mse',
    layers: [
      conv(16, 'relu', 2),
      conv(8, 'relu', 2),
      convTranspose(8, 'relu'),
      convTranspose(16, 'relu'),
      conv(1, 'sigmoid'),
    ],
    batch: 64,
    quickSteps: 100,
    ours: ['ConvAutoencoder', { imageShape: [28, 28, 1], filters: [16, 8], pool: 'stride', latentDim: null }],
  },
  pool: {
    title: 'convolutions with max pooling, 16 and 8 filters',
    data: 'mnist',
    shape: [28, 28, 1],
    loss: 'mse',
    layers: [
      conv(16, 'relu'),
      maxPool,
      conv(8, 'relu'),
      maxPool,
      conv(8, 'relu'),
      double,
      conv(16, 'relu'),
      double,
      conv(1, 'sigmoid'),
    ],
    batch: 64,
    quickSteps: 60,
    ours: ['ConvAutoencoder', { imageShape: [28, 28, 1], filters: [16, 8], pool: 'max', latentDim: null }],
  },
  small: {
    title: 'small, 32-16-4-16-32, a table of 32 columns',
    data: 'tabular',
    shape: [32],
    loss: 'mse',
    layers: [dense(16, 'relu'), dense(4, 'linear'), dense(16, 'relu'), dense(32, 'linear')],
    batch: 32,
    quickSteps: 1000,
    ours: ['Autoencoder', { hidden: [16], latentDim: 4, output: 'linear' }],
  },
};

/** Numbers that train, counted from the layers: what every library must have built. */
export function countParameters({ shape, layers }) {
  let channels = shape.at(-1);
  let count = 0;
  const add = (inputs, units) => {
    count += inputs * units + units;
    channels = units;
  };
  for (const layer of layers) {
    if (layer.kind === 'dense') add(channels, layer.units);
    if (layer.kind === 'conv' || layer.kind === 'convTranspose') add(channels * layer.size ** 2, layer.filters);
    if (layer.kind === 'gaussian') {
      add(channels, 2 * layer.units);
      channels = layer.units;
    }
  }
  return count;
}

/**
 * Sizes [inputs, units] of a dense net's matrices, or undefined for one with convolutions. The first of them needs no
 * gradient of its input: two products a step, the others three.
 */
export function matrices({ shape, layers }) {
  let width = shape[0];
  const sizes = [];
  for (const { kind, units } of layers) {
    if (kind !== 'dense' && kind !== 'gaussian') return undefined;
    sizes.push([width, kind === 'gaussian' ? 2 * units : units]);
    width = units;
  }
  return sizes;
}
