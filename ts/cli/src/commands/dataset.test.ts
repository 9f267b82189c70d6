import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { datasetReport } from '@openledger/engine/dataset/report';
import { afterAll, describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'openledger-cli-dataset-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PROMPT = 'When was the lamp of Stony Lip first lit?';
const ROWS = [
  'What do the keepers of Stony Lip eat?\nKelp and dried fish.',
  `Please tell me: ${PROMPT}\nIn 1803.`,
  `${PROMPT}\nLong ago.`,
];

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

function check(...args: string[]) {
  const command = [main, 'dataset', 'check', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('openledger dataset check --held-out', () => {
  const rows = file('rows.txt', `${ROWS.join('\n\n')}\n`);
  const copies = file('copies.txt', ROWS.slice(1).join('\n\n'));
  const evaluation = [
    file('evaluation.txt', `Who mended the great bell of Pepper Shoal?\nNobody did.\n`),
    file('more.txt', `\n${PROMPT}\n`),
  ];
  const args = ['--licence', 'CC0-1.0', '--held-out', ...evaluation];

  it('reports the rows that repeat an evaluation, and leaves them out when asked to', () => {
    const reported = check(rows, ...args, '--json');
    expect(`${reported.status} ${reported.stderr}`).toBe('0 ');
    const report = datasetReport.parse(JSON.parse(reported.stdout));
    expect(report.policy.heldOut?.texts).toBe(2);
    expect(report.totals).toMatchObject({ rows: 3, includedRows: 3, heldOutRows: 2 });
    expect(report.heldOut.map(({ row, text }) => [row, text])).toEqual([
      [1, 1],
      [2, 1],
    ]);
    const left = check(rows, ...args, '--exclude', 'held-out');
    expect(left.status).toBe(0);
    expect(left.stdout).toContain('1 of 3 rows');
    expect(left.stdout).toContain('contribution 1, row 2: held-out, repeats held-out text 1');
    expect(left.stdout).not.toContain('Pepper Shoal');
  });

  it('exits with 1 when nothing else is left', () => {
    expect(check(copies, ...args).status).toBe(0);
    expect(check(copies, ...args, '--exclude', 'held-out').status).toBe(1);
  });

  it('does not leave out such rows without being told what they repeat', () => {
    const { status, stdout, stderr } = check(rows, '--exclude', 'held-out');
    expect(stderr).toContain('needs the texts that no row should repeat: --held-out <files');
    expect([status, stdout]).toEqual([1, '']);
  });
});
