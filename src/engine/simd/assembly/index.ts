export { adam, momentum, rmsprop, sgd, sumOfSquares } from './optimizers';
export { fillBernoulli, fillNormal, fillUniform } from './random';
