import { attributionSettlementAbi } from '../generated/abis.ts';
import type { Claim } from '../protocol/claims.ts';
import type { PayoutProof } from '../protocol/payout-proof.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Pays an asset's payee what a final claim says it has earned and has not been paid. Anyone may call. */
export function claimPayout(
  client: ActionClient,
  parameters: OnChain & { payout: PayoutProof; finalClaim: Claim },
): Promise<Sent> {
  const { book, payout, finalClaim } = parameters;
  return transact(client, {
    book,
    contract: 'AttributionSettlement',
    abi: attributionSettlementAbi,
    functionName: 'claim',
    args: [payout, finalClaim],
  });
}
