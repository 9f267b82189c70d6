import type { Hex } from 'viem';
import { allocate } from './allocate.ts';
import { needsQueryVector, queryHashOf } from './attribution.ts';
import { ProtocolError, sameHex, toHex, ZERO_HASH } from './bytes.ts';
import {
  DATA_SCHEME,
  type DisclosedReceipt,
  dataCommitment,
  encodeClaimData,
  type Opening,
} from './claim-data.ts';
import { claimId, type SettlementDomain } from './claim-id.ts';
import {
  attributionsTree,
  type ClaimTrees,
  claimTrees,
  NO_PAYOUTS,
  type PayoutsRecord,
  payoutsTree,
} from './claim-trees.ts';
import { type ContextRow, isContextOf } from './context.ts';
import { dumpLocator, encodeDump } from './dump.ts';
import { type Evidence, selectEvidence } from './items.ts';
import { type AllocationParameters, type AllocationTerms, ownersShare } from './parameters.ts';
import { flagsAreValid, GWEI, isNoAudit, isPublic, type Receipt, receiptsTree } from './receipts.ts';
import { SKETCH_LENGTH } from './sketch.ts';
import { plainRoot, sumRoot } from './trees.ts';
import type { Voucher, VoucherRecord } from './vouchers.ts';

/** A node's bonded settlement of consecutive batches. Batches are numbered from 1, receipts from 0. */
export type Claim = {
  nodeId: number;
  seq: number;
  parent: Hex;
  fromBatch: number;
  toBatch: number;
  firstReceipt: number;
  receiptCount: number;
  fees: bigint;
  payoutsRoot: Hex;
  payoutsTotal: bigint;
  payoutsDepth: number;
  attributionsRoot: Hex;
  dataCommitment: Hex;
  paramsVersion: number;
  proposer: number;
};

/** In the place of a parent, where there is none. */
export const NO_CLAIM: Claim = {
  nodeId: 0,
  seq: 0,
  parent: ZERO_HASH,
  fromBatch: 0,
  toBatch: 0,
  firstReceipt: 0,
  receiptCount: 0,
  fees: 0n,
  payoutsRoot: ZERO_HASH,
  payoutsTotal: 0n,
  payoutsDepth: 0,
  attributionsRoot: ZERO_HASH,
  dataCommitment: ZERO_HASH,
  paramsVersion: 0,
  proposer: 0,
};

/** Vouchers that were redeemed in one call. */
export type BatchRecord = {
  number: number;
  firstReceipt: number;
  receiptCount: number;
  fees: bigint;
  paramsVersion: number;
  vouchers: VoucherRecord[];
};

/** What the next claim of a node builds on: its last final claim and the payouts under it. */
export type SettledState = { claimId: Hex; claim: Claim; payouts: PayoutsRecord };

/** A node that has no final claim yet. */
export const NOTHING_SETTLED: SettledState = { claimId: ZERO_HASH, claim: NO_CLAIM, payouts: NO_PAYOUTS };

/** The batch that redeeming these vouchers now would append. */
export function nextBatch(
  node: { batches: number; nextReceipt: number },
  paramsVersion: number,
  vouchers: readonly Voucher[],
): BatchRecord {
  let firstReceipt = node.nextReceipt;
  const records = vouchers.map((voucher) => {
    const { channelId, epoch, receiptsRoot, receiptCount } = voucher;
    const fee = voucher.cumulativeFee - voucher.settledFee;
    const record = { channelId, epoch, receiptsRoot, receiptCount, fee, firstReceipt };
    firstReceipt += receiptCount;
    return record;
  });
  return {
    number: node.batches + 1,
    firstReceipt: node.nextReceipt,
    receiptCount: firstReceipt - node.nextReceipt,
    fees: records.reduce((sum, { fee }) => sum + fee, 0n),
    paramsVersion,
    vouchers: records,
  };
}

/** A receipt and all evidence found for it, before anything is selected or allocated. */
export type AttributedReceipt = {
  receipt: Receipt;
  evidence: readonly Evidence[];
  /** The rows that were placed in its prompt, if any. */
  context?: readonly ContextRow[];
  /** Needed unless the receipt is NO_AUDIT or the model does not pay by influence. */
  queryVector?: Int8Array;
  /** Needed for PUBLIC receipts. */
  opening?: Omit<Opening, 'queryVector'>;
};

/** What a claim is built from. */
export type ClaimInput = {
  domain: SettlementDomain;
  nodeId: number;
  /** The agent that proposes; the node itself as long as claims by others are not allowed. */
  proposer: number;
  /** The node's proposals so far, plus one. */
  seq: number;
  parent: SettledState;
  /** All batches to settle, consecutive from the one after the parent's last, of one parameters version. */
  batches: readonly BatchRecord[];
  /** All receipts of these batches, in order of their numbers. */
  receipts: readonly AttributedReceipt[];
  parameters: AllocationParameters;
  terms: (modelId: number) => AllocationTerms;
  /** Where its data will be; default: in calldata. */
  dataScheme?: number;
};

/** A claim ready to be proposed, and everything under it. */
export type BuiltClaim = {
  claim: Claim;
  claimId: Hex;
  /** Calldata for `proposeClaim`, or what is kept elsewhere. */
  claimData: Hex;
  locator: Hex;
  receipts: DisclosedReceipt[];
  trees: ClaimTrees;
  /** The dump to publish in the content store before proposing. */
  dump: Uint8Array<ArrayBuffer>;
  /** What the node's next claim builds on once this one is final. */
  settled: SettledState;
};

/** Builds a claim: selects and allocates, builds all trees and encodes what goes on chain and into the store. */
export function buildClaim(input: ClaimInput): BuiltClaim {
  checkBatches(input);
  const receipts = input.receipts.map((one) =>
    disclose(one, input.parameters, input.terms(one.receipt.modelId)),
  );
  const trees = claimTrees(input.parent.payouts, receipts, input.batches[0]!.firstReceipt, input.seq);
  const contexts = input.receipts.flatMap(({ context }, position) =>
    context?.length ? [{ position, rows: [...context] }] : [],
  );
  if (contexts.length > 0) trees.contexts = contexts;
  const fees = input.batches.reduce((sum, batch) => sum + batch.fees, 0n);
  const payoutsTotal = input.parent.claim.payoutsTotal + ownersShare(fees, input.parameters);
  return commitClaim(input, payoutsTotal, receipts, trees);
}

/** Commits to trees as they are. {@link buildClaim} is the way to make an honest claim; this does not check. */
export function commitClaim(
  input: Pick<ClaimInput, 'domain' | 'nodeId' | 'proposer' | 'seq' | 'parent' | 'batches' | 'dataScheme'>,
  payoutsTotal: bigint,
  receipts: DisclosedReceipt[],
  trees: ClaimTrees,
): BuiltClaim {
  const { batches } = input;
  const dump = encodeDump(trees);
  const claimData = encodeClaimData(receipts);
  const locator = dumpLocator(dump);
  const claim: Claim = {
    nodeId: input.nodeId,
    seq: input.seq,
    parent: input.parent.claimId,
    fromBatch: batches[0]!.number,
    toBatch: batches.at(-1)!.number,
    firstReceipt: batches[0]!.firstReceipt,
    receiptCount: batches.reduce((sum, batch) => sum + batch.receiptCount, 0),
    fees: batches.reduce((sum, batch) => sum + batch.fees, 0n),
    payoutsRoot: sumRoot(payoutsTree(trees.payouts)).hash,
    payoutsTotal,
    payoutsDepth: trees.payouts.depth,
    attributionsRoot: plainRoot(attributionsTree(trees)),
    dataCommitment: dataCommitment(input.dataScheme ?? DATA_SCHEME.calldata, claimData, locator),
    paramsVersion: batches[0]!.paramsVersion,
    proposer: input.proposer,
  };
  const id = claimId(input.domain, claim);
  return {
    claim,
    claimId: id,
    claimData: toHex(claimData),
    locator: toHex(locator),
    receipts,
    trees,
    dump,
    settled: { claimId: id, claim, payouts: trees.payouts },
  };
}

function disclose(
  { receipt, evidence, context = [], queryVector, opening }: AttributedReceipt,
  parameters: AllocationParameters,
  terms: AllocationTerms,
): DisclosedReceipt {
  if (needsQueryVector(receipt, terms.scheme) && !queryVector) {
    throw new ProtocolError(
      `A receipt of model ${receipt.modelId} needs its query vector: the model pays by influence.`,
    );
  }
  if (!isContextOf(receipt, context)) {
    throw new ProtocolError('The rows given for a receipt are not the ones that it commits to.');
  }
  const listed = isNoAudit(receipt) || receipt.fee === 0n ? [] : selectEvidence(evidence, terms.scheme);
  const disclosed = {
    receipt,
    items: allocate(receipt, terms, parameters, listed),
    queryHash: queryHashOf(receipt, terms.scheme, queryVector),
  };
  if (!isPublic(receipt)) return disclosed;
  if (!opening) throw new ProtocolError('A PUBLIC receipt needs its salt, request and answer in the claim.');
  return { ...disclosed, opening: { ...opening, queryVector: queryVector ?? new Int8Array(SKETCH_LENGTH) } };
}

function checkBatches({ batches, parent, receipts }: ClaimInput): void {
  const first = batches[0];
  if (!first) throw new ProtocolError('There is no batch to settle: redeem vouchers first.');
  let [number, firstReceipt] = [
    parent.claim.toBatch + 1,
    parent.claim.firstReceipt + parent.claim.receiptCount,
  ];
  for (const batch of batches) {
    if (batch.number !== number || batch.firstReceipt !== firstReceipt) {
      throw new ProtocolError(
        `Batch ${batch.number} begins at receipt ${batch.firstReceipt}, but batch ${number} at ${firstReceipt} is next.`,
      );
    }
    if (batch.paramsVersion !== first.paramsVersion) {
      throw new ProtocolError(
        `Batch ${batch.number} has another parameters version than batch ${first.number}: settle it in a later claim.`,
      );
    }
    for (const voucher of batch.vouchers) {
      const from = voucher.firstReceipt - first.firstReceipt;
      checkVoucher(
        voucher,
        receipts.slice(from, from + voucher.receiptCount).map(({ receipt }) => receipt),
      );
    }
    number += 1;
    firstReceipt += batch.receiptCount;
  }
  const count = firstReceipt - first.firstReceipt;
  if (receipts.length !== count) {
    throw new ProtocolError(`The batches have ${count} receipts, but ${receipts.length} were given.`);
  }
}

function checkVoucher(voucher: VoucherRecord, receipts: readonly Receipt[]): void {
  const where = `epoch ${voucher.epoch} of channel ${voucher.channelId}`;
  for (const receipt of receipts) {
    if (!sameHex(receipt.channelId, voucher.channelId) || receipt.epoch !== voucher.epoch) {
      throw new ProtocolError(`A receipt is not of ${where}: give receipts in the order of the vouchers.`);
    }
    if (!flagsAreValid(receipt.flags))
      throw new ProtocolError(`A receipt of ${where} has flags ${receipt.flags}.`);
    if (receipt.fee % GWEI !== 0n)
      throw new ProtocolError(`A fee in ${where} is not a whole number of gwei.`);
  }
  const root = sumRoot(receiptsTree(receipts));
  if (!sameHex(root.hash, voucher.receiptsRoot) || root.sum !== voucher.fee) {
    throw new ProtocolError(
      `The receipts given for ${where} are not the ones that its voucher was signed for.`,
    );
  }
}
