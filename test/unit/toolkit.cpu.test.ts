import { testToolkitOn } from './toolkitOnEngine.ts';

testToolkitOn('cpu');
