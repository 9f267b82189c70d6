import { sameHex } from '@openledger/sdk/protocol/bytes';
import { DATA_SCHEME, dataCommitment } from '@openledger/sdk/protocol/claim-data';
import { claimId as claimIdOf } from '@openledger/sdk/protocol/claim-id';
import type { Claim } from '@openledger/sdk/protocol/claims';
import { findFraud } from '@openledger/sdk/protocol/fraud';
import { dataHeldTypedData } from '@openledger/sdk/protocol/vouchers';
import type { Hex, LocalAccount } from 'viem';
import type { Chain } from '../chain/chain.ts';
import type { SettlementReader } from '../chain/settlement-reader.ts';
import { type ClaimContextDeps, claimContext } from '../claims/claim-context.ts';
import { createPublicEvidence } from '../claims/public-evidence.ts';
import { NodeError } from '../errors.ts';
import type { ModelCatalog } from '../models/types.ts';
import { createAttestationQueue } from './attestation-queue.ts';

export type AttesterDeps = ClaimContextDeps & {
  chain: Chain;
  account: LocalAccount;
  validatorId: number;
  catalog: Pick<ModelCatalog, 'list'>;
};

/** A claim that is about to be proposed, with where its data are. */
export type HeldClaim = { claim: Claim; dataHash: Hex; locator: Hex };

export type Attester = {
  /**
   * Signs that this validator holds a claim's data and rebuilt its roots from them. `blob_not_found` when it does not
   * have them, `not_allowed` when they do not lead to the claim, `overloaded` when too many wait.
   */
  attest(held: HeldClaim, caller: string): Promise<Hex>;
};

/**
 * A validator's word for data that are not in calldata. What it says it holds is on its own disk when it says so, and a
 * claim that anyone could prove false gets no signature.
 */
export function createAttester(deps: AttesterDeps): Attester {
  const { chain, account, reader, store, log } = deps;
  const domain = { chainId: chain.viemChain.id, settlement: chain.contracts.AttributionSettlement };
  const publicEvidence = createPublicEvidence(deps);
  const queue = createAttestationQueue<Hex>();

  async function attest({ claim, dataHash, locator }: HeldClaim): Promise<Hex> {
    await reader.sync();
    requireBatches(claim, reader);
    const claimId = claimIdOf(domain, claim);
    const data = await store.get(dataHash);
    if (!sameHex(dataCommitment(DATA_SCHEME.validators, data, locator), claim.dataCommitment)) {
      throw refusal('its dataCommitment is not of these data at this locator');
    }
    const context = await claimContext(deps, { claimId, claim, claimData: '0x', dataHash, locator });
    const evidence = await publicEvidence.load(data);
    const { proofs, missing, problems } = findFraud({ domain, ...context, ...evidence });
    if (proofs.length > 0) throw refusal(`it can be proved false. ${proofs[0]!.reason}`);
    if (missing.length > 0) {
      const trees = new Set(missing.map(({ tree }) => tree));
      throw refusal(`its ${[...trees].join(' and ')} cannot be rebuilt. ${problems.join(' ')}`);
    }
    const signature = await account.signTypedData(dataHeldTypedData(chain.settlement, claimId));
    log.info(
      { claim: claimId, nodeId: claim.nodeId, receipts: claim.receiptCount },
      'holds the data of a claim',
    );
    return signature;
  }

  return {
    attest: (held, caller) => {
      const key = [claimIdOf(domain, held.claim), held.dataHash, held.locator].join();
      return queue.run(key, caller, () => attest(held));
    },
  };
}

/** What was not redeemed on the chain costs nothing to make up, and is not looked at. */
function requireBatches(
  { nodeId, fromBatch, toBatch, receiptCount, fees }: Claim,
  reader: SettlementReader,
): void {
  const batches = reader
    .node(nodeId)
    .batches.filter(({ number }) => fromBatch <= number && number <= toBatch);
  const receipts = batches.reduce((sum, batch) => sum + batch.receiptCount, 0);
  const paid = batches.reduce((sum, batch) => sum + batch.fees, 0n);
  if (batches.length > 0 && receipts === receiptCount && paid === fees) return;
  throw refusal('it is not of batches that are on the chain');
}

function refusal(why: string): NodeError {
  return new NodeError(
    'not_allowed',
    `The claim is not attested: ${why}.`,
    'Rebuild the claim from the batches on the chain.',
  );
}
