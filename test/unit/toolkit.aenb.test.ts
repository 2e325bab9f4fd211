import { testToolkitOn } from './toolkitOnEngine.ts';

testToolkitOn('aenb');
