import { attributionSettlementAbi } from '../generated/abis.ts';
import type { BuiltClaim } from '../protocol/claims.ts';
import type { SignedVoucher } from '../protocol/vouchers.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Redeems vouchers and proposes the claim over them in one transaction. Put `built.dump` into the content store first. */
export function redeemAndPropose(
  client: ActionClient,
  parameters: OnChain & {
    nodeId: number;
    vouchers: readonly SignedVoucher[];
    built: Pick<BuiltClaim, 'claim' | 'claimData' | 'locator'>;
  },
): Promise<Sent> {
  const { book, nodeId, vouchers, built } = parameters;
  return transact(client, {
    book,
    contract: 'AttributionSettlement',
    abi: attributionSettlementAbi,
    functionName: 'redeemAndPropose',
    args: [nodeId, vouchers, built.claim, built.claimData, built.locator],
  });
}
