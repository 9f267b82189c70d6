import { attributionSettlementAbi } from '../generated/abis.ts';
import type { BuiltClaim } from '../protocol/claims.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Proposes a claim as its agent wallet. Put `built.dump` into the content store first. */
export function proposeClaim(
  client: ActionClient,
  parameters: OnChain & { built: Pick<BuiltClaim, 'claim' | 'claimData' | 'locator'> },
): Promise<Sent> {
  const { book, built } = parameters;
  return transact(client, {
    book,
    contract: 'AttributionSettlement',
    abi: attributionSettlementAbi,
    functionName: 'proposeClaim',
    args: [built.claim, built.claimData, built.locator],
  });
}
