export { type BatchFunction, CompiledFunction } from './compiledFunction.ts';
export { EagerTrainer, makeBatch } from './eager.ts';
export { type Bindings, type Executable, type InPlaceEngine, InPlaceTrainer } from './inPlace.ts';
export { type Kept, Snapshot } from './kept.ts';
export { stepRandom } from './randomness.ts';
export * from './types.ts';
