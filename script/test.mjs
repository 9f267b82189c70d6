// `npm test`: every stage of the test run, in the order in which a mistake is cheapest to find. Each stage's
// machine-readable result is kept, and `npm run status` turns the last results into docs/status.md.
// Usage: node script/test.mjs [--only stage,stage] [--bail] [--list]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const results = join(root, '.openledger', 'test');
const vitest = (project) => [
  'vitest',
  'run',
  '--project',
  project,
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${join(results, `${project}.json`)}`,
];

const STAGES = [
  {
    name: 'lint',
    commands: [
      ['biome', 'check', '.'],
      ['forge', 'fmt', '--check'],
      ['solhint', '--max-warnings', '0', 'src/**/*.sol'],
      ['tsc', '-p', '.'],
    ],
  },
  {
    name: 'contracts',
    commands: [
      // With the scripts: a devnet deploys by one of them, and compiling it later compiles src a second time.
      ['forge', 'build', '--skip', 'test', '-D', 'warnings'],
      ['node', 'script/sizes.mjs'],
      ['node', 'script/layout.mjs'],
      ['node', 'script/check-trees.mjs'],
      ['node', 'script/test-contracts.mjs', '--json'],
      ['node', 'ts/bench/src/main.ts', 'gas', '--legacy', '--check'],
    ],
  },
  { name: 'mutants', commands: [['node', '--stack-size=4000', 'test/mutation/main.ts', '--sample', '15']] },
  { name: 'codegen', commands: [['node', 'script/check-codegen.mjs']] },
  { name: 'unit', commands: [vitest('unit')] },
  { name: 'training', commands: [vitest('training')] },
  { name: 'e2e', commands: [vitest('e2e')] },
  { name: 'browser', commands: [vitest('browser')] },
];

const { values } = parseArgs({
  options: { only: { type: 'string' }, list: { type: 'boolean' }, bail: { type: 'boolean' } },
});
if (values.list) {
  console.log(STAGES.map((s) => s.name).join('\n'));
  process.exit(0);
}
const wanted = values.only?.split(',') ?? STAGES.map((s) => s.name);
const unknown = wanted.filter((name) => !STAGES.some((s) => s.name === name));
if (unknown.length > 0) {
  console.error(`Unknown stage: ${unknown.join(', ')}. Stages: ${STAGES.map((s) => s.name).join(', ')}.`);
  process.exit(2);
}

const env = {
  ...process.env,
  PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}`,
  NO_COLOR: '1',
  FORCE_COLOR: undefined,
  // Programs start dozens of times: node keeps the code that it compiled.
  NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compiled'),
};
mkdirSync(results, { recursive: true });
const rows = [];
for (const stage of STAGES.filter((s) => wanted.includes(s.name))) {
  const started = Date.now();
  const report = join(results, `${stage.name}.json`);
  rmSync(report, { force: true });
  console.log(`\n== ${stage.name}`);
  let ok = true;
  for (const [program, ...args] of stage.commands) {
    const toReport = args.includes('--json');
    if (values.bail && program === 'vitest') args.push('--bail=1');
    const run = spawnSync(program, args, {
      cwd: root,
      env,
      stdio: ['ignore', toReport ? 'pipe' : 'inherit', 'inherit'],
      maxBuffer: 2 ** 28,
    });
    if (run.error)
      console.error(`${program} could not be started: ${run.error.message}. Run \`npm ci\` first.`);
    if (toReport && run.stdout) keepReport(report, run.stdout.toString());
    ok = run.status === 0;
    if (!ok) break;
  }
  const counts = existsSync(report)
    ? count(JSON.parse(readFileSync(report, 'utf8')))
    : { passed: ok ? 1 : 0, failed: 0 };
  // A stage that failed without a failed test (a crash, no tests found) is a failure of its own.
  if (!ok && counts.failed === 0) counts.failed = 1;
  if (ok && counts.passed === 0) {
    console.error(`The stage "${stage.name}" ran no test.`);
    counts.failed = 1;
  }
  rows.push({ stage: stage.name, ...counts, seconds: Math.round((Date.now() - started) / 1000) });
}

console.log('');
console.table(rows);
const passed = rows.reduce((n, r) => n + r.passed, 0);
const failed = rows.reduce((n, r) => n + r.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/** Keeps forge's JSON report (its last line) and says which tests failed and why. */
function keepReport(path, output) {
  const line = output
    .trim()
    .split('\n')
    .findLast((text) => text.startsWith('{'));
  if (line === undefined) return console.error(output.slice(-3000));
  writeFileSync(path, line);
  for (const [suite, { test_results }] of Object.entries(JSON.parse(line))) {
    const results = Object.entries(test_results);
    const failed = results.filter(([, test]) => test.status === 'Failure');
    console.log(
      `${failed.length === 0 ? 'ok  ' : 'FAIL'} ${suite}: ${results.length - failed.length} of ${results.length}`,
    );
    for (const [name, { reason, counterexample }] of failed)
      console.log(`     ${name}: ${reason} ${counterexample ? JSON.stringify(counterexample) : ''}`);
  }
}

/** Counts the tests of a vitest or a forge report. */
function count(report) {
  if ('numPassedTests' in report) return { passed: report.numPassedTests, failed: report.numFailedTests };
  const tests = Object.values(report).flatMap((suite) => Object.values(suite.test_results));
  return {
    passed: tests.filter((t) => t.status === 'Success').length,
    failed: tests.filter((t) => t.status === 'Failure').length,
  };
}
