/** Which engine computes, and how it is loaded. The models know engines only through this file. */
export type EngineName = 'tensorflow' | 'onnx' | 'wasm' | 'cpu';
