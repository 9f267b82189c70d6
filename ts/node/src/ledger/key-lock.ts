/** The key of the node's wallet: its transactions share a sequence of nonces. */
export const WALLET_KEY = 'wallet';

/** Runs tasks of the same key one after the other; tasks of different keys do not wait for each other. */
export type KeyLock = {
  run<T>(key: string, task: () => Promise<T>): Promise<T>;
  /** Takes the key if nobody has it; undefined when it is taken. */
  tryAcquire(key: string): (() => void) | undefined;
};

/** A lock in memory. */
export function createKeyLock(): KeyLock {
  const tails = new Map<string, Promise<void>>();

  function enter(key: string): { before: Promise<void>; leave: () => void } {
    const before = tails.get(key) ?? Promise.resolve();
    let leave = () => {};
    const mine = new Promise<void>((resolve) => {
      leave = () => {
        if (tails.get(key) === mine) tails.delete(key);
        resolve();
      };
    });
    tails.set(key, mine);
    return { before, leave };
  }

  return {
    async run(key, task) {
      const { before, leave } = enter(key);
      await before;
      try {
        return await task();
      } finally {
        leave();
      }
    },
    tryAcquire: (key) => (tails.has(key) ? undefined : enter(key).leave),
  };
}
