/**
 * TensorFlow's own library as a backend of the one tfjs. Loading this module registers the backend `tensorflow` and
 * makes it the current one; it throws where the native engine is not installed or does not load. Takes half a second
 * and 380 MB, so load it when it is needed. Built as dist/tensorflow.js.
 */
import { threads } from './environment.ts';
import '@tensorflow/tfjs-node';
import * as tf from '@tensorflow/tfjs';

interface NodeBackend {
  binding: { TF_Version: string };
}

/** TensorFlow's version, e.g. "2.21.0". */
export const version: string = (tf.backend() as unknown as NodeBackend).binding.TF_Version;
export { encodeSavedModel } from './savedModel.ts';
export { threads };
