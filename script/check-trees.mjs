// `node script/check-trees.mjs`: every state-changing function of the contracts that hold money has a tree of its branches
// beside its tests (test/unit/…/<Contract>/<function>.tree), and every leaf "it should …" of a tree stands as a comment in
// a test of the same folder. Views may share a `views.tree`.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const FOLDERS = ['settlement', 'staking', 'payments'];
/** Inherited from OpenZeppelin, or run once by the deployment. */
const INHERITED = new Set([
  'authority',
  'initialize',
  'isConsumingScheduledOp',
  'proxiableUUID',
  'setAuthority',
  'upgradeToAndCall',
]);
/** Contracts whose code runs as a part of another. */
const PART_OF = { SettlementExtension: 'AttributionSettlement' };

const problems = [];
let trees = 0;
let leaves = 0;
for (const folder of FOLDERS) {
  const tests = join(root, 'test/unit', folder);
  const files = readdirSync(tests, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const said = new Set(
    files
      .filter((file) => file.endsWith('.sol'))
      .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
      .map((line) => line.match(/\/\/\s*(it should .*)$/)?.[1])
      .filter((text) => text !== undefined)
      .map(normal),
  );
  for (const file of files.filter((name) => name.endsWith('.tree'))) {
    trees += 1;
    for (const leaf of readFileSync(file, 'utf8').matchAll(/(it should .*)$/gm)) {
      leaves += 1;
      if (!said.has(normal(leaf[1])))
        problems.push(`${relative(root, file)}: no test has the comment "// ${leaf[1]}"`);
    }
  }
  const named = new Set(
    files
      .filter((name) => name.endsWith('.tree'))
      .map((file) => `${basename(join(file, '..'))}.${basename(file, '.tree')}`),
  );
  for (const contract of contractsOf(folder)) {
    const whole = PART_OF[contract] ?? contract;
    for (const { name, stateMutability } of functionsOf(contract)) {
      const isView = stateMutability === 'view' || stateMutability === 'pure';
      if (named.has(`${whole}.${name}`) || (isView && named.has(`${whole}.views`))) continue;
      problems.push(`${whole}.${name} has no tree: write test/unit/${folder}/…/${whole}/${name}.tree`);
    }
  }
}
for (const problem of problems) console.error(problem);
console.log(`${trees} trees with ${leaves} leaves, ${problems.length} problems`);
process.exit(problems.length === 0 && trees > 0 ? 0 : 1);

function normal(text) {
  return text.trim().replace(/\.$/, '').toLowerCase();
}

/** Concrete contracts of a folder, by the files that declare them. */
function contractsOf(folder) {
  return readdirSync(join(root, 'src', folder), { recursive: true })
    .filter((file) => file.endsWith('.sol'))
    .filter((file) => /^contract \w/m.test(readFileSync(join(root, 'src', folder, file), 'utf8')))
    .map((file) => basename(file, '.sol'));
}

function functionsOf(contract) {
  const artifact = join(root, 'out', `${contract}.sol`, `${contract}.json`);
  if (!existsSync(artifact))
    throw new Error(`${artifact} is missing: run \`npm run build:contracts\` first.`);
  return JSON.parse(readFileSync(artifact, 'utf8')).abi.filter(
    // Constants and immutables are in capitals.
    ({ type, name }) => type === 'function' && !INHERITED.has(name) && name !== name.toUpperCase(),
  );
}
