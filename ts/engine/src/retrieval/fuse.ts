/** Constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009). */
const RRF_K = 60;
/** A rank's weight is 1 / (60 + rank), in billionths: whole numbers, so that everyone ranks the same. */
const RRF_SCALE = 1_000_000_000n;

/** A ranked id and its relevance. */
export type Fused<T> = { readonly id: T; readonly score: bigint };

/** Fuses rankings, best first, by reciprocal rank. Equal scores keep the order of their first appearance. */
export function fuseRanks<T>(rankings: readonly (readonly T[])[]): Fused<T>[] {
  const scores = new Map<T, bigint>();
  for (const ranking of rankings) {
    for (const [index, id] of ranking.entries()) {
      const share = RRF_SCALE / BigInt(RRF_K + index + 1);
      scores.set(id, (scores.get(id) ?? 0n) + share);
    }
  }
  return [...scores]
    .map(([id, score]) => ({ id, score }))
    .sort((a, b) => (a.score === b.score ? 0 : a.score > b.score ? -1 : 1));
}
