import { relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const exclude = ['**/node_modules/**'];
/** Tests that start a chain or a devnet. */
const endToEnd = ['test/e2e/**/*.test.ts', 'ponder/test/**/*.test.ts', 'ts/node/test/**/*.test.ts'];

/** Files that take long, the longest first: started last, one of them would run alone at the end. */
const LONG = [
  'test/e2e/thread.test.ts',
  'ts/engine/test/device.test.ts',
  'ts/node/test/node.test.ts',
  'ts/node/test/audits.test.ts',
  'ts/node/test/x402.test.ts',
  'ts/sdk/test/fraud.test.ts',
  'ts/sdk/test/vectors.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = LONG.indexOf(relative(import.meta.dirname, moduleId).replaceAll('\\', '/'));
      return at === -1 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

/** Four projects, so that CI can give each part of the run its own time; without `--project` one follows the other. */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['ts/*/{src,test}/**/*.test.ts', 'test/layout/*.test.ts'],
          exclude: [...exclude, ...endToEnd, '**/*.training.test.ts'],
          // By default one processor stays idle, which is half of them where there are two.
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'training',
          include: ['ts/*/{src,test}/**/*.training.test.ts'],
          exclude,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 240_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: endToEnd,
          exclude,
          globalSetup: 'test/e2e/setup.ts',
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
          testTimeout: 180_000,
          hookTimeout: 240_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          exclude,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
          testTimeout: 180_000,
          hookTimeout: 420_000,
        },
      },
    ],
  },
});
