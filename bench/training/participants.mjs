// Who takes part: our engines, the peers as their guides use them, the peers tuned, and what is compared with besides.

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { inductorCache } from './peers.mjs';

/**
 * @typedef {object} Participant
 * @property {string} label
 * @property {'ours' | 'documented' | 'tuned' | 'tfjs' | 'wasm' | 'floor'} role
 * @property {string} group the name by which it is asked for
 * @property {string} script
 * @property {string[]} [args]
 * @property {string} [environment] the Python environment that it runs in; without one, Node
 * @property {Record<string, string>} [env]
 * @property {boolean} [denseOnly]
 * @property {number} [steps] at most so many a run, since it is slow: its time per step is what counts
 */

/** @type {Record<string, Participant>} */
export const participants = {
  aenb: { label: 'aenb, own kernels', role: 'ours', group: 'aenb', script: 'aenb.mjs' },
  onnx: { label: 'aenb, onnx', role: 'ours', group: 'onnx', script: 'aenb.mjs' },
  tensorflow: { label: 'aenb, tensorflow', role: 'ours', group: 'tensorflow', script: 'aenb.mjs' },
  wasm: { label: 'aenb, wasm', role: 'wasm', group: 'wasm', script: 'aenb.mjs', denseOnly: true, steps: 100 },
  keras: peer('Keras fit', 'documented', 'keras', 'keras_fit.py', 'documented'),
  'keras-steps': peer('Keras, 20 steps a call', 'tuned', 'keras', 'keras_fit.py', 'steps'),
  'keras-jit': peer('Keras, 20 steps, jit_compile', 'tuned', 'keras', 'keras_fit.py', 'steps+jit'),
  torch: peer('PyTorch, DataLoader', 'documented', 'torch', 'torch_loop.py', 'documented'),
  'torch-fused': peer('PyTorch, fused Adam, indices', 'tuned', 'torch', 'torch_loop.py', 'fused'),
  'torch-compile': peer('PyTorch, and torch.compile', 'tuned', 'torch', 'torch_loop.py', 'compile'),
  jax: peer('JAX jit', 'tuned', 'jax', 'jax_step.py'),
  'tfjs-node': {
    label: 'tfjs-node, eager',
    role: 'tfjs',
    group: 'tfjs-node',
    script: 'tfjs.mjs',
    args: ['tensorflow'],
    steps: 40,
  },
  'tfjs-wasm': {
    label: 'tfjs wasm, as it comes',
    role: 'wasm',
    group: 'tfjs-wasm',
    script: 'tfjs.mjs',
    args: ['wasm'],
    denseOnly: true,
    steps: 20,
  },
  'products-numpy': floor('numpy', 'jax'),
  'products-torch': floor('torch', 'torch'),
};

function peer(label, role, environment, script, ...args) {
  return { label, role, group: environment, environment, script, args };
}

function floor(library, environment) {
  const label = `matrix products, ${library}`;
  return {
    label,
    role: 'floor',
    group: 'products',
    environment,
    script: 'products.py',
    args: [library],
    denseOnly: true,
  };
}

export const engineNames = ['aenb', 'onnx', 'tensorflow', 'wasm'];
export const peerNames = [...new Set(Object.values(participants).map(({ group }) => group))].filter(
  (group) => !engineNames.includes(group),
);

/** Cores that this process may use. */
export const cores = availableParallelism();

/** The command that starts a participant's worker. */
export function commandOf(name, python, threads) {
  const { script, args = [] } = participants[name];
  const path = fileURLToPath(new URL(`workers/${script}`, import.meta.url));
  const command = [python ?? process.execPath, path, ...args];
  return threads < cores && process.platform === 'linux' ? ['taskset', '-c', firstCores(threads), ...command] : command;
}

/** What is in a worker's environment: as many threads for each, and nothing that slows one down. */
export function environmentOf(name, threads) {
  const env = { ...process.env };
  // some machines hold numpy's library to the kernels of an older processor
  for (const setting of ['OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE']) delete env[setting];
  const count = String(threads);
  for (const setting of [
    'AENB_THREADS',
    'BENCH_THREADS',
    'OMP_NUM_THREADS',
    'MKL_NUM_THREADS',
    'OPENBLAS_NUM_THREADS',
  ]) {
    env[setting] = count;
  }
  // tfjs-node reads its thread count here
  env.TF_NUM_INTRAOP_THREADS = count;
  env.TORCHINDUCTOR_CACHE_DIR = inductorCache;
  env.TF_CPP_MIN_LOG_LEVEL = '2'; // without greetings
  if (engineNames.includes(name)) env.AENB_ENGINE = name;
  return env;
}

/** The first of the cores that this process may use, as taskset lists them. */
function firstCores(count) {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1];
  const allowed = list.split(',').flatMap((range) => {
    const [from, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  return allowed.slice(0, count).join(',');
}
