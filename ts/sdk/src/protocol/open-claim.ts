import type { Hex } from 'viem';
import { encodeAttribution, encodeCreditIndices, encodePayout, hashPayout } from './attribution.ts';
import { type BytesLike, ProtocolError, sameHex, ZERO_HASH } from './bytes.ts';
import { type DisclosedReceipt, decodeClaimData } from './claim-data.ts';
import {
  attributionsTree,
  type ClaimTrees,
  type CommittedAttribution,
  type CreditsRecord,
  claimTrees,
  creditsTree,
  type PayoutsRecord,
  type PlacedPayout,
  payoutsTree,
} from './claim-trees.ts';
import type { BatchRecord, Claim, SettledState } from './claims.ts';
import type { Row } from './content.ts';
import { type ContextRow, isContextOf } from './context.ts';
import type { Span } from './items.ts';
import type { AllocationParameters, ModelTerms } from './parameters.ts';
import { encodeReceipt, hashReceipt } from './receipts.ts';
import type { Sketch } from './sketch.ts';
import {
  type PlainTree,
  plainRoot,
  provePlain,
  proveSum,
  type SumNode,
  type SumTree,
  sumPad,
  sumRoot,
  sumTree,
  verifySum,
} from './trees.ts';
import { encodeVoucherRecord, type VoucherRecord, vouchersTree } from './vouchers.ts';
import type { AttributionOpening, ReceiptOpening, VoucherOpening } from './witness.ts';

/** Everything that a claim is judged by. All but the dump comes from the chain. */
export type FraudContext = {
  claim: Claim;
  claimData: BytesLike;
  /** What the claim's locator leads to, if it could be had. Needed only when the claim was tampered with. */
  dump?: ClaimTrees;
  /** The claim that `claim.parent` names and the payouts under it. */
  parent: SettledState;
  /** The batches that the claim covers. */
  batches: readonly BatchRecord[];
  /** Parameters of `claim.paramsVersion`. */
  parameters: AllocationParameters;
  /** A model's terms; undefined if there is no such model. */
  terms: (modelId: number) => ModelTerms | undefined;
  /** A model's sketches, from its model card; undefined if they could not be had. */
  sketches?: (modelId: number) => readonly Sketch[] | undefined;
  /** The contents of a model's corpus; undefined if they could not be had. */
  corpus?: (modelId: number) => readonly CorpusContent[] | undefined;
  /** Per content of a model's corpus its longest match with an answer. Whatever finds them need not be believed. */
  matches?: (modelId: number, output: Uint8Array) => readonly (Span & { asset: number })[];
  /** A contribution as it was submitted; undefined if there is none or its rows could not be had. */
  contribution?: (asset: number) => SubmittedContribution | undefined;
};

/** A contribution that a model's answers are compared with. */
export type CorpusContent = { asset: number; bytes: Uint8Array };

/** A contribution as the chain has it. */
export type SubmittedContribution = {
  /** ABI encoding of its `ContributionInput`; empty if nothing was submitted under the id. */
  input: Uint8Array;
  rows: readonly Row[];
};

/** A voucher with its batch and the receipts that claimData discloses for it. */
export type OpenedVoucher = {
  record: VoucherRecord;
  index: number;
  batch: BatchRecord;
  vouchers: PlainTree;
  receipts: DisclosedReceipt[];
  /** Undefined when the receipts are not the ones that were signed for. */
  tree?: SumTree;
};

/** A payouts tree and its leaves by position. */
export type OpenedPayouts = { record: PayoutsRecord; tree: SumTree; byAsset: Map<number, PlacedPayout> };

/** The trees that a claim's roots were found to commit to, and what could not be opened. */
export type OpenedClaim = {
  context: FraudContext;
  disclosed: DisclosedReceipt[];
  vouchers: OpenedVoucher[];
  attributions?: { list: (CommittedAttribution | undefined)[]; tree: PlainTree };
  payouts?: OpenedPayouts;
  parentPayouts: OpenedPayouts;
  /** By asset, for payouts that the claim changed. */
  credits: Map<number, { record: CreditsRecord; tree: SumTree }>;
  /** The rows that were placed in a receipt's prompt, by the receipt's position. */
  contexts: Map<number, readonly ContextRow[]>;
  /** What nobody can judge because it was not published. */
  problems: string[];
};

/**
 * Finds the trees under a claim's roots: first as the chain's data give them, then as the dump describes them.
 * Only trees that lead to the committed roots are used, so a dump can mislead nobody.
 */
export function openClaim(context: FraudContext): OpenedClaim {
  const { claim, parent } = context;
  const problems: string[] = [];
  const disclosed =
    attempt(() => decodeClaimData(context.claimData), problems, 'claimData cannot be read') ?? [];
  if (disclosed.length !== claim.receiptCount) {
    problems.push(
      `claimData discloses ${disclosed.length} receipts, the claim covers ${claim.receiptCount}.`,
    );
  }
  const rebuilt = attempt(() => claimTrees(parent.payouts, disclosed, claim.firstReceipt, claim.seq), [], '');
  const candidates = [rebuilt, context.dump].filter((trees) => trees !== undefined);

  const opened: OpenedClaim = {
    context,
    disclosed,
    vouchers: openVouchers(context, disclosed, problems),
    parentPayouts: openPayouts(parent.payouts),
    credits: new Map(),
    contexts: openContexts(context, disclosed, problems),
    problems,
  };
  opened.attributions = first(candidates, ({ attributions: list }) => {
    if (list.length !== claim.receiptCount) return undefined;
    const tree = attributionsTree({ attributions: list });
    return sameHex(plainRoot(tree), claim.attributionsRoot) ? { list, tree } : undefined;
  });
  opened.payouts = first(candidates, ({ payouts: record }) => {
    if (record.depth !== claim.payoutsDepth) return undefined;
    const payouts = openPayouts(record);
    return sameHex(sumRoot(payouts.tree).hash, claim.payoutsRoot) ? payouts : undefined;
  });
  for (const payout of opened.payouts?.record.payouts ?? []) {
    if (payout.seq !== claim.seq) continue;
    const found = first(candidates, ({ credits }) => openCredits(credits, payout));
    if (found) opened.credits.set(payout.asset, found);
    else problems.push(`The credits of asset ${payout.asset} were not published.`);
  }
  const missing = (what: string) =>
    problems.push(
      `The ${what} under the claim's root ${context.dump ? 'are not in its dump' : 'need its dump'}.`,
    );
  if (!opened.attributions) missing('attributions');
  if (!opened.payouts) missing('payouts');
  return opened;
}

function openPayouts(record: PayoutsRecord): OpenedPayouts {
  const byAsset = new Map(record.payouts.map((payout) => [payout.position, payout]));
  return { record, tree: payoutsTree(record), byAsset };
}

/** What opens the payout at an asset's position, or its absence; undefined where the tree's sums do not lead to its root. */
export function openPayout(
  payouts: OpenedPayouts,
  root: SumNode,
  asset: number,
): { payout: Uint8Array; payoutPath: Uint8Array } | undefined {
  const found = payouts.byAsset.get(asset);
  const payout = found ? encodePayout(found) : new Uint8Array(0);
  const { depth } = payouts.tree;
  if (asset >= 2 ** depth) return { payout, payoutPath: new Uint8Array(0) };
  const leaf = found ? { hash: hashPayout(found), sum: found.cumulative } : sumPad(0);
  const payoutPath = proveSum(payouts.tree, asset);
  return verifySum(root, leaf, asset, depth, payoutPath) ? { payout, payoutPath } : undefined;
}

/** What opens an attribution as committed; empty byte strings for padding. */
export function openAttribution(
  attributions: NonNullable<OpenedClaim['attributions']>,
  position: number,
): AttributionOpening {
  const committed = attributions.list[position];
  return {
    attribution: committed ? encodeAttribution(committed.attribution) : new Uint8Array(0),
    creditIndexes: committed ? encodeCreditIndices(committed.creditIndices) : new Uint8Array(0),
    attributionPath: provePlain(attributions.tree, position),
  };
}

/** What opens a voucher in its batch. */
export function openVoucher({ record, vouchers, index, batch }: OpenedVoucher): VoucherOpening {
  return {
    voucher: encodeVoucherRecord(record),
    voucherPath: provePlain(vouchers, index),
    voucherIndex: index,
    batch: batch.number,
  };
}

/** What opens a voucher's receipt, and the voucher; undefined when the receipts are not the ones that were signed for. */
export function openReceipt(voucher: OpenedVoucher, place: number): ReceiptOpening | undefined {
  const disclosed = voucher.receipts[place];
  if (voucher.tree === undefined || disclosed === undefined) return undefined;
  return {
    ...openVoucher(voucher),
    receipt: encodeReceipt(disclosed.receipt),
    receiptPath: proveSum(voucher.tree, place),
  };
}

function openCredits(
  credits: readonly CreditsRecord[],
  payout: { asset: number; creditsHash: Hex; creditsDepth: number },
): { record: CreditsRecord; tree: SumTree } | undefined {
  return first(
    credits.filter(({ asset, depth }) => asset === payout.asset && depth === payout.creditsDepth),
    (record) => {
      const tree = creditsTree(record);
      return sameHex(sumRoot(tree).hash, payout.creditsHash) ? { record, tree } : undefined;
    },
  );
}

function openVouchers(
  { claim, batches }: FraudContext,
  disclosed: readonly DisclosedReceipt[],
  problems: string[],
): OpenedVoucher[] {
  return batches.flatMap((batch) => {
    const vouchers = vouchersTree(batch.vouchers);
    return batch.vouchers.map((record, index) => {
      const from = record.firstReceipt - claim.firstReceipt;
      const receipts = disclosed.slice(from, from + record.receiptCount);
      const tree = sumTree(receipts.map(({ receipt }) => ({ hash: hashReceipt(receipt), sum: receipt.fee })));
      const known =
        receipts.length === record.receiptCount && sameHex(sumRoot(tree).hash, record.receiptsRoot);
      if (!known)
        problems.push(`The receipts of voucher ${index} of batch ${batch.number} were not published.`);
      return { record, index, batch, vouchers, receipts, tree: known ? tree : undefined };
    });
  });
}

/** Rows that a dump names count only where the receipt commits to them. */
function openContexts(
  { claim, dump }: FraudContext,
  disclosed: readonly DisclosedReceipt[],
  problems: string[],
): OpenedClaim['contexts'] {
  const contexts = new Map<number, readonly ContextRow[]>();
  for (const { position, rows } of dump?.contexts ?? []) {
    const receipt = disclosed[position]?.receipt;
    if (receipt && isContextOf(receipt, rows)) contexts.set(position, rows);
  }
  for (const [position, { receipt }] of disclosed.entries()) {
    if (sameHex(receipt.contextRoot, ZERO_HASH) || contexts.has(position)) continue;
    const number = claim.firstReceipt + position;
    problems.push(`The rows that were retrieved for receipt ${number} were not published.`);
  }
  return contexts;
}

/** The first candidate that opens; candidates that are not even well-formed do not. */
function first<T, R>(candidates: readonly T[], open: (candidate: T) => R | undefined): R | undefined {
  for (const candidate of candidates) {
    const result = attempt(() => open(candidate), [], '');
    if (result !== undefined) return result;
  }
  return undefined;
}

function attempt<T>(compute: () => T, problems: string[], what: string): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    problems.push(`${what}: ${error.message}`);
    return undefined;
  }
}
