import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { costPerInference, type Figures, metrics } from './gas-metrics.ts';
import { report } from './report.ts';

const root = resolve(fileURLToPath(import.meta.url), '../../../..');
const snapshotFile = resolve(root, 'test/gas/snapshot.json');
type Pipeline = 'ir' | 'legacy';

/**
 * What the contracts' hot paths cost, beside the same paths of others, measured by the tests in `test/gas`.
 * `--check` compares with the snapshot and fails on any difference, `--update` writes it; `--legacy` does either with
 * the compiler pipeline that the tests use, so that nothing needs to be compiled twice.
 */
export async function run(): Promise<void> {
  const { values: flags } = parseArgs({
    args: process.argv.slice(3),
    options: {
      check: { type: 'boolean', default: false },
      update: { type: 'boolean', default: false },
      legacy: { type: 'boolean', default: false },
    },
  });
  const pipeline: Pipeline = flags.legacy ? 'legacy' : 'ir';
  const figures = measure(pipeline);
  const snapshot = readSnapshot();
  const drift = differences(snapshot[pipeline] ?? {}, figures);
  if (flags.update && process.exitCode) {
    console.error('Nothing was written: the tests above could not be measured.');
    return;
  }
  if (flags.update) {
    writeFileSync(snapshotFile, `${JSON.stringify({ ...snapshot, [pipeline]: sorted(figures) }, null, 2)}\n`);
    console.log(`Wrote ${Object.keys(figures).length} figures (${drift.length} differed).`);
  } else if (drift.length > 0) {
    console.error(`Gas differs from test/gas/snapshot.json (${pipeline}):\n  ${drift.join('\n  ')}`);
    console.error(
      `If that is meant: npm run bench -- gas ${flags.legacy ? '--legacy ' : ''}--update, and say why.`,
    );
    if (flags.check) process.exitCode = 1;
  }
  if (flags.check || flags.legacy) return;
  console.log('Gas per receipt of an epoch with 20 consumers and 20 payees that collect once:');
  console.table(costPerInference(figures));
  report(metrics(figures));
}

/** Runs the tests with each top-level call as a transaction of its own, and reads what they log. */
function measure(pipeline: Pipeline): Figures {
  const options = ['--isolate', '--match-path', 'test/gas/*', '-vv', '--json'];
  const [program, args] =
    pipeline === 'ir'
      ? ['forge', ['test', ...options]]
      : [process.execPath, ['script/test-contracts.mjs', ...options]];
  const forge = spawnSync(program, args, {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, FOUNDRY_PROFILE: pipeline },
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 28,
  });
  if (forge.error) throw new Error(`forge could not be started: ${forge.error.message}`);
  const output = forge.stdout.toString();
  const line = output.split('\n').findLast((text) => text.startsWith('{'));
  if (line === undefined) throw new Error(`The gas tests did not run.\n${output.slice(-3000)}`);
  const figures: Figures = {};
  for (const [suite, { test_results }] of Object.entries(JSON.parse(line) as ForgeReport)) {
    for (const [test, { status, reason, decoded_logs }] of Object.entries(test_results)) {
      // The legacy pipeline may be above a target; only what can't be measured is a failure.
      if (status !== 'Success') console.error(`${suite} ${test} failed: ${reason}`);
      if (status !== 'Success' && decoded_logs.length === 0) process.exitCode = 1;
      for (const log of decoded_logs) {
        const [, name, value] = /^(.*): (\d+)$/.exec(log) ?? [];
        if (name !== undefined) figures[name] = Number(value);
      }
    }
  }
  return figures;
}

type ForgeReport = Record<
  string,
  { test_results: Record<string, { status: string; reason: string | null; decoded_logs: string[] }> }
>;

function readSnapshot(): Partial<Record<Pipeline, Figures>> {
  return existsSync(snapshotFile) ? JSON.parse(readFileSync(snapshotFile, 'utf8')) : {};
}

function differences(before: Figures, after: Figures): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .filter((name) => before[name] !== after[name])
    .map((name) => `${name}: ${before[name] ?? 'absent'} -> ${after[name] ?? 'absent'}`);
}

function sorted(figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).sort(([a], [b]) => (a < b ? -1 : 1)));
}
