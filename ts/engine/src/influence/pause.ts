import { setImmediate } from 'node:timers/promises';

/** Lets the event loop turn when `milliseconds` have passed since it last did, so that a server stays responsive. */
export function breather(milliseconds = 15): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < milliseconds) return;
    await setImmediate();
    last = performance.now();
  };
}
