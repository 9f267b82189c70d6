/** The tests that mutants must fail. */
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { ROOT } from './compiler.ts';

const TIMEOUT = 240_000;
/** Few runs of each fuzzed test, and the same for every mutant. */
const RUNS = {
  FOUNDRY_FUZZ_RUNS: '16',
  FOUNDRY_FUZZ_SEED: '0x6f70656e',
  FOUNDRY_INVARIANT_RUNS: '4',
  FOUNDRY_INVARIANT_DEPTH: '16',
};

export type TestRun = { failed: string[]; passed: number; timedOut: boolean };

/** Runs the tests of files that match; throws when forge did not get to running them. */
export async function forgeTest(pattern: string, options: { all?: boolean } = {}): Promise<TestRun> {
  const args = ['test', '--json', '--match-path', pattern];
  if (!options.all) args.push('--fail-fast');
  const child = spawn('forge', args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PATH: `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env.PATH}`,
      FOUNDRY_PROFILE: 'tests',
      ...RUNS,
      NO_COLOR: '1',
    },
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (errors += chunk));
  let timedOut = false;
  const timer = setTimeout(
    () => {
      timedOut = true;
      child.kill('SIGKILL');
    },
    options.all ? 20 * TIMEOUT : TIMEOUT,
  );
  await new Promise((done) => child.on('close', done));
  clearTimeout(timer);
  if (timedOut) return { failed: ['(too slow)'], passed: 0, timedOut };
  const report = output.split('\n').findLast((line) => line.startsWith('{'));
  if (report === undefined) throw new Error(`forge ran no test of ${pattern}:\n${errors.slice(-2000)}`);
  const suites: Record<string, { test_results: Record<string, { status: string }> }> = JSON.parse(report);
  const failed: string[] = [];
  let passed = 0;
  for (const [suite, { test_results }] of Object.entries(suites)) {
    for (const [test, { status }] of Object.entries(test_results)) {
      if (status === 'Failure') failed.push(`${suite.split(':').at(-1)}.${test.split('(')[0]}`);
      else passed++;
    }
  }
  if (failed.length + passed === 0) throw new Error(`No test matches ${pattern}.`);
  return { failed, passed, timedOut };
}
