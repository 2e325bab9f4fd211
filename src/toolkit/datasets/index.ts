/** Where data comes from. One file a source; `datasets` of the toolkit is this module. */
export { digits } from './digits.ts';
export { heightWeight } from './heightWeight.ts';
export { idx } from './idx.ts';
export { mnist } from './mnist.ts';
export { split } from './split.ts';
