import { testToolkitOn } from './toolkitOnEngine.ts';

testToolkitOn('wasm');
