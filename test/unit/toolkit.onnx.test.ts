import { testToolkitOn } from './toolkitOnEngine.ts';

testToolkitOn('onnx');
