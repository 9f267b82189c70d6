import type { Hex } from 'viem';
import {
  type Attribution,
  type Credit,
  hashAttribution,
  hashAttributionLeaf,
  hashCredit,
  hashPayout,
  NO_CREDIT,
  type Payout,
} from './attribution.ts';
import type { DisclosedReceipt } from './claim-data.ts';
import type { ContextRow } from './context.ts';
import { hashReceipt } from './receipts.ts';
import {
  depthOf,
  type PlacedNode,
  type PlainTree,
  type SumTree,
  sparseDepth,
  sparsePlainTree,
  sparseSumTree,
  sumRoot,
} from './trees.ts';

/** An attribution as a claim commits to it. */
export type CommittedAttribution = { attribution: Attribution; creditIndices: number[] };

/** A payout and where it is in the tree; an honest position is the asset. */
export type PlacedPayout = Payout & { position: number };

/** A payouts tree as recorded. `nodes` replace what the leaves give; an honest tree has none. */
export type PayoutsRecord = { depth: number; payouts: PlacedPayout[]; nodes: PlacedNode[] };

/** One asset's credits tree as recorded, for payouts that the claim changed. */
export type CreditsRecord = {
  asset: number;
  depth: number;
  credits: (Credit | undefined)[];
  nodes: PlacedNode[];
};

/** Everything under a claim's two roots: what the dump in the content store describes. */
export type ClaimTrees = {
  /** By position; undefined is padding. */
  attributions: (CommittedAttribution | undefined)[];
  payouts: PayoutsRecord;
  credits: CreditsRecord[];
  /** The rows behind the receipts' `contextRoot`, where rows were retrieved. They are under no root of the claim. */
  contexts?: ContextRecord[];
};

/** The rows that were placed in one receipt's prompt; `position` is the receipt's in the claim. */
export type ContextRecord = { position: number; rows: ContextRow[] };

/** The payouts tree before a node's first claim. */
export const NO_PAYOUTS: PayoutsRecord = { depth: 0, payouts: [], nodes: [] };

/** The trees that disclosed receipts and the parent's payouts give. Amounts are taken as disclosed. */
export function claimTrees(
  parent: PayoutsRecord,
  receipts: readonly DisclosedReceipt[],
  firstReceipt: number,
  seq: number,
): ClaimTrees {
  const credits = new Map<number, Credit[]>();
  const attributions = receipts.map(({ receipt, items, queryHash }, position) => {
    const creditIndices = items.map(({ asset, amount }, item) => {
      if (amount === 0n) return NO_CREDIT;
      const list = credits.get(asset) ?? [];
      credits.set(asset, list);
      return list.push({ receiptNumber: firstReceipt + position, item, amount }) - 1;
    });
    const header = { receiptHash: hashReceipt(receipt), modelId: receipt.modelId, fee: receipt.fee };
    return { attribution: { ...header, queryHash, items }, creditIndices };
  });
  const records = [...credits].map(([asset, list]) => ({
    asset,
    depth: depthOf(list.length),
    credits: list,
    nodes: [],
  }));
  return { attributions, payouts: nextPayouts(parent, records, seq), credits: records };
}

/** The payouts after a claim: those that its credits touch change, all others stay as they are. */
export function nextPayouts(
  parent: PayoutsRecord,
  credits: readonly CreditsRecord[],
  seq: number,
): PayoutsRecord {
  const payouts = new Map(parent.payouts.map((payout) => [payout.asset, payout]));
  for (const record of credits) {
    const root = sumRoot(creditsTree(record));
    const before = payouts.get(record.asset)?.cumulative ?? 0n;
    payouts.set(record.asset, {
      position: record.asset,
      asset: record.asset,
      seq,
      cumulative: before + root.sum,
      delta: root.sum,
      creditsHash: root.hash,
      creditsDepth: record.depth,
    });
  }
  const sorted = [...payouts.values()].toSorted((a, b) => a.asset - b.asset);
  return { depth: sparseDepth(payouts.keys()), payouts: sorted, nodes: [] };
}

/** Plain tree of a claim's attributions: position = receipt number − the claim's first. */
export function attributionsTree(trees: Pick<ClaimTrees, 'attributions'>): PlainTree {
  const leaves = new Map<number, Hex>();
  for (const [position, committed] of trees.attributions.entries()) {
    if (committed) leaves.set(position, hashCommittedAttribution(committed));
  }
  return sparsePlainTree(leaves, depthOf(trees.attributions.length));
}

/** Leaf of an attribution as committed. */
export function hashCommittedAttribution({ attribution, creditIndices }: CommittedAttribution): Hex {
  return hashAttributionLeaf(hashAttribution(attribution), creditIndices);
}

/** Sum tree of payouts, as recorded. */
export function payoutsTree(record: PayoutsRecord): SumTree {
  const leaves = record.payouts.map(
    (payout) => [payout.position, { hash: hashPayout(payout), sum: payout.cumulative }] as const,
  );
  return sparseSumTree(new Map(leaves), record.depth, record.nodes);
}

/** Sum tree of an asset's credits, as recorded. */
export function creditsTree(record: Pick<CreditsRecord, 'credits' | 'depth' | 'nodes'>): SumTree {
  const leaves = new Map<number, { hash: Hex; sum: bigint }>();
  for (const [position, credit] of record.credits.entries()) {
    if (credit) leaves.set(position, { hash: hashCredit(credit), sum: credit.amount });
  }
  return sparseSumTree(leaves, record.depth, record.nodes);
}

/** A payout of an asset, if the tree has one at the asset's position. */
export function payoutOf(record: PayoutsRecord, asset: number): PlacedPayout | undefined {
  return record.payouts.find((payout) => payout.position === asset);
}
