/** What a model's loss sees and gives, in the engine's words. */
export type { StepInput, StepLoss, StepRandom, Terms, TrainedLayer } from '../engine/index.ts';
