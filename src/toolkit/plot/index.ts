/**
 * Pictures of models, data and trainings. Each function returns a displayable: make it a cell's last value, or pass
 * it to display(). One output has three representations: the payload our renderers draw, a PNG of the same picture,
 * and a sentence with the numbers.
 */
export { curves, lines } from './curves.ts';
export { images } from './images.ts';
export { latent } from './latent.ts';
export { reconstructions } from './reconstructions.ts';
export { scatter } from './scatter.ts';
export { table } from './table.ts';
