import { expect, it, vi } from 'vitest';
import type { SettlementReader } from '../chain/settlement-reader.ts';
import { createLog } from '../log.ts';
import { startLoop } from '../loop.ts';
import { createLooks } from './looks.ts';

/** A chain with these versions of `responseWindow`, on which the node made claims under some of them. */
function looksOn(windows: number[], claimed: number[] = []) {
  const claims = claimed.map((paramsVersion) => ({ claim: { paramsVersion } }));
  const state = {
    currentVersion: async () => windows.length,
    parameters: async (version: number) => ({ responseWindow: windows[version - 1], exitDelay: 1 }),
  } as unknown as Parameters<typeof createLooks>[0]['state'];
  const reader = { node: () => ({ claims }) } as unknown as SettlementReader;
  return createLooks({ nodeId: 1, reader, state });
}

it('looks as often as the parameters in force ask for, after a vote too', async () => {
  vi.useFakeTimers();
  try {
    const windows = [100];
    const looks = looksOn(windows);
    expect(await looks('responseWindow')).toBe(20_000);
    windows.push(10);
    vi.advanceTimersByTime(3_000);
    expect(await looks('responseWindow')).toBe(2_000);
  } finally {
    vi.useRealTimers();
  }
});

it('goes on looking as often as what was asked before a vote needs it', async () => {
  expect(await looksOn([10, 100])('responseWindow')).toBe(2_000);
  expect(await looksOn([10, 100, 100])('responseWindow')).toBe(20_000);
  expect(await looksOn([10, 100, 100], [1])('responseWindow')).toBe(2_000);
});

it('looks once a minute at least', async () => {
  expect(await looksOn([86_400])('responseWindow')).toBe(60_000);
});

it('a loop asks for its pause before each run', async () => {
  const pauses = [5, 10_000];
  let runs = 0;
  const loop = startLoop({
    name: 'test',
    everyMs: async () => pauses[Math.min(runs, 1)]!,
    log: createLog('silent'),
    task: async () => {
      runs += 1;
    },
  });
  await vi.waitFor(() => expect(runs).toBe(2));
  await new Promise((done) => setTimeout(done, 50));
  expect(runs).toBe(2);
  await loop.stop();
});
