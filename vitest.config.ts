import { defineConfig } from 'vitest/config';

const exclude = ['**/node_modules/**'];
/** Tests that start a chain or a devnet. */
const endToEnd = ['test/e2e/**/*.test.ts', 'ponder/test/**/*.test.ts', 'ts/node/test/**/*.test.ts'];

/** Four projects, so that CI can give each part of the run its own time. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['ts/*/{src,test}/**/*.test.ts', 'test/layout/*.test.ts'],
          exclude: [...exclude, ...endToEnd, '**/*.training.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'training',
          include: ['ts/*/{src,test}/**/*.training.test.ts'],
          exclude,
          fileParallelism: false,
          testTimeout: 240_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: endToEnd,
          exclude,
          fileParallelism: false,
          testTimeout: 420_000,
          hookTimeout: 240_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          exclude,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 420_000,
        },
      },
    ],
  },
});
