/** Where data comes from. One file a source; `datasets` of the toolkit is this module. */
export { digits } from './digits.ts';
export { heightWeight } from './heightWeight.ts';
