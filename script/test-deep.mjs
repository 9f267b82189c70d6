// `npm run test:deep`: the invariant campaigns 10,000 times over with 64 calls each, divided among the cores by seed, then
// every other test with 1,000 runs of each fuzzed one. All on the bytecode that is deployed: the campaigns, which take long
// to run, as `forge test` builds them, the others, which take long to compile, as `npm run test:contracts` does.
// Fails if anything fails, or if time is over before all is done.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { forge as build, buildShipped, restore } from './shipped.mjs';

const USAGE = `Usage: node script/test-deep.mjs [options]
  --runs N      runs of each invariant campaign (10000)
  --fuzz-runs N runs of each fuzzed test (1000)
  --shards N    processes that share the campaigns' runs (one per core)
  --seed N      seed of the first process; the others count on from it (1)
  --minutes N   most minutes for all of it (30)
  --only PART   invariants or fuzz
  --help        this text`;

const CAMPAIGNS = 'test/invariant';
const root = resolve(fileURLToPath(import.meta.url), '../..');
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    'fuzz-runs': { type: 'string', default: '1000' },
    shards: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '30' },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const [runs, fuzzRuns, shards, seed, minutes] = ['runs', 'fuzz-runs', 'shards', 'seed', 'minutes'].map(
  positive,
);
if (values.only !== undefined && !['invariants', 'fuzz'].includes(values.only)) {
  fail(`--only ${values.only}: it is invariants or fuzz.`);
}

const path = `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}`;
const env = {
  ...process.env,
  PATH: path,
  FOUNDRY_INVARIANT_DEPTH: '64',
  NO_COLOR: '1',
};
const started = Date.now();
const deadline = started + minutes * 60_000;
const rows = [];

// Once, so that the processes find everything compiled.
if (!buildShipped() || !build('default', ['build', CAMPAIGNS, '--quiet']))
  fail('The contracts do not compile.');
process.on('exit', restore);

if (values.only !== 'fuzz') {
  const share = Math.ceil(runs / shards);
  console.log(
    `Invariants: ${shards} processes with ${share} runs each, seeds ${seed} to ${seed + shards - 1}`,
  );
  await Promise.all(
    Array.from({ length: shards }, (_, i) =>
      part(
        `invariants, seed ${seed + i}`,
        ['--match-path', `${CAMPAIGNS}/**`, '--match-test', '^invariant_'],
        seed + i,
        {
          FOUNDRY_PROFILE: 'default',
          FOUNDRY_INVARIANT_RUNS: String(share),
        },
      ),
    ),
  );
}
if (values.only !== 'invariants') {
  console.log(`Everything else: ${fuzzRuns} runs of each fuzzed test`);
  await part('everything else', ['--no-match-test', '^invariant_'], seed, {
    FOUNDRY_PROFILE: 'tests',
    FOUNDRY_FUZZ_RUNS: String(fuzzRuns),
  });
}

console.table(rows);
const failed = rows.some((row) => row.failed > 0 || row.passed === 0 || row.late);
console.log(failed ? 'Failed.' : `All passed in ${((Date.now() - started) / 60_000).toFixed(1)} minutes.`);
process.exit(failed ? 1 : 0);

/** Runs tests, says which failed and how to see them fail again, and adds a row to the summary. */
async function part(name, filter, partSeed, more) {
  const from = Date.now();
  const fuzzSeed = `0x${partSeed.toString(16)}`;
  const run = await forge(['test', ...filter, '--fuzz-seed', fuzzSeed, '--json'], more);
  const row = { name, passed: 0, failed: 0, calls: 0, seconds: 0, late: run.late };
  for (const [suite, { test_results }] of Object.entries(reportOf(run.output))) {
    for (const [test, result] of Object.entries(test_results)) {
      if (result.status === 'Skipped') continue;
      row[result.status === 'Success' ? 'passed' : 'failed'] += 1;
      row.calls += callsOf(result.kind);
      if (result.status === 'Success') continue;
      console.error(`FAIL ${suite} ${test}: ${result.reason ?? ''} (--fuzz-seed ${fuzzSeed})`);
      if (result.counterexample) console.error(JSON.stringify(result.counterexample).slice(0, 6000));
    }
  }
  if (run.late) console.error(`${name}: not finished within ${minutes} minutes`);
  else if (row.passed + row.failed === 0) console.error(run.output.slice(-3000));
  row.seconds = Math.round((Date.now() - from) / 1000);
  rows.push(row);
}

function callsOf(kind) {
  return kind?.Invariant?.calls ?? kind?.Fuzz?.runs ?? 1;
}

/** The report is the last line of forge's output; what it writes before is about the compiler. */
function reportOf(output) {
  const line = output.split('\n').findLast((text) => text.startsWith('{'));
  return line === undefined ? {} : JSON.parse(line);
}

/** Ends the process when time is over. */
function forge(args, more) {
  return new Promise((done) => {
    const child = spawn('forge', args, { cwd: root, env: { ...env, ...more } });
    const chunks = [];
    let late = false;
    const timer = setTimeout(
      () => {
        late = true;
        child.kill('SIGKILL');
      },
      Math.max(0, deadline - Date.now()),
    );
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => fail(`forge could not be started: ${error.message}. Run \`npm ci\` first.`));
    child.on('close', (code) => {
      clearTimeout(timer);
      done({ code, late, output: Buffer.concat(chunks).toString() });
    });
  });
}

function positive(name) {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value <= 0)
    fail(`--${name} ${values[name]}: it is a positive whole number.`);
  return value;
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
