export { adam, momentum, rmsprop, sgd, sumOfSquares } from './optimizers';
export { planScratch, runPlan } from './plan';
export { fillBernoulli, fillNormal, fillUniform } from './random';
