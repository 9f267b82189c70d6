/** Remembers the result of `read` for a while; calls that come together share one read. */
export function cached<T>(read: () => Promise<T>, freshMs: number): () => Promise<T> {
  let value: { at: number; promise: Promise<T> } | undefined;
  return () => {
    if (value !== undefined && Date.now() - value.at < freshMs) return value.promise;
    const promise = read();
    const mine = { at: Date.now(), promise };
    value = mine;
    promise.catch(() => {
      if (value === mine) value = undefined;
    });
    return promise;
  };
}
