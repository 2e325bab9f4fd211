/**
 * tfjs as this package bundles it: one instance for the toolkit, the engines and users' cells.
 * Everywhere else write `import * as tf from '@tensorflow/tfjs'`; the build points it here.
 */
export * from '@tensorflow/tfjs';
export * as wasmBackend from '@tensorflow/tfjs-backend-wasm';
