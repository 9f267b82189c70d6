import { attributionSettlementAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Sends a node's released share to its agent wallet. Anyone may call. */
export function flushNodeShare(
  client: ActionClient,
  parameters: OnChain & { nodeId: number },
): Promise<Sent> {
  const { book, nodeId } = parameters;
  return transact(client, {
    book,
    contract: 'AttributionSettlement',
    abi: attributionSettlementAbi,
    functionName: 'flush',
    args: [nodeId],
  });
}
