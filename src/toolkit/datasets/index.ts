/** Where data comes from. One file a source; `datasets` of the toolkit is this module. */
export { adbench } from './adbench.ts';
export { csvBatches, npyShards } from './batches.ts';
export { csv } from './csv.ts';
export { digits } from './digits.ts';
export { ecg5000 } from './ecg5000.ts';
export { fashionMnist } from './fashionMnist.ts';
export { heightWeight } from './heightWeight.ts';
export { idx } from './idx.ts';
export { images } from './images.ts';
export { mnist } from './mnist.ts';
export { npy } from './npy.ts';
export { npz } from './npz.ts';
export { split } from './split.ts';
export { windows } from './windows.ts';
