import type { Hex } from 'viem';
import { toHex } from './bytes.ts';
import { type PayoutsRecord, payoutOf, payoutsTree } from './claim-trees.ts';
import type { SettledState } from './claims.ts';
import { proveSum } from './trees.ts';

/** What `AttributionSettlement.claim` takes to pay one asset. */
export type PayoutProof = {
  nodeId: number;
  asset: number;
  seq: number;
  cumulative: bigint;
  delta: bigint;
  creditsHash: Hex;
  creditsDepth: number;
  /** `bitmap5 ‖ siblings` in the payouts tree. */
  proof: Hex;
};

/** Opens an asset's payout under a node's final claim; undefined when the asset never earned there. */
export function payoutProof(settled: SettledState, asset: number): PayoutProof | undefined {
  return payoutProofs(settled, [asset])[0];
}

/** Opens several payouts, or all of them. */
export function payoutProofs({ claim, payouts }: SettledState, assets?: readonly number[]): PayoutProof[] {
  const tree = payoutsTree(payouts);
  return chosen(payouts, assets).map(({ position, ...payout }) => ({
    nodeId: claim.nodeId,
    ...payout,
    proof: toHex(proveSum(tree, position)),
  }));
}

function chosen(record: PayoutsRecord, assets: readonly number[] | undefined) {
  if (!assets) return record.payouts;
  return assets.map((asset) => payoutOf(record, asset)).filter((payout) => payout !== undefined);
}
