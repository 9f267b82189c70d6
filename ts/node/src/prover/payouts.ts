import { baselineVaultAbi } from '@openledger/sdk/abis';
import { ASSET_KIND, parseAsset } from '@openledger/sdk/protocol/assets';
import { baselinePayable, baselineTree } from '@openledger/sdk/protocol/baseline';
import { toHex } from '@openledger/sdk/protocol/bytes';
import { payoutsTree } from '@openledger/sdk/protocol/claim-trees';
import { proveSum } from '@openledger/sdk/protocol/trees';
import type { Chain } from '../chain/chain.ts';
import type { SettlementReader } from '../chain/settlement-reader.ts';
import type { SettlementState } from '../chain/settlement-state.ts';
import { loadSettled } from '../claims/settled-state.ts';
import type { ModelCatalog } from '../models/types.ts';
import type { BlobReader } from '../store/types.ts';

export type PayoutDeps = {
  chain: Chain;
  nodeId: number;
  reader: SettlementReader;
  state: SettlementState;
  store: BlobReader;
  catalog: Pick<ModelCatalog, 'list' | 'verify'>;
};

/** The payouts of the node's last final claim with the proofs that `claim` takes; of one asset, or of all. */
export async function listPayouts(deps: PayoutDeps, asset: number | undefined) {
  const { nodeId, reader, state } = deps;
  await reader.sync();
  const { finalClaim } = await state.node(nodeId);
  const settled = await loadSettled(reader, deps.store, finalClaim);
  const tree = payoutsTree(settled.payouts);
  const chosen = settled.payouts.payouts.filter((payout) => asset === undefined || payout.asset === asset);
  const payouts = await Promise.all(
    chosen.map(async (payout) => {
      const paid = await state.paid(nodeId, payout.asset);
      const { seq, cumulative, delta, creditsHash, creditsDepth } = payout;
      const proof = toHex(proveSum(tree, payout.asset));
      return {
        asset: payout.asset,
        token: parseAsset(payout.asset) ?? null,
        cumulative,
        paid,
        payable: cumulative - paid,
        /** First argument of `AttributionSettlement.claim`. */
        payout: { nodeId, asset: payout.asset, seq, cumulative, delta, creditsHash, creditsDepth, proof },
      };
    }),
  );
  return {
    nodeId,
    claimId: settled.claim.nodeId === 0 ? null : settled.claimId,
    /** Second argument of `AttributionSettlement.claim`. */
    finalClaim: settled.claim.nodeId === 0 ? null : settled.claim,
    payouts,
    baselines: await listBaselines(deps, asset),
  };
}

/** What contributions can take out of the baselines they are part of, with the proofs that `BaselineVault.take` takes. */
async function listBaselines(deps: PayoutDeps, asset: number | undefined) {
  const { chain } = deps;
  if (asset !== undefined && parseAsset(asset)?.kind !== ASSET_KIND.contribution) return [];
  const vault = { address: chain.contracts.BaselineVault, abi: baselineVaultAbi } as const;
  const models = (await deps.catalog.list()).filter(({ kind }) => kind === 'adapter');
  const found = await Promise.all(
    models.map(async (model) => {
      const received = await chain.client.readContract({
        ...vault,
        functionName: 'received',
        args: [model.id],
      });
      if (received === 0n) return [];
      const { baseline } = await deps.catalog.verify(model);
      const tree = baselineTree(baseline, model.terms.treeDepth);
      const shares = baseline.filter((share) => asset === undefined || share.asset === asset);
      return Promise.all(
        shares.map(async (share) => {
          const args = [model.id, share.asset] as const;
          const taken = await chain.client.readContract({ ...vault, functionName: 'taken', args });
          return {
            modelId: model.id,
            asset: share.asset,
            parts: share.parts,
            proof: toHex(proveSum(tree, share.asset)),
            received,
            taken,
            payable: baselinePayable(received, share.parts, taken),
          };
        }),
      );
    }),
  );
  return found.flat();
}
