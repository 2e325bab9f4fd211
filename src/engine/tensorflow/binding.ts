/** The parts of tfjs-node's backend and of its addon that graphs need; it types neither. */
import * as tf from '@tensorflow/tfjs';

export interface TensorMetadata {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: number;
}

export interface OperatorAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

export interface Binding {
  readonly TF_FLOAT: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  createTensor(shape: readonly number[], dtype: number, values: ArrayBufferView): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array;
  executeOp(name: string, attributes: OperatorAttribute[], inputs: number[], outputs: number): TensorMetadata[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(session: number): void;
  /** Names are joined by commas. */
  runSavedModel(session: number, inputs: number[], inputNames: string, outputNames: string): TensorMetadata[];
}

interface NodeBackend {
  binding: Binding;
  getInputTensorIds(tensors: readonly tf.TensorInfo[]): number[];
  createOutputTensor(metadata: TensorMetadata): tf.Tensor;
  executeSingleOutput(name: string, attributes: OperatorAttribute[], inputs: readonly tf.TensorInfo[]): tf.Tensor;
}

/** tfjs-node's backend, while it is tf's current one. */
export function nodeBackend(): NodeBackend {
  return tf.backend() as unknown as NodeBackend;
}

/** The addon's handle of a tensor. */
export function handleOf(tensor: tf.Tensor): number {
  return nodeBackend().getInputTensorIds([tensor])[0];
}

/**
 * A tensor of the addon's whose memory is its own. Small arrays are used in place by it, and a variable that took such
 * memory over would keep it after the array is gone; it copies what does not begin where its memory begins.
 */
export function ownTensor(shape: readonly number[], values: Float32Array): number {
  const { binding } = nodeBackend();
  const shifted = new Float32Array(values.length + 1).subarray(1);
  shifted.set(values);
  return binding.createTensor(shape, binding.TF_FLOAT, shifted);
}
