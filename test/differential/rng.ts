import { bytesToHex, type Hex } from 'viem';

/** Seeded random numbers: the same seed gives the same vectors on every machine. */
export type Rng = {
  /** An integer in [0, below). */
  int: (below: number) => number;
  bigint: (below: bigint) => bigint;
  bytes: (length: number) => Hex;
  hash: () => Hex;
  int8s: (length: number) => number[];
  /** From −8 to 7. */
  nibbles: (length: number) => number[];
  pick: <T>(from: readonly T[]) => T;
};

/** The generator "mulberry32". */
export function rng(seed: number): Rng {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  const int = (below: number) => Number((BigInt(next()) * 2n ** 32n + BigInt(next())) % BigInt(below));
  const bytes = (length: number) => bytesToHex(Uint8Array.from({ length }, () => int(256)));
  return {
    int,
    bigint: (below) => BigInt(bytes(32)) % below,
    bytes,
    hash: () => bytes(32),
    int8s: (length) => Array.from({ length }, () => int(255) - 127),
    nibbles: (length) => Array.from({ length }, () => int(16) - 8),
    pick: (from) => from[int(from.length)]!,
  };
}
