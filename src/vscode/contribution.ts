/** Names that package.json contributes. A test holds the two together. */

export const NOTEBOOK_TYPE = 'aenb';
export const CONTROLLER_ID = 'aenb.typescript';
export const LANGUAGE = 'typescript';

/** Every output kind that has a renderer; its id is `aenb.<kind>`. */
export const RENDERER_KINDS = [
  'curves',
  'reconstruction',
  'images',
  'latent',
  'scatter',
  'table',
  'progress',
  'run',
  'histogram',
  'bars',
  'model',
] as const;
export const rendererId = (kind: string) => `${NOTEBOOK_TYPE}.${kind}`;

export const command = {
  newNotebook: 'aenb.newNotebook',
  openTutorial: 'aenb.openTutorial',
  runAll: 'aenb.runAll',
  interrupt: 'aenb.interrupt',
  restart: 'aenb.restart',
  restartAndRunAll: 'aenb.restartAndRunAll',
  kernelMenu: 'aenb.kernelMenu',
  exportHtml: 'aenb.exportHtml',
  engineStatus: 'aenb.engineStatus',
  installEngine: 'aenb.installEngine',
  removeEngine: 'aenb.removeEngine',
  showLog: 'aenb.showLog',
} as const;

export const configuration = {
  section: 'aenb',
  node: 'node',
  engine: 'engine',
  threads: 'threads',
  environmentFile: 'environmentFile',
} as const;
