import { testModelsOn } from './modelsOnEngine.ts';

// the slowest engine: what has operations of its own
testModelsOn('cpu', [
  'ContractiveAutoencoder',
  'ConvAutoencoder, max pooling',
  'ConditionalVariationalAutoencoder, added',
  'Classifier',
]);
