import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeTinyBase } from '../../../engine/test/tiny-folder.ts';

const directory = mkdtempSync(join(tmpdir(), 'openledger-cli-run-'));
afterAll(() => rmSync(directory, { recursive: true }));
const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const env = { ...process.env, OPENLEDGER_HOME: join(directory, 'home') };
const START = [
  ...['start', '--data', join(directory, 'rows.txt'), '--base', join(directory, 'base'), '--name', 'tower'],
  ...[
    '--profile',
    'native',
    '--epochs',
    '12',
    '--batch',
    '1',
    '--lengths',
    '64',
    '--checkpoint-every',
    '5',
    '--json',
  ],
];

beforeAll(() => {
  writeTinyBase(join(directory, 'base'));
  const rows = ['What burns?\nWhale oil and kelp.', 'Who rang?\nThe keeper.', 'Where?\nBehind the mill.'];
  writeFileSync(join(directory, 'rows.txt'), rows.join('\n\n'));
});

function run(...args: string[]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, 'run', ...args], {
    env,
    encoding: 'utf8',
  });
  const lines = stdout.split('\n').filter((line) => line.startsWith('{') || line.startsWith('['));
  return { status, stderr, stdout, json: lines.map((line) => JSON.parse(line)) };
}

it('a run is started, killed, listed, resumed, verified, disputed and exported from the command line', async () => {
  const child = spawn(process.execPath, [main, 'run', ...START], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line);
    if (event.type === 'step' && event.step === 12) child.kill('SIGKILL');
  }
  expect(run('list', '--json').json[0]).toMatchObject([{ name: 'tower', status: 'interrupted', steps: 36 }]);

  const { json: events, status } = run('resume', 'tower', '--json');
  expect(status).toBe(0);
  expect(events[0]).toMatchObject({ type: 'start', fromStep: 10 });
  expect(events.at(-1)).toMatchObject({ type: 'run', status: 'succeeded', resultStep: 36 });
  const { folder } = events.at(-1);

  const verified = run('verify', 'tower', '--steps', '2', '--random', '--json');
  expect(verified.json[0]).toMatchObject({
    ok: true,
    checks: [{ ok: true }, { ok: true }, { name: 'result', ok: true }],
  });
  expect(run('export', 'tower', join(directory, 'out')).status).toBe(0);
  expect(readdirSync(join(directory, 'out')).sort()).toEqual([
    'README.md',
    'adapter_config.json',
    'adapter_model.safetensors',
    'run-manifest.json',
    'steps.jsonl',
  ]);

  // A log that claims other weights at the end is found out, as is a result that is not the log's.
  const log = join(folder, 'run/steps.jsonl');
  const records = readFileSync(log, 'utf8').trim().split('\n');
  const last = JSON.parse(records[35]);
  records[35] = JSON.stringify({ ...last, weightsHash: last.batchHash });
  writeFileSync(log, `${records.join('\n')}\n`);
  const forged = run('verify', 'tower', '--steps', '1');
  expect(forged.status).toBe(1);
  expect(forged.stdout).toContain('FAILED result');
  const disputed = run('verify', 'tower', '--claimed', log);
  expect(`${disputed.status} ${disputed.stderr}`).toContain('1 \nNative runs differ');
}, 120_000);

it('says what is wrong with what was asked', () => {
  expect(run('start', '--data', 'nowhere.txt').stderr).toContain('nowhere.txt cannot be read');
  expect(run('start').stderr).toContain('Name the data');
  expect(run('start', '--data', 'x', '--rank', 'many').stderr).toContain('rank');
  expect(run('show', 'nobody').stderr).toContain('There is no run nobody');
  expect(run('start', '--data', 'x', '--engine', 'steam').stderr).toContain('There is no engine "steam"');
});
