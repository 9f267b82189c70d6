import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAllowance } from './allowance.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'openledger-free-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const DAY = 86_400;

describe('the free calls of a day', () => {
  it('end for a caller at its own limit and for everyone at the total', async () => {
    const free = await openAllowance({ path: join(home, 'counts'), perCaller: 2, total: 3, now: () => DAY });
    expect([free.take('a'), free.take('a')].map((taken) => taken?.remaining)).toEqual([1, 0]);
    expect(free.take('a')).toBeUndefined();
    expect(free.take('b')?.remaining).toBe(0);
    expect(free.take('c')).toBeUndefined();
  });

  it('are counted on the disk, come back when they were not answered, and start again at midnight', async () => {
    let time = 5 * DAY + 7;
    const options = { path: join(home, 'counts'), perCaller: 2, total: 9, now: () => time };
    const free = await openAllowance(options);
    await free.take('a')?.keep();
    free.take('a')?.giveBack();
    expect(free.left('a')).toBe(1);
    const again = await openAllowance(options);
    expect(again.left('a')).toBe(1);
    expect(again.resetsAt()).toBe(6 * DAY);
    time = 6 * DAY;
    expect(again.left('a')).toBe(2);
  });
});
