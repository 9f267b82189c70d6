import type { Hex } from 'viem';
import { attributionSettlementAbi } from '../generated/abis.ts';
import type { Claim } from '../protocol/claims.ts';
import type { PayoutProof } from '../protocol/payout-proof.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Pays everything of the list that is payable to `account` in one transfer, and skips the rest. Anyone may call. */
export function claimPayouts(
  client: ActionClient,
  parameters: OnChain & {
    account: Hex;
    payouts: readonly { finalClaim: Claim; payouts: readonly PayoutProof[] }[];
  },
): Promise<Sent> {
  const { book, account, payouts } = parameters;
  return transact(client, {
    book,
    contract: 'AttributionSettlement',
    abi: attributionSettlementAbi,
    functionName: 'claimMany',
    args: [account, payouts],
  });
}
