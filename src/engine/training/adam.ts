/**
 * What a step of Adam is done with: lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + e) with the constants drawn together, so
 * that it is rate m / (sqrt(v) + epsilon). Kingma & Ba 2015, with the usual 0.9 and 0.999 and Keras's epsilon of 1e-7.
 *
 * @param step from 1
 */
export function adamSettings(learningRate: number, step: number): { rate: number; epsilon: number } {
  const root = Math.sqrt(1 - 0.999 ** step);
  return { rate: (learningRate * root) / (1 - 0.9 ** step), epsilon: 1e-7 * root };
}
