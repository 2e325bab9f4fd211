import { defineConfig } from 'vitest/config';

/** Tests use what users use: `aenb` is the built package, so `npm run build` comes first (`npm test` does it). */
export default defineConfig({
  resolve: { alias: { aenb: new URL('./dist/index.js', import.meta.url).pathname } },
  test: { pool: 'forks', testTimeout: 60_000, hookTimeout: 120_000 },
});
