// Proves that the test run can fail: turns one assertion of each kind false in a copy of the repository and expects
// that stage to exit non-zero. Usage: node script/canary.mjs [--only contracts,unit,e2e,browser]
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = resolve(fileURLToPath(import.meta.url), '../..');
/** Per stage: the file, the assertion that holds, and what it becomes. */
const CANARIES = JSON.parse(readFileSync(join(root, 'script/canaries.json'), 'utf8'));

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const stages = values.only?.split(',') ?? Object.keys(CANARIES);
const copy = mkdtempSync(join(tmpdir(), 'openledger-canary-'));
let bad = 0;
try {
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
    .trim()
    .split('\n');
  for (const file of files) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const stage of stages) {
    const { file, from, to } = CANARIES[stage];
    const path = join(copy, file);
    const source = readFileSync(path, 'utf8');
    if (source.split(from).length !== 2)
      throw new Error(`${file} must hold exactly one "${from}": mend script/canaries.json.`);
    writeFileSync(path, source.replace(from, to));
    const run = spawnSync(process.execPath, ['script/test.mjs', '--only', stage, '--bail'], {
      cwd: copy,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    writeFileSync(path, source);
    const caught = run.status !== 0 && run.stdout.includes('failed');
    console.log(`${caught ? 'caught ' : 'MISSED '} ${stage}: ${file}, exit ${run.status}`);
    if (!caught) bad++;
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`${stages.length - bad} passed, ${bad} failed`);
process.exit(bad === 0 ? 0 : 1);
