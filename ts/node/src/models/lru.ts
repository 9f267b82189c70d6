/** A map that forgets what was used least recently. */
export type Lru<Key, Value> = {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
  /** Does not count as use. */
  has(key: Key): boolean;
  delete(key: Key): void;
};

/** Keeps the `capacity` values used last. */
export function createLru<Key, Value>(capacity: number): Lru<Key, Value> {
  // A Map iterates in order of insertion, so inserting again at each use keeps the oldest first.
  const entries = new Map<Key, Value>();
  return {
    get(key) {
      const value = entries.get(key);
      if (value === undefined) return undefined;
      entries.delete(key);
      entries.set(key, value);
      return value;
    },
    set(key, value) {
      entries.delete(key);
      entries.set(key, value);
      if (entries.size <= capacity) return;
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
    },
    has: (key) => entries.has(key),
    delete: (key) => void entries.delete(key),
  };
}
