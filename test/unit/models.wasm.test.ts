import { testModelsOn } from './modelsOnEngine.ts';

testModelsOn('wasm');
