import { defineConfig } from 'vitest/config';

/** Four projects, so that CI can give each part of the run its own time. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['ts/*/{src,test}/**/*.test.ts', 'script/**/*.test.ts'], exclude: ['**/node_modules/**', '**/*.training.test.ts'] } },
      { test: { name: 'training', include: ['ts/*/{src,test}/**/*.training.test.ts'], exclude: ['**/node_modules/**'], fileParallelism: false, testTimeout: 240_000 } },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts', 'ponder/test/**/*.test.ts'], fileParallelism: false, testTimeout: 300_000, hookTimeout: 300_000 } },
      { test: { name: 'browser', include: ['test/browser/**/*.test.ts'], fileParallelism: false, testTimeout: 120_000, hookTimeout: 240_000 } },
    ],
  },
});
