import { testModelsOn } from './modelsOnEngine.ts';

testModelsOn('onnx');
