import type { Adapter } from '../adapter/peft.ts';
import type { Generator, ResidentAdapter } from './generator.ts';

export type Residency<Key> = {
  /** Does not count as use. */
  has(key: Key): boolean;
  /** Counts as use. */
  get(key: Key): ResidentAdapter | undefined;
  /** Loads an adapter, unless it is there, and unloads those used longest ago until all fit the budget. */
  put(key: Key, adapter: () => Adapter): ResidentAdapter;
  /** Pinned adapters are never unloaded to make room. */
  setPinned(key: Key, pinned: boolean): void;
  isPinned(key: Key): boolean;
  delete(key: Key): void;
  /** Keys and sizes, used longest ago first. */
  list(): { readonly key: Key; readonly bytes: number; readonly pinned: boolean }[];
};

/** The adapters that a generator holds, within a budget of bytes. */
export function createResidency<Key>(
  generator: Pick<Generator, 'load' | 'unload'>,
  byteBudget: number,
): Residency<Key> {
  // A Map iterates in order of insertion, so inserting again at each use keeps the oldest first.
  const entries = new Map<Key, ResidentAdapter>();
  const pins = new Set<Key>();

  function get(key: Key): ResidentAdapter | undefined {
    const adapter = entries.get(key);
    if (adapter === undefined) return undefined;
    entries.delete(key);
    entries.set(key, adapter);
    return adapter;
  }

  function makeRoom(newest: Key): void {
    let bytes = [...entries.values()].reduce((sum, adapter) => sum + adapter.bytes, 0);
    for (const [key, adapter] of entries) {
      if (bytes <= byteBudget) return;
      if (key === newest || pins.has(key)) continue;
      entries.delete(key);
      generator.unload(adapter);
      bytes -= adapter.bytes;
    }
  }

  return {
    has: (key) => entries.has(key),
    get,
    put(key, adapter) {
      const known = get(key);
      if (known !== undefined) return known;
      const loaded = generator.load(adapter());
      entries.set(key, loaded);
      makeRoom(key);
      return loaded;
    },
    setPinned: (key, pinned) => void (pinned ? pins.add(key) : pins.delete(key)),
    isPinned: (key) => pins.has(key),
    delete(key) {
      const adapter = entries.get(key);
      if (adapter === undefined) return;
      entries.delete(key);
      generator.unload(adapter);
    },
    list: () => [...entries].map(([key, { bytes }]) => ({ key, bytes, pinned: pins.has(key) })),
  };
}
