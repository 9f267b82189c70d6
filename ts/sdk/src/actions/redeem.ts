import { attributionSettlementAbi } from '../generated/abis.ts';
import type { SignedVoucher } from '../protocol/vouchers.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Redeems vouchers and appends a batch. Called by the node's agent wallet, or by anyone with its acceptances. */
export function redeem(
  client: ActionClient,
  parameters: OnChain & { nodeId: number; vouchers: readonly SignedVoucher[] },
): Promise<Sent> {
  const { book, nodeId, vouchers } = parameters;
  return transact(client, {
    book,
    contract: 'AttributionSettlement',
    abi: attributionSettlementAbi,
    functionName: 'redeem',
    args: [nodeId, vouchers],
  });
}
