import { defineConfig } from 'vitest/config';

export default defineConfig({
  ssr: { resolve: { conditions: ['fovea-source'] } },
  test: {
    include: ['tests/**/*.test.ts'],
    // One process at a time: every test file owns the GPU while it runs.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
