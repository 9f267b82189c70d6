import { encodeAbiParameters, type Hex } from 'viem';
import { keccak } from './bytes.ts';
import type { Claim } from './claims.ts';

/** A claim's fields as ABI parameters, in order. */
export const CLAIM_ABI = [
  { name: 'nodeId', type: 'uint40' },
  { name: 'seq', type: 'uint32' },
  { name: 'parent', type: 'bytes32' },
  { name: 'fromBatch', type: 'uint32' },
  { name: 'toBatch', type: 'uint32' },
  { name: 'firstReceipt', type: 'uint40' },
  { name: 'receiptCount', type: 'uint32' },
  { name: 'fees', type: 'uint96' },
  { name: 'payoutsRoot', type: 'bytes32' },
  { name: 'payoutsTotal', type: 'uint96' },
  { name: 'payoutsDepth', type: 'uint8' },
  { name: 'attributionsRoot', type: 'bytes32' },
  { name: 'dataCommitment', type: 'bytes32' },
  { name: 'paramsVersion', type: 'uint32' },
  { name: 'proposer', type: 'uint40' },
] as const;

/** Where claims live. */
export type SettlementDomain = { chainId: number; settlement: Hex };

/** The domain that keeps claim ids of one contract on one chain apart from all others. */
export function claimDomain(domain: SettlementDomain): Hex {
  return keccak(
    encodeAbiParameters(
      [{ type: 'string' }, { type: 'uint256' }, { type: 'address' }],
      ['OpenLedger.Claim.1', BigInt(domain.chainId), domain.settlement],
    ),
  );
}

/** Id of a claim. */
export function claimId(domain: SettlementDomain, claim: Claim): Hex {
  return keccak(
    encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'tuple', components: CLAIM_ABI }],
      [claimDomain(domain), claim],
    ),
  );
}
