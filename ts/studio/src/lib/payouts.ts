import { z } from 'zod';
import { getJson } from './http.ts';
import { hex, integer, wei } from './schemas.ts';

const claim = z.object({
  nodeId: integer,
  seq: integer,
  parent: hex,
  fromBatch: integer,
  toBatch: integer,
  firstReceipt: integer,
  receiptCount: integer,
  fees: wei,
  payoutsRoot: hex,
  payoutsTotal: wei,
  payoutsDepth: integer,
  attributionsRoot: hex,
  dataCommitment: hex,
  paramsVersion: integer,
  proposer: integer,
});

const payout = z.object({
  asset: integer,
  cumulative: wei,
  paid: wei,
  payable: wei,
  payout: z.object({
    nodeId: integer,
    asset: integer,
    seq: integer,
    cumulative: wei,
    delta: wei,
    creditsHash: hex,
    creditsDepth: integer,
    proof: hex,
  }),
});

const baselineShare = z.object({
  modelId: integer,
  asset: integer,
  parts: integer,
  proof: hex,
  payable: wei,
  taken: wei,
});

const listSchema = z.object({
  nodeId: integer,
  claimId: hex.nullable(),
  finalClaim: claim.nullable(),
  payouts: z.array(payout),
  baselines: z.array(baselineShare),
});

/** What the last final claim of the node gives to whom, with the proofs to fetch it. */
export type PayoutList = z.infer<typeof listSchema>;
export type Payout = z.infer<typeof payout>;
export type BaselineShare = z.infer<typeof baselineShare>;

/** Payouts of all assets. */
export function listPayouts(nodeUrl: string): Promise<PayoutList> {
  return getJson(`${nodeUrl}/v1/payouts`, listSchema);
}
