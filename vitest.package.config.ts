/** Tests of the package as it would be published; they need `npm run build` first. */

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/package/**/*.test.ts'],
    globalSetup: ['test/package/pack.ts'],
    // Compilers of whole applications, four at a time.
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
