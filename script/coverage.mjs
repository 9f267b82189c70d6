// `npm run coverage`: lines and branches that the tests of the contracts reach, by folder, and what they miss where a
// folder is below its gate. Usage: node script/coverage.mjs [--from lcov.info]
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

const root = path.resolve(import.meta.dirname, '..');
/** Percent of lines and of branches. */
const GATES = { settlement: 100, staking: 100, payments: 100 };
const ELSEWHERE = 95;
// Counters inside assembly say little, and the compiler without its optimiser lays memory out differently.
const BY_OTHER_MEANS = /^src\/libraries\/(Leaves|MerkleSum|PositionalMerkle|Answers)\.sol$/;
const WHY =
  'Libraries in assembly are not counted: instrumentation does not see into it. Differential fuzzing against\n' +
  'an independent implementation tests them instead, with memory that is dirty beforehand.';

const { values } = parseArgs({ options: { from: { type: 'string' } } });
const report = values.from ?? path.join(root, 'coverage/lcov.info');
if (values.from === undefined) collect();

const files = parse(readFileSync(report, 'utf8')).filter((f) => f.path.startsWith('src/'));
const counted = files.filter((f) => !BY_OTHER_MEANS.test(f.path));
const folders = Map.groupBy(counted, (f) => f.path.split('/')[1]);
let failed = false;
const rows = {};
for (const folder of [...folders.keys()].sort()) {
  const members = folders.get(folder);
  const gate = GATES[folder] ?? ELSEWHERE;
  const lines = share(members.flatMap((f) => f.lines));
  const branches = share(members.flatMap((f) => f.branches));
  rows[folder] = { lines: percent(lines), branches: percent(branches), gate: `${gate} %` };
  if (lines >= gate && branches >= gate) continue;
  failed = true;
  for (const file of members) {
    const missed = [...file.lines, ...file.branches].filter((x) => x.hits === 0);
    if (missed.length === 0) continue;
    console.log(
      `${file.path}: lines ${percent(share(file.lines))}, branches ${percent(share(file.branches))}; ` +
        `not reached: ${[...new Set(missed.map((x) => x.line))].sort((a, b) => a - b).join(', ')}`,
    );
  }
}
console.table(rows);
const others = files.filter((f) => BY_OTHER_MEANS.test(f.path)).map((f) => path.basename(f.path, '.sol'));
console.log(`${WHY}\n(${others.join(', ')})`);
if (failed) console.error('Coverage is below a gate.');
process.exitCode = failed ? 1 : 0;

/** Runs forge. Everything is compiled again, without the optimiser; the same sources are compiled once only. */
function collect() {
  mkdirSync(path.join(root, 'coverage'), { recursive: true });
  // Campaigns and measurements reach nothing that unit tests do not; they would only take long.
  const args = ['--skip', 'test/gas/**', '--no-match-path', 'test/{gas,invariant,formal,mutation}/**'];
  const forge = path.join(root, 'node_modules/.bin/forge');
  const run = spawnSync(forge, ['coverage', '--report', 'lcov', '--report-file', report, ...args], {
    cwd: root,
    env: { FOUNDRY_FUZZ_RUNS: '32', SOLC_JS_CACHE: path.join(root, 'cache/solc'), ...process.env },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (run.status === 0) return;
  console.error(run.stdout?.slice(-5000));
  process.exit(run.status ?? 1);
}

function parse(text) {
  return text.split('end_of_record').flatMap((record) => {
    const name = record.match(/^SF:(.+)$/m)?.[1];
    if (name === undefined) return [];
    const lines = [...record.matchAll(/^DA:(\d+),(\d+)/gm)];
    const branches = [...record.matchAll(/^BRDA:(\d+),\d+,\d+,(\d+|-)/gm)];
    const entry = ([, line, hits]) => ({ line: Number(line), hits: hits === '-' ? 0 : Number(hits) });
    return [{ path: name, lines: lines.map(entry), branches: branches.map(entry) }];
  });
}

function share(entries) {
  return entries.length === 0 ? 100 : (100 * entries.filter((x) => x.hits > 0).length) / entries.length;
}

function percent(value) {
  return `${(Math.floor(value * 100) / 100).toFixed(2)} %`;
}
