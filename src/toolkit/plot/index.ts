/**
 * Pictures of models, data and trainings. Each function returns a displayable: make it a cell's last value, or pass
 * it to display(). One output has three representations: the payload our renderers draw, a PNG of the same picture,
 * and a sentence with the numbers.
 */
export { curves, lines } from './curves.ts';
export { errorMaps, errors } from './errors.ts';
export { type Formation, formation } from './formation.ts';
export { bars, gradients } from './gradients.ts';
export { manifold, styleGrid, weights } from './grids.ts';
export { histogram } from './histogram.ts';
export { images } from './images.ts';
export { latent } from './latent.ts';
export { model } from './model.ts';
export { reconstructions } from './reconstructions.ts';
export { scatter } from './scatter.ts';
export { type Selection, selection } from './selection.ts';
export { table } from './table.ts';
