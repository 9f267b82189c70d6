import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '@openledger/engine/files/atomic';
import { z } from 'zod';
import { NodeError, systemCode } from '../errors.ts';

const DAY_S = 86_400;

const saved = z.object({
  /** Days since 1970 (UTC). */
  day: z.number().int().min(0),
  callers: z.record(z.string(), z.number().int().min(1)),
});

export type AllowanceOptions = {
  /** The file of the day's counts. It names callers, and is replaced when the next day has its first call. */
  path: string;
  /** Free calls a day, of one caller and of all. */
  perCaller: number;
  total: number;
  /** Seconds since 1970. */
  now(): number;
};

/** One free call that was counted. */
export type Taken = {
  /** How many the caller has left. */
  remaining: number;
  /** Resolves when the count is on the disk. */
  keep(): Promise<void>;
  /** Takes the count back: the call was never answered. */
  giveBack(): void;
};

/** How many free calls are left today. Days begin at midnight UTC. */
export type Allowance = {
  left(caller: string): number;
  /** Counts a call; undefined when none is left. */
  take(caller: string): Taken | undefined;
  /** When the counts start again, in seconds since 1970. */
  resetsAt(): number;
};

/** Opens the counts, which a restart does not reset. */
export async function openAllowance({ path, perCaller, total, now }: AllowanceOptions): Promise<Allowance> {
  const before = await readCounts(path);
  let { day } = before;
  let counts = new Map(Object.entries(before.callers));
  let writing: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  const dayNow = () => Math.floor(now() / DAY_S);

  function today(): Map<string, number> {
    if (day !== dayNow()) [day, counts] = [dayNow(), new Map()];
    return counts;
  }

  function left(caller: string): number {
    const calls = today();
    const all = [...calls.values()].reduce((sum, count) => sum + count, 0);
    return Math.max(0, Math.min(perCaller - (calls.get(caller) ?? 0), total - all));
  }

  /** One write at a time; what is counted during a write goes into the next. */
  function save(): Promise<void> {
    next ??= writing.then(() => {
      next = undefined;
      return writeFileAtomic(path, JSON.stringify({ day, callers: Object.fromEntries(counts) }));
    });
    const mine = next;
    writing = mine.catch(() => undefined);
    return mine;
  }

  return {
    left,
    take(caller) {
      if (left(caller) === 0) return undefined;
      const calls = today();
      calls.set(caller, (calls.get(caller) ?? 0) + 1);
      return {
        remaining: left(caller),
        keep: save,
        giveBack() {
          const count = (calls.get(caller) ?? 0) - 1;
          if (count > 0) calls.set(caller, count);
          else calls.delete(caller);
        },
      };
    },
    resetsAt: () => (dayNow() + 1) * DAY_S,
  };
}

async function readCounts(path: string): Promise<z.infer<typeof saved>> {
  try {
    return saved.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { day: 0, callers: {} };
    throw new NodeError(
      'storage_failed',
      `The counts of free calls in ${path} cannot be read.`,
      'Delete the file: the counts of today start again.',
      { cause: error },
    );
  }
}
