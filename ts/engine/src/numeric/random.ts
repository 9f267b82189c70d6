/**
 * A seeded stream of random numbers from integer arithmetic only (mulberry32), the same on every machine.
 */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number in [0, 2^32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** A number in [0, 1). */
  uniform(): number {
    return this.next() / 4294967296;
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.uniform() * limit);
  }

  /** Approximately normal with mean 0 and variance 1: the sum of twelve uniform numbers, less six. */
  normal(): number {
    let total = -6;
    for (let i = 0; i < 12; i += 1) total += this.uniform();
    return total;
  }

  /** Shuffles in place (Fisher and Yates). */
  shuffle<L extends unknown[] | Uint32Array>(items: L): L {
    const list: { length: number; [index: number]: unknown } = items;
    for (let i = list.length - 1; i > 0; i -= 1) {
      const j = this.below(i + 1);
      [list[i], list[j]] = [list[j], list[i]];
    }
    return items;
  }
}
