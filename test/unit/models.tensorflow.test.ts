import { test } from 'vitest';
import { addonPath } from '../../src/engine/tensorflow/location.ts';
import { testModelsOn } from './modelsOnEngine.ts';

// a machine without compiler and network can't have the native engine; under CI its absence is a failure
if (addonPath() || process.env.CI) testModelsOn('tensorflow');
else test.skip('the native engine is not installed: `aenb engine install`', () => undefined);
