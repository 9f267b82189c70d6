/**
 * How a liar would falsify a claim, for tests of those who look: each way passes everything that the chain checks when
 * a claim is proposed. Never part of a product.
 */
import { allocate } from '../src/protocol/allocate.ts';
import type { DisclosedReceipt } from '../src/protocol/claim-data.ts';
import {
  type ClaimTrees,
  claimTrees,
  creditsTree,
  nextPayouts,
  payoutsTree,
} from '../src/protocol/claim-trees.ts';
import { type BuiltClaim, type ClaimInput, commitClaim } from '../src/protocol/claims.ts';
import { decodeSpan, encodeSpan, ITEM_KIND, type Item, selectEvidence } from '../src/protocol/items.ts';
import { type PlacedNode, type SumTree, sumNodeAt } from '../src/protocol/trees.ts';

export const TAMPERED_FIELDS = [
  'amount',
  'score',
  'credit',
  'delta',
  'cumulative',
  'sum',
  'influence',
  'span',
  'match',
  'row',
  'context',
] as const;
export type TamperedField = (typeof TAMPERED_FIELDS)[number];

/** A random integer in [0, below). */
export type RandomInt = (below: number) => number;

export type Tampered = BuiltClaim & { field: TamperedField; what: string };

/**
 * Falsifies one field of an honest claim, everything above it recomputed. Undefined when the claim has no place for
 * it (for `score`: no item pays by influence).
 */
export function tamperClaim(
  input: ClaimInput,
  built: BuiltClaim,
  field: TamperedField,
  random: RandomInt,
): Tampered | undefined {
  const receipts = structuredClone(built.receipts);
  const trees = structuredClone(built.trees);
  const what = TAMPER[field]({ input, receipts, trees, random });
  if (what === undefined) return undefined;
  const tampered = commitClaim(input, built.claim.payoutsTotal, receipts, trees);
  return { ...tampered, field, what };
}

type Draft = { input: ClaimInput; receipts: DisclosedReceipt[]; trees: ClaimTrees; random: RandomInt };

const TAMPER: Record<TamperedField, (draft: Draft) => string | undefined> = {
  /** Moves money between two items of a receipt. */
  amount(draft) {
    const places = [...draft.receipts.entries()].filter(
      ([, { items }]) => items.length >= 2 && items.some(({ amount }) => amount > 1n),
    );
    if (places.length === 0) return undefined;
    const [position, { items }] = pick(draft, places);
    const from = pick(
      draft,
      items.filter(({ amount }) => amount > 1n),
    );
    const to = pick(
      draft,
      items.filter((item) => item !== from),
    );
    const moved = part(draft, from.amount);
    from.amount -= moved;
    to.amount += moved;
    rebuild(draft);
    return `moves ${moved} wei from asset ${from.asset} to asset ${to.asset} in receipt ${number(draft, position)}`;
  },

  /** Raises an influence score and allocates by it. */
  score(draft) {
    const isInfluence = (item: { kind: number }) => item.kind === ITEM_KIND.influence;
    const places = [...draft.receipts.entries()].filter(([, { items }]) => items.some(isInfluence));
    if (places.length === 0) return undefined;
    const [position, disclosed] = pick(draft, places);
    const item = pick(draft, disclosed.items.filter(isInfluence));
    const raised = 1n + part(draft, item.score);
    item.score += raised;
    reallocate(draft, disclosed, disclosed.items);
    return `raises the score of asset ${item.asset} by ${raised} in receipt ${number(draft, position)}`;
  },

  /** Leaves out the contribution with the most influence. */
  influence: (draft) => leaveOut(draft, ITEM_KIND.influence),

  /** Lists a span where there is none: it starts one byte earlier or later in the contribution. */
  span: (draft) =>
    change(draft, ITEM_KIND.span, (item) => {
      const span = decodeSpan(item.evidence);
      item.evidence = encodeSpan({ ...span, srcOff: span.srcOff + (span.srcOff > 0 ? -1 : 1) });
    }),

  /** Leaves out the contribution that is quoted at most length. */
  match: (draft) => leaveOut(draft, ITEM_KIND.span),

  /** Lists a retrieved row with a higher score than it was retrieved with. */
  row: (draft) =>
    change(draft, ITEM_KIND.retrieval, (item) => {
      item.score += 1n + part(draft, item.score);
    }),

  /** Leaves out the best of the retrieved rows. */
  context: (draft) => leaveOut(draft, ITEM_KIND.retrieval),

  /** Moves money between credits of two assets; payouts follow, items do not. */
  credit(draft) {
    const { trees, input } = draft;
    const payers = trees.credits.filter(({ credits }) =>
      credits.some((credit) => credit && credit.amount > 1n),
    );
    if (trees.credits.length < 2 || payers.length === 0) return undefined;
    const from = pick(draft, payers);
    const to = pick(
      draft,
      trees.credits.filter((record) => record !== from),
    );
    const paying = pick(
      draft,
      from.credits.filter((credit) => credit && credit.amount > 1n),
    )!;
    const paid = pick(draft, to.credits)!;
    const moved = part(draft, paying.amount);
    paying.amount -= moved;
    paid.amount += moved;
    trees.payouts = nextPayouts(input.parent.payouts, trees.credits, input.seq);
    return `moves ${moved} wei from a credit of asset ${from.asset} to one of asset ${to.asset}`;
  },

  /** Moves money between two payouts of this claim; their credits stay. */
  delta(draft) {
    const changed = draft.trees.payouts.payouts.filter(({ seq }) => seq === draft.input.seq);
    const payers = changed.filter(({ delta }) => delta > 1n);
    if (changed.length < 2 || payers.length === 0) return undefined;
    const from = pick(draft, payers);
    const to = pick(
      draft,
      changed.filter((payout) => payout !== from),
    );
    const moved = part(draft, from.delta);
    for (const [payout, change] of [
      [from, -moved],
      [to, moved],
    ] as const) {
      payout.delta += change;
      payout.cumulative += change;
    }
    return `moves ${moved} wei of this claim from asset ${from.asset} to asset ${to.asset}`;
  },

  /** Moves what was earned before from one asset to another. */
  cumulative(draft) {
    const { payouts } = draft.trees.payouts;
    const payers = payouts.filter(({ cumulative }) => cumulative > 1n);
    if (payouts.length < 2 || payers.length === 0) return undefined;
    const from = pick(draft, payers);
    const to = pick(
      draft,
      payouts.filter((payout) => payout !== from),
    );
    const moved = part(draft, from.cumulative);
    from.cumulative -= moved;
    to.cumulative += moved;
    return `moves ${moved} wei of earlier earnings from asset ${from.asset} to asset ${to.asset}`;
  },

  /** Records sums that the nodes below do not have, in the payouts tree or one of the credits trees. */
  sum(draft) {
    const { trees, random } = draft;
    const wide = trees.credits.filter(({ depth }) => depth > 0);
    if (wide.length > 0 && random(2) === 0) {
      const record = pick(draft, wide);
      record.nodes = shiftSum(draft, creditsTree(record));
      trees.payouts = nextPayouts(draft.input.parent.payouts, trees.credits, draft.input.seq);
      return `shifts a sum in the credits of asset ${record.asset}`;
    }
    trees.payouts.nodes = shiftSum(draft, payoutsTree(trees.payouts));
    return 'shifts a sum in the payouts';
  },
};

/** Moves a part of a node's recorded sum to its sibling. */
function shiftSum(draft: Draft, tree: SumTree): PlacedNode[] {
  const level = draft.random(tree.depth);
  const candidates = [...tree.levels[level]!].filter(([, node]) => node.sum > 1n);
  const [index, node] = pick(draft, candidates);
  const other = index % 2 === 0 ? index + 1 : index - 1;
  const sibling = sumNodeAt(tree, level, other);
  const moved = part(draft, node.sum);
  return [
    { level, index, hash: node.hash, sum: node.sum - moved },
    { level, index: other, hash: sibling.hash, sum: sibling.sum + moved },
  ];
}

/** Changes an item of a kind and allocates by it. */
function change(draft: Draft, kind: Item['kind'], apply: (item: Item) => void): string | undefined {
  const places = [...draft.receipts.entries()].filter(([, { items }]) =>
    items.some((one) => one.kind === kind),
  );
  if (places.length === 0) return undefined;
  const [position, disclosed] = pick(draft, places);
  const item = pick(
    draft,
    disclosed.items.filter((one) => one.kind === kind),
  );
  apply(item);
  reallocate(draft, disclosed, disclosed.items);
  return `falsifies the evidence of kind ${kind} of asset ${item.asset} in receipt ${number(draft, position)}`;
}

/** Leaves the first item of a kind out and allocates by the others. */
function leaveOut(draft: Draft, kind: Item['kind']): string | undefined {
  const places = [...draft.receipts.entries()].filter(([, { items }]) =>
    items.some((one) => one.kind === kind),
  );
  if (places.length === 0) return undefined;
  const [position, disclosed] = pick(draft, places);
  const item = disclosed.items.find((one) => one.kind === kind)!;
  reallocate(
    draft,
    disclosed,
    disclosed.items.filter((one) => one !== item),
  );
  return `leaves out asset ${item.asset} of kind ${kind} in receipt ${number(draft, position)}`;
}

/** Allocates by these items' evidence, as if it were true. */
function reallocate(draft: Draft, disclosed: DisclosedReceipt, items: readonly Item[]): void {
  const { input } = draft;
  const terms = input.terms(disclosed.receipt.modelId);
  const listed = selectEvidence(items, terms.scheme).map(({ asset, kind, score, evidence }) => ({
    asset,
    kind,
    score,
    evidence,
  }));
  disclosed.items = allocate(disclosed.receipt, terms, input.parameters, listed);
  rebuild(draft);
}

function rebuild({ input, receipts, trees }: Draft): void {
  // The rows behind the contexts stay: they are nobody's claim.
  Object.assign(trees, claimTrees(input.parent.payouts, receipts, input.batches[0]!.firstReceipt, input.seq));
}

function number({ input }: Draft, position: number): number {
  return input.batches[0]!.firstReceipt + position;
}

function pick<T>({ random }: Draft, from: readonly T[]): T {
  return from[random(from.length)]!;
}

/** At least one wei, and less than all. */
function part({ random }: Draft, whole: bigint): bigint {
  if (whole <= 1n) return whole;
  const share = (whole * BigInt(1 + random(900))) / 1000n;
  return share > 0n ? share : 1n;
}
