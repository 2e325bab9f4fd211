import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** dist/ of this package: the bundle's own folder, or beside src/ when run from there (tests do). */
export function distFolder(): string {
  return existsSync(join(__dirname, 'tensorflow.js')) ? __dirname : join(__dirname, '..', '..', '..', 'dist');
}
