import { attributionSettlementAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Records a claim whose window has ended: its bond and the node's share are released. Nothing waits for it. */
export function finalizeClaim(client: ActionClient, parameters: OnChain & { nodeId: number }): Promise<Sent> {
  const { book, nodeId } = parameters;
  return transact(client, {
    book,
    contract: 'AttributionSettlement',
    abi: attributionSettlementAbi,
    functionName: 'finalize',
    args: [nodeId],
  });
}
