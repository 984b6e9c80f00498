/** Everything that runs from the source. The tests of the built package have a configuration of their own. */

import { defineConfig } from 'vitest/config';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The version of the SDK that this run is about. */
    openaiVersion: string;
  }
}

export default defineConfig({
  test: {
    environment: 'node',
    pool: 'threads',
    // No test measures time: the limits only end tests that hang, also on a busy machine with two cores.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ['test/**/*.test.ts'],
          exclude: ['test/package/**'],
          provide: { openaiVersion: '7.59.0' },
        },
      },
      // The contract with the SDK once more: on the oldest version that the peer range allows, and on the first of the next major.
      ...[
        { name: 'oldest openai', replacement: 'openai-oldest', openaiVersion: '6.0.0' },
        { name: 'openai 7.0.0', replacement: 'openai-middle', openaiVersion: '7.0.0' },
      ].map(({ name, replacement, openaiVersion }) => ({
        extends: true as const,
        resolve: { alias: [{ find: /^openai(?=\/|$)/, replacement }] },
        test: { name, include: ['test/sdk/**/*.test.ts'], provide: { openaiVersion } },
      })),
    ],
  },
});
