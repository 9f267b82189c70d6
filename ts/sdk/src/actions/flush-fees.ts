import { attributionSettlementAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Sends the burn, the treasury's and the stakers' share on their way. Anyone may call. */
export function flushFees(client: ActionClient, parameters: OnChain): Promise<Sent> {
  const { book } = parameters;
  return transact(client, {
    book,
    contract: 'AttributionSettlement',
    abi: attributionSettlementAbi,
    functionName: 'flush',
    args: [],
  });
}
