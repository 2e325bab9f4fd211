import { testModelsOn } from './modelsOnEngine.ts';

testModelsOn('aenb');
