import type { Hex } from 'viem';
import { ProtocolError, taggedHash, uint } from './bytes.ts';
import { type SumTree, sparseSumTree } from './trees.ts';

/** A contribution's share of what a model's baseline earns, in billionths. */
export type BaselineShare = { asset: number; parts: number };

/** All parts of a baseline together. */
export const BASELINE_TOTAL = 1_000_000_000;

/** Leaf of a baseline share; the tree's sum is the parts. */
export function hashBaselineShare(share: BaselineShare): Hex {
  return taggedHash(0x17, uint(share.asset, 5, 'asset'), uint(share.parts, 4, 'parts'));
}

/** Sparse sum tree of a model's baseline, at the assets' positions. Its root sum is 10⁹. */
export function baselineTree(shares: readonly BaselineShare[], depth: number): SumTree {
  const total = shares.reduce((sum, { parts }) => sum + parts, 0);
  if (total !== BASELINE_TOTAL) {
    throw new ProtocolError(`The baseline's parts add up to ${total}, but they must be ${BASELINE_TOTAL}.`);
  }
  return sparseSumTree(
    new Map(shares.map((one) => [one.asset, { hash: hashBaselineShare(one), sum: BigInt(one.parts) }])),
    depth,
  );
}

/** Shares in proportion to whole weights; what rounding leaves goes to the first. */
export function baselineShares(weights: readonly { asset: number; weight: bigint }[]): BaselineShare[] {
  const total = weights.reduce((sum, { weight }) => sum + weight, 0n);
  if (total <= 0n) throw new ProtocolError('A baseline needs at least one positive weight.');
  const shares = weights.map(({ asset, weight }) => ({
    asset,
    parts: Number((weight * BigInt(BASELINE_TOTAL)) / total),
  }));
  shares[0]!.parts += BASELINE_TOTAL - shares.reduce((sum, { parts }) => sum + parts, 0);
  return shares;
}

/** What a contribution may take of a baseline's earnings so far. */
export function baselinePayable(received: bigint, parts: number, taken: bigint): bigint {
  return (received * BigInt(parts)) / BigInt(BASELINE_TOTAL) - taken;
}
