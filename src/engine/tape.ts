import * as tf from '@tensorflow/tfjs';

/**
 * Frees what the gradient tape holds after the function it recorded has thrown: tfjs keeps the values that the
 * backward pass would need, and frees them only at the end of that pass.
 */
export function freeAbandonedTape(): void {
  const { state } = tf.engine();
  if (state.gradientDepth > 0) return; // an outer gradient is still recording
  for (const node of state.activeTape ?? []) tf.dispose(node.saved as tf.Tensor[]);
  state.activeTape = [];
}
