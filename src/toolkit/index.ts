/**
 * The toolkit's front door: every export is a global in a cell and an export of the package `aenb`.
 * `kernelInterface` is for the kernel process alone.
 */
import * as tf from '@tensorflow/tfjs';
import { engine, loadEngine } from '../engine/index.ts';
import { host, setHost } from './host.ts';

export type { Dataset } from './dataset.ts';
export * as datasets from './datasets/index.ts';
export { type Displayable, displaySymbol } from './display.ts';
export { NdArray, type Samples } from './ndarray.ts';
export { tf };

/** What the kernel needs of the toolkit beside its exports. */
export const kernelInterface = {
  setHost,
  /** Loads the engine that AENB_ENGINE asks for, and tells the notebook when it is there. */
  async loadEngine() {
    const known = engine();
    const status = await loadEngine();
    if (!known) host()?.engineLoaded(status);
    return status;
  },
  engine,
  /** Names whose mention in a cell makes the kernel await `loadEngine()` before running it. */
  needsEngine: new Set(['tf', 'ae', 'Autoencoder', 'loadModel', 'PCA']) as ReadonlySet<string>,
};
