import type { Hex } from 'viem';
import {
  hashAttribution,
  hashAttributionLeaf,
  hashCredit,
  hashPayout,
  NO_CREDIT,
} from '../protocol/attribution.ts';
import { sameHex, toBytes, utf8 } from '../protocol/bytes.ts';
import { claimId as idOfClaim } from '../protocol/claim-id.ts';
import type { Claim } from '../protocol/claims.ts';
import { outputTree } from '../protocol/content.ts';
import { ITEM_KIND, type ItemKind } from '../protocol/items.ts';
import { hashReceipt } from '../protocol/receipts.ts';
import { depthOf, plainRoot, verifyPlain, verifySum } from '../protocol/trees.ts';
import { recoverReceiptIssuer } from '../protocol/vouchers.ts';
import { mustHold } from './error.ts';
import type { CreditProof, LightProof } from './proof.ts';
import { agentSlots, claimState, settlementSlots } from './slots.ts';
import { readHeader, readSlots } from './state.ts';

/** What is taken on trust: a block, and which contracts are meant. */
export type LightTrust = {
  /** Hash of a block that the caller believes in, from a wallet, a light client, or several RPCs. */
  blockHash: Hex;
  chainId: number;
  /** AttributionSettlement and AgentRegistry of the address book. */
  settlement: Hex;
  agents: Hex;
};

/** What a proof shows. */
export type LightResult = {
  receiptHash: Hex;
  claimId: Hex;
  /** At the block: `proposed` may still be proven false, `final` pays. */
  status: 'proposed' | 'final';
  /** Second at which the claim's window ends. */
  end: bigint;
  block: { number: bigint; timestamp: bigint };
  /** Who gets what of the fee, as the claim commits to it. */
  payments: readonly { asset: number; kind: ItemKind; amount: bigint }[];
  fee: bigint;
};

/**
 * Verifies what became of a receipt without a node and without an RPC: that the block's state has the claim, that the
 * claim has the receipt's attribution and pays each of its amounts, and that the node signed the receipt. Throws a
 * `LightProofError` that names the first thing that does not hold.
 *
 * @param answer - the answer's text and the call's salt, for whoever has them: they must be what the receipt commits to
 */
export async function verifyReceipt(
  proof: LightProof,
  trust: LightTrust,
  answer?: { text: string; salt: Hex },
): Promise<LightResult> {
  const { nodeId, receipt, claim, block } = proof;
  const header = readHeader(block.header, trust.blockHash);

  const claimId = idOfClaim({ chainId: trust.chainId, settlement: trust.settlement }, claim);
  const stored = readSlots(header.stateRoot, trust.settlement, settlementSlots(claimId), block.settlement);
  const state = claimState(stored, header.timestamp);
  const { status } = state;
  mustHold(status === 'proposed' || status === 'final', `the claim is ${status} at this block`);
  mustHold(state.nodeId === nodeId && claim.nodeId === nodeId, 'the claim is another node’s');

  const receiptHash = hashReceipt(receipt);
  checkAttribution(proof, receiptHash);
  const payments = checkAmounts(proof);
  const paid = payments.reduce((sum, { amount }) => sum + amount, 0n);
  mustHold(paid <= receipt.fee, 'more is paid than the fee');

  const [wallet, owner] = readSlots(header.stateRoot, trust.agents, agentSlots(nodeId), block.agents);
  const signer = wallet === 0n ? owner! : wallet!;
  const domain = { chainId: trust.chainId, verifyingContract: trust.settlement };
  const issuer = await recoverReceiptIssuer(domain, nodeId, receiptHash, proof.nodeSignature).catch(
    () => '0x',
  );
  mustHold(
    signer !== 0n && BigInt(issuer === '0x' ? 0 : issuer) === signer,
    'the node’s wallet did not sign the receipt',
  );

  if (answer !== undefined) {
    const output = utf8(answer.text);
    const isAnswer =
      output.length === receipt.outputLength &&
      sameHex(plainRoot(outputTree(answer.salt, output)), receipt.outputRoot);
    mustHold(isAnswer, 'the answer is not the one that the receipt commits to');
  }
  const { number, timestamp } = header;
  return {
    receiptHash,
    claimId,
    status,
    end: state.end,
    block: { number, timestamp },
    payments,
    fee: receipt.fee,
  };
}

/** The receipt's attribution is in the claim, at the receipt's place. */
function checkAttribution({ receipt, claim, number, attribution }: LightProof, receiptHash: Hex): void {
  const position = number - claim.firstReceipt;
  mustHold(position >= 0 && position < claim.receiptCount, 'the claim does not reach to this receipt');
  const { modelId, fee } = receipt;
  const { queryHash, creditIndices } = attribution;
  const hash = hashAttribution({ receiptHash, modelId, fee, queryHash, items: [...attribution.items] });
  const leaf = hashAttributionLeaf(hash, creditIndices);
  const depth = depthOf(claim.receiptCount);
  mustHold(
    verifyPlain(claim.attributionsRoot, leaf, position, depth, toBytes(attribution.proof)),
    'the claim does not have this attribution of the receipt',
  );
}

/** Each amount of the attribution is in the credits of its asset, and these are in what the claim pays. */
function checkAmounts(proof: LightProof): LightResult['payments'] {
  const { items, creditIndices } = proof.attribution;
  mustHold(creditIndices.length === items.length, 'items and credits do not match');
  return items.flatMap(({ asset, kind, amount }, item) => {
    if (amount === 0n) {
      mustHold(creditIndices[item] === NO_CREDIT, 'an item of no amount has a credit');
      return [];
    }
    const credit = proof.credits.find((one) => one.item === item);
    mustHold(credit !== undefined && credit.payout.asset === asset, 'a credit is missing');
    checkCredit(proof.claim, credit, creditIndices[item]!, { receiptNumber: proof.number, item, amount });
    return [{ asset, kind, amount }];
  });
}

function checkCredit(
  claim: Claim,
  { payout, creditProof, payoutProof }: CreditProof,
  index: number,
  credit: { receiptNumber: number; item: number; amount: bigint },
): void {
  mustHold(payout.seq === claim.seq, 'a payout was not changed by this claim');
  const credits = { hash: payout.creditsHash, sum: payout.delta };
  const leaf = { hash: hashCredit(credit), sum: credit.amount };
  mustHold(
    verifySum(credits, leaf, index, payout.creditsDepth, toBytes(creditProof)),
    'an amount is not in the credits of its asset',
  );
  const payouts = { hash: claim.payoutsRoot, sum: claim.payoutsTotal };
  const payoutLeaf = { hash: hashPayout(payout), sum: payout.cumulative };
  mustHold(
    verifySum(payouts, payoutLeaf, payout.asset, claim.payoutsDepth, toBytes(payoutProof)),
    'a payout is not in what the claim pays',
  );
}

/** The names of items' kinds, for display. */
export const KIND_NAMES: ReadonlyMap<ItemKind, string> = new Map(
  Object.entries(ITEM_KIND).map(([name, kind]) => [kind, name]),
);
