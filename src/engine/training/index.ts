export { EagerTrainer, makeBatch } from './eager.ts';
export { stepRandom } from './randomness.ts';
export * from './types.ts';
