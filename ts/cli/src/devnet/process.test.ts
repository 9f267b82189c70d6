import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { isAlive, readLivePid, writePid } from './process.ts';

const folder = mkdtempSync(join(tmpdir(), 'openledger-pid-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('finds a program by its pid file while it runs, and not after', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const pid = child.pid as number;
  const path = join(folder, 'a.json');
  await new Promise((done) => child.once('spawn', done));
  writePid(path, { pid, command: process.execPath });
  expect(readLivePid(path)).toBe(pid);
  child.kill('SIGKILL');
  await new Promise((done) => child.once('exit', done));
  expect(readLivePid(path)).toBeUndefined();
  expect(isAlive(pid)).toBe(false);
});

it.runIf(process.platform === 'linux')('does not take a reused pid for our program', () => {
  const path = join(folder, 'b.json');
  writePid(path, { pid: process.pid, command: '/somewhere/anvil' });
  expect(readLivePid(path)).toBeUndefined();
});

it('knows no program without a pid file', () => {
  expect(readLivePid(join(folder, 'none.json'))).toBeUndefined();
});
