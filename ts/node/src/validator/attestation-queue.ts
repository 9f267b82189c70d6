import { NodeError } from '../errors.ts';

export type AttestationQueue<T> = {
  /**
   * Runs a task after those before it. One that waits under the same key is joined, so asking again for the same takes no
   * place. `overloaded` when every place is taken.
   */
  run(key: string, caller: string, task: () => Promise<T>): Promise<T>;
};

/** What waits and is looked at, at most: of all callers, and of one. */
const PLACES = { all: 16, ofOneCaller: 4 };
const RETRY_AFTER_S = 5;

/** The claims that wait to be attested: one is looked at at a time, because large ones take memory. */
export function createAttestationQueue<T>(places = PLACES): AttestationQueue<T> {
  const waiting = new Map<string, { caller: string; result: Promise<T> }>();
  let last: Promise<unknown> = Promise.resolve();

  function requirePlace(caller: string): void {
    const own = [...waiting.values()].filter((one) => one.caller === caller).length;
    if (waiting.size < places.all && own < places.ofOneCaller) return;
    throw new NodeError(
      'overloaded',
      `${waiting.size} claims wait for this validator, ${own} of them from the same address.`,
      'Ask again later: what was put into its store stays there.',
      { retryAfter: RETRY_AFTER_S },
    );
  }

  return {
    async run(key, caller, task) {
      const known = waiting.get(key);
      if (known !== undefined) return known.result;
      requirePlace(caller);
      const result = last.then(task).finally(() => waiting.delete(key));
      last = result.catch(() => undefined);
      waiting.set(key, { caller, result });
      return result;
    },
  };
}
