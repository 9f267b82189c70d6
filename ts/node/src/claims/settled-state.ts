import { fromHex, sameHex, ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { type PayoutsRecord, payoutsTree } from '@openledger/sdk/protocol/claim-trees';
import { NOTHING_SETTLED, type SettledState } from '@openledger/sdk/protocol/claims';
import { decodeDump, parseLocator } from '@openledger/sdk/protocol/dump';
import { sumRoot } from '@openledger/sdk/protocol/trees';
import type { Hex } from 'viem';
import type { SettlementReader } from '../chain/settlement-reader.ts';
import { NodeError } from '../errors.ts';
import type { BlobReader } from '../store/types.ts';

/**
 * The payouts under a claim on the chain, from its dump in the content store. The dump is checked against the claim's
 * root, so it does not matter who stored it.
 */
export async function loadSettled(
  reader: SettlementReader,
  store: BlobReader,
  claimId: Hex,
): Promise<SettledState> {
  if (sameHex(claimId, ZERO_HASH)) return NOTHING_SETTLED;
  const seen = reader.claim(claimId);
  if (seen === undefined) {
    throw new NodeError(
      'not_found',
      `Claim ${claimId} has no event on the chain.`,
      'Check that --rpc serves old logs.',
    );
  }
  const { payouts } = decodeDump(await store.get(parseLocator(fromHex(seen.locator))));
  requireRoot(payouts, seen.claim.payoutsRoot, claimId);
  return { claimId, claim: seen.claim, payouts };
}

function requireRoot(payouts: PayoutsRecord, root: Hex, claimId: Hex): void {
  if (sameHex(sumRoot(payoutsTree(payouts)).hash, root)) return;
  throw new NodeError(
    'blob_corrupt',
    `The dump of claim ${claimId} does not lead to its payoutsRoot.`,
    'Its proposer published something else; rebuild the payouts from the claim data.',
  );
}
