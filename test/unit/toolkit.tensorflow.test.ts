import { testToolkitOn } from './toolkitOnEngine.ts';

testToolkitOn('tensorflow');
