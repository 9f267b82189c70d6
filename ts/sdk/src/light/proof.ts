import type { Hex } from 'viem';
import type { Payout } from '../protocol/attribution.ts';
import type { Claim } from '../protocol/claims.ts';
import type { Item } from '../protocol/items.ts';
import type { Receipt } from '../protocol/receipts.ts';
import { LightProofError } from './error.ts';
import type { AccountProof } from './state.ts';

/** How one item's amount is inside a claim: in the credits of its asset, and these in the payouts. */
export type CreditProof = {
  /** Place of the item in the attribution. */
  item: number;
  /** `bitmap5 ‖ siblings` in the asset's credits tree. */
  creditProof: Hex;
  payout: Payout;
  /** `bitmap5 ‖ siblings` in the claim's payouts tree. */
  payoutProof: Hex;
};

/** Everything that shows, with a block's hash alone, what became of a receipt. Version 1. */
export type LightProof = {
  version: 1;
  nodeId: number;
  receipt: Receipt;
  nodeSignature: Hex;
  /** Number of the receipt in the node's life. */
  number: number;
  claim: Claim;
  attribution: {
    queryHash: Hex;
    items: readonly Item[];
    creditIndices: readonly number[];
    /** `bitmap5 ‖ siblings` in the claim's attributions tree. */
    proof: Hex;
  };
  credits: readonly CreditProof[];
  block: {
    /** RLP of the header. */
    header: Hex;
    /** Slots of `settlementSlots`. */
    settlement: AccountProof;
    /** Slots of `agentSlots`. */
    agents: AccountProof;
  };
};

/** Fields whose numbers may outgrow JSON's: decimal strings there. */
const AMOUNTS = new Set(['fee', 'fees', 'payoutsTotal', 'score', 'amount', 'cumulative', 'delta']);

/** Reads a proof as the node's JSON has it. What is in it is checked by `verifyReceipt`, not here. */
export function parseLightProof(json: string): LightProof {
  const proof = JSON.parse(json, (key, value) => (AMOUNTS.has(key) ? BigInt(value) : value)) as LightProof;
  if (proof?.version !== 1) throw new LightProofError('This is not a proof of version 1.');
  return proof;
}
