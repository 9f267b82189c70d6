import { setTimeout as delay } from 'node:timers/promises';
import { isUnreachable } from './chain/retry.ts';
import { describe, NodeError } from './errors.ts';
import type { Log } from './log.ts';

export type Loop = { stop(): Promise<void> };

export type LoopOptions = {
  name: string;
  /** The pause between two runs; as a function it is asked before each. */
  everyMs: number | (() => Promise<number>);
  log: Log;
  task: () => Promise<unknown>;
};

/** Until a pause that has to be asked for is known. */
const UNKNOWN_PAUSE_MS = 1_000;

/**
 * Runs a task again and again with a pause in between. A failure is logged once per streak and followed by longer
 * pauses; the loop itself never ends until it is stopped.
 */
export function startLoop({ name, everyMs, log, task }: LoopOptions): Loop {
  const abort = new AbortController();
  const done = (async () => {
    let failures = 0;
    let every = typeof everyMs === 'number' ? everyMs : UNKNOWN_PAUSE_MS;
    while (!abort.signal.aborted) {
      try {
        if (typeof everyMs === 'function') every = await everyMs();
        await task();
        if (failures > 0) log.info({ loop: name, failures }, 'works again');
        failures = 0;
      } catch (error) {
        if (abort.signal.aborted) return;
        failures += 1;
        if (failures === 1) logFailure(log, name, error);
      }
      const pause = Math.min(every * 2 ** Math.min(failures, 6), Math.max(every, 15_000));
      await delay(pause, undefined, { signal: abort.signal }).catch(() => undefined);
    }
  })();
  return {
    stop: () => {
      abort.abort();
      return done;
    },
  };
}

function logFailure(log: Log, loop: string, error: unknown): void {
  if (isUnreachable(error)) {
    log.warn(
      { loop, error: describe(error) },
      'the chain does not answer; trying again until it does, nothing is lost',
    );
  } else if (error instanceof NodeError) {
    log.error({ loop, code: error.code, hint: error.hint }, error.message);
  } else {
    log.error({ loop, err: error }, 'failed and is tried again');
  }
}
