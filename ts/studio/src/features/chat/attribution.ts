import { ITEM_KIND } from '@openledger/sdk/protocol/items';
import type { Attribution, AttributionItem, AttributionSpan } from '../../lib/receipts.ts';

/** A contribution that shaped an answer, with all its evidence put together. */
export type Source = {
  asset: number;
  /** Place in the list; also which colour it has. */
  rank: number;
  contribution: AttributionItem['contribution'];
  /** Part of all positive influence that was listed, 0 … 1; undefined when influence does not list it. */
  influence: number | undefined;
  spans: AttributionSpan[];
  /** Part of the answer that its longest match covers, 0 … 1. */
  covered: number;
  amount: bigint;
};

/** How many colours there are for contributions; later ones share the last. */
export const COLOURS = 8;

/** Puts the evidence of an attribution together by contribution, the best paid first. */
export function sourcesOf(attribution: Attribution, outputLength: number): Source[] {
  const found = new Map<number, Omit<Source, 'rank'>>();
  const entry = (asset: number, contribution: Source['contribution']) => {
    const known = found.get(asset);
    if (known !== undefined) return known;
    const fresh = { asset, contribution, influence: undefined, spans: [], covered: 0, amount: 0n };
    found.set(asset, fresh);
    return fresh as Omit<Source, 'rank'>;
  };
  const influences = attribution.items.filter(({ kind }) => kind === ITEM_KIND.influence);
  const total = influences.reduce((sum, { score }) => sum + score, 0n);
  for (const item of attribution.items) {
    if (item.kind > ITEM_KIND.retrieval) continue;
    const source = entry(item.asset, item.contribution);
    source.amount += item.amount;
    if (item.kind === ITEM_KIND.influence && total > 0n) {
      source.influence = Number((item.score * 10_000n) / total) / 10_000;
    }
  }
  for (const span of attribution.spans) {
    const source = entry(span.asset, span.contribution);
    source.spans.push(span);
    if (outputLength > 0) source.covered = Math.max(source.covered, Math.min(1, span.len / outputLength));
  }
  return [...found.values()]
    .toSorted(
      (a, b) =>
        compare(b.amount, a.amount) ||
        (b.influence ?? 0) - (a.influence ?? 0) ||
        b.covered - a.covered ||
        a.asset - b.asset,
    )
    .map((source, rank) => ({ ...source, rank }));
}

function compare(a: bigint, b: bigint): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** The parameters that split a fee. */
export type FeeShares = {
  burnBps: number;
  treasuryBps: number;
  nodeBps: number;
  stakersBps: number;
  modelBps: number;
  contributorsBps: number;
};

/** One part of a fee. */
export type FeePart = {
  key: 'contributors' | 'baseline' | 'model' | 'base' | 'node' | 'stakers' | 'treasury' | 'burn';
  label: string;
  amount: bigint;
};

/** Where a fee goes, to the wei. What evidence does not place is the baseline's: all data of the model shares it. */
export function splitFee(fee: bigint, shares: FeeShares, items: readonly AttributionItem[]): FeePart[] {
  const bps = (part: number) => (fee * BigInt(part)) / 10_000n;
  const sum = (...kinds: number[]) =>
    items.filter(({ kind }) => kinds.includes(kind)).reduce((total, { amount }) => total + amount, 0n);
  const { influence, span, retrieval, model, royalty, baseline, treasury } = ITEM_KIND;
  const parts: FeePart[] = [
    { key: 'contributors', label: 'contributions above', amount: sum(influence, span, retrieval) },
    { key: 'baseline', label: 'all data of the model', amount: sum(baseline) },
    { key: 'model', label: 'model owner', amount: sum(model) },
    { key: 'base', label: 'base model', amount: sum(royalty) },
    { key: 'node', label: 'node', amount: bps(shares.nodeBps) },
    { key: 'stakers', label: 'stakers', amount: bps(shares.stakersBps) },
    { key: 'treasury', label: 'treasury', amount: bps(shares.treasuryBps) + sum(treasury) },
    { key: 'burn', label: 'burned', amount: bps(shares.burnBps) },
  ];
  return parts.filter(({ amount }) => amount > 0n);
}
