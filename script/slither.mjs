// `npm run audit:slither`: Slither over src, when the machine has it. It reads the compiler's analysis; nothing is built.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { analyse } from './analysis.mjs';

const root = path.resolve(import.meta.dirname, '..');
const folder = 'out-slither';

const found = spawnSync('slither', ['--version'], { encoding: 'utf8' });
if (found.status !== 0) {
  console.log('Slither is not installed: nothing was checked. `pip install slither-analyzer` installs it.');
  process.exit(0);
}

const { input, output } = analyse(['abi', 'userdoc', 'devdoc', 'evm.methodIdentifiers']);
const solcVersion = createRequire(import.meta.url)('solc/package.json').version;
const info = { id: 'analysis', solcVersion, solcLongVersion: solcVersion, input, output };
rmSync(path.join(root, folder), { recursive: true, force: true });
mkdirSync(path.join(root, folder, 'build-info'), { recursive: true });
writeFileSync(path.join(root, folder, 'build-info', 'analysis.json'), JSON.stringify(info));

const report = path.join(root, folder, 'report.json');
const args = [
  '.',
  '--compile-force-framework',
  'foundry',
  '--ignore-compile',
  '--foundry-out-directory',
  folder,
];
const options = ['--config-file', 'script/slither.config.json', '--fail-none', '--json', report];
const run = spawnSync('slither', [...args, ...options], { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 });
if (run.status !== 0) {
  console.error(run.stderr || run.error?.message);
  process.exit(run.status ?? 1);
}

// Findings that somebody looked at, with the reason why they stay.
const explained = JSON.parse(readFileSync(path.join(root, 'script/slither-explained.json'), 'utf8'));
const used = new Set();
const { detectors = [] } = JSON.parse(readFileSync(report, 'utf8')).results;
const open = detectors.filter((finding) => {
  const where = placeOf(finding);
  const reason = explained.find((e) => e.check === finding.check && (e.where?.includes(where) ?? true));
  if (reason !== undefined) used.add(reason);
  return reason === undefined;
});
for (const { check, impact, description } of open) console.error(`${impact} ${check}: ${description}`);
for (const reason of explained.filter((e) => !used.has(e)))
  console.warn(`Explained, and not found any more: ${reason.check} ${reason.where?.join(', ') ?? ''}`);
console.log(`${detectors.length} findings, ${open.length} of them unexplained`);
process.exitCode = open.length === 0 ? 0 : 1;

/** Contract and function of a finding; a variable's function stands for it. */
function placeOf({ elements: [first] }) {
  let element = first;
  while (element !== undefined && element.type !== 'function') element = element.type_specific_fields?.parent;
  const contract = element?.type_specific_fields?.parent?.name ?? '';
  return `${contract}.${element?.name ?? first.name}`;
}
