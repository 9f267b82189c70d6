import { type Evidence, ITEM_KIND, ITEM_LIMITS, type Item, MIN_SPAN } from './items.ts';
import { type AllocationParameters, type AllocationTerms, SCHEME, thresholdPpm } from './parameters.ts';
import { isNoAudit, type Receipt } from './receipts.ts';

const KINDS = ['influence', 'span', 'retrieval'] as const;
export type EvidenceKind = (typeof KINDS)[number];

/** Why a contribution was, or was not, paid by one kind of evidence. */
export type Outcome =
  | 'paid'
  /** Counted, but its share of the pot rounds to nothing. */
  | 'nothing to share'
  /** Listed, but its part of the listed scores is below the threshold. */
  | 'below the threshold'
  /** Positive, but others rank before it and no more may be listed. */
  | 'not among the first'
  /** A negative score or none: it made the answer less likely, or had nothing to do with it. */
  | 'no evidence'
  /** The model does not pay by this kind. */
  | 'not enabled'
  /** Nobody but the node knows: the receipt is private. */
  | 'not public';

export type KindExplanation = {
  kind: EvidenceKind;
  outcome: Outcome;
  amount: bigint;
  /** Undefined where there is none, or it is not known. */
  score?: bigint;
  /** The least score that counts, among the scores that are listed. */
  threshold?: bigint;
  /** From 1, among all contributions with a positive score; undefined where it has none or they are not known. */
  rank?: number;
  /** How many contributions have a positive score, as far as is known. */
  candidates: number;
  /** How many may be listed. */
  limit: number;
  /** What others have, in order. */
  competitors: { asset: number; score: bigint; amount: bigint; listed: boolean }[];
};

export type ReceiptExplanation = {
  asset: number;
  fee: bigint;
  /** What all contributors together get of this receipt. */
  contributorsPot: bigint;
  amount: bigint;
  /** Where the contributors' share went if not to them by evidence. */
  rest?: { to: 'baseline' | 'treasury'; amount: bigint };
  kinds: KindExplanation[];
  words: string;
};

export type ExplainInput = {
  asset: number;
  receipt: Receipt;
  items: readonly Item[];
  terms: AllocationTerms;
  parameters: AllocationParameters;
  /**
   * All evidence that could be recomputed, listed or not, by kind. A kind that is left out can't be recomputed, because
   * the receipt is private; what is listed is known all the same.
   */
  evidence?: Partial<Record<EvidenceKind, readonly Evidence[]>>;
};

/** Says why a contribution was, or was not, paid for an answer: rank, score, threshold and competitors, kind by kind. */
export function explainReceipt(input: ExplainInput): ReceiptExplanation {
  const { asset, receipt, items, parameters } = input;
  const own = items.filter((item) => item.asset === asset && item.kind <= ITEM_KIND.retrieval);
  const amount = own.reduce((sum, item) => sum + item.amount, 0n);
  const contributorsPot = (receipt.fee * BigInt(parameters.contributorsBps)) / 10_000n;
  const rest = restOf(items);
  const explanation = { asset, fee: receipt.fee, contributorsPot, amount, ...(rest && { rest }) };
  if (receipt.fee === 0n)
    return { ...explanation, kinds: [], words: 'The answer cost nothing, so nobody is paid for it.' };
  if (isNoAudit(receipt)) {
    const where = rest ? ` The contributors' share went to the ${rest.to}.` : '';
    const words = `The consumer ruled out audits, so nobody is paid by evidence.${where}`;
    return { ...explanation, kinds: [], words };
  }
  const kinds = KINDS.map((kind) => explainKind(input, kind));
  return { ...explanation, kinds, words: kinds.map((one) => inWords(one, asset)).join(' ') };
}

function explainKind(input: ExplainInput, kind: EvidenceKind): KindExplanation {
  const { asset, items, terms, parameters, receipt } = input;
  const number = ITEM_KIND[kind];
  const limit = ITEM_LIMITS[number];
  const listed = items.filter((item) => item.kind === number);
  const known = input.evidence?.[kind];
  const all = known ? bestOf(known, listed) : listed;
  const ordered = all
    .filter(({ score }) => score > 0n)
    .toSorted((a, b) => (a.score === b.score ? a.asset - b.asset : a.score > b.score ? -1 : 1));
  const position = ordered.findIndex((one) => one.asset === asset);
  const own = all.find((one) => one.asset === asset);
  const item = listed.find((one) => one.asset === asset);
  const total = listed.reduce((sum, { score }) => sum + (score > 0n ? score : 0n), 0n);
  const tau = thresholdPpm(receipt.fee, parameters);
  const threshold = total === 0n ? undefined : (tau * total + 999_999n) / 1_000_000n;
  const amountOf = (one: number) => listed.find((other) => other.asset === one)?.amount ?? 0n;
  return {
    kind,
    outcome: outcomeOf(),
    amount: item?.amount ?? 0n,
    ...(own && { score: own.score }),
    ...(threshold !== undefined && { threshold }),
    ...(position >= 0 && { rank: position + 1 }),
    candidates: ordered.length,
    limit,
    competitors: ordered
      .filter((one) => one.asset !== asset)
      .map((one) => ({
        asset: one.asset,
        score: one.score,
        amount: amountOf(one.asset),
        listed: listed.some((other) => other.asset === one.asset),
      })),
  };

  function outcomeOf(): Outcome {
    if ((terms.scheme & SCHEME[kind]) === 0) return 'not enabled';
    if (item) {
      if (item.amount > 0n) return 'paid';
      return threshold !== undefined && item.score < threshold ? 'below the threshold' : 'nothing to share';
    }
    if (position >= 0) return 'not among the first';
    // A full list hides what ranks behind it; one with room shows that there was nothing more.
    return known || listed.length < limit ? 'no evidence' : 'not public';
  }
}

/** Per contribution the best of all evidence; what is listed is evidence too. */
function bestOf(known: readonly Evidence[], listed: readonly Evidence[]): Evidence[] {
  const best = new Map<number, Evidence>();
  for (const one of [...known, ...listed]) {
    const other = best.get(one.asset);
    if (!other || one.score > other.score) best.set(one.asset, one);
  }
  return [...best.values()];
}

function restOf(items: readonly Item[]): ReceiptExplanation['rest'] {
  const item = items.find(({ kind }) => kind === ITEM_KIND.baseline || kind === ITEM_KIND.treasury);
  return item && { to: item.kind === ITEM_KIND.baseline ? 'baseline' : 'treasury', amount: item.amount };
}

const MEANING: Record<EvidenceKind, string> = {
  influence: 'By influence',
  span: 'By quotation',
  retrieval: 'By retrieval',
};

function inWords(one: KindExplanation, asset: number): string {
  const head = MEANING[one.kind];
  const rank =
    one.rank === undefined ? '' : `rank ${one.rank} of ${one.candidates} with the score ${one.score}`;
  const last = one.competitors.filter(({ listed }) => listed).at(-1);
  switch (one.outcome) {
    case 'paid':
      return `${head}: ${rank}; ${one.threshold} was enough to count, and it was paid ${one.amount} wei.`;
    case 'nothing to share':
      return `${head}: ${rank}; it counted, but there was nothing to share.`;
    case 'below the threshold':
      return `${head}: ${rank}; it was listed, but a score below ${one.threshold} does not count for a fee like this.`;
    case 'not among the first':
      return `${head}: ${rank}; only ${one.limit} are listed, and the last of them, asset ${last?.asset}, has ${last?.score}.`;
    case 'no evidence':
      return `${head}: ${noEvidence(one, asset)}`;
    case 'not enabled':
      return `${head}: the model does not pay by it.`;
    case 'not public':
      return `${head}: it is not listed; its score is not public, because the receipt is private.`;
  }
}

function noEvidence({ kind, score, candidates }: KindExplanation, asset: number): string {
  if (kind === 'span') return `the answer has no ${MIN_SPAN} bytes in a row from asset ${asset}.`;
  if (kind === 'retrieval') return `no row of asset ${asset} was in the prompt.`;
  if (score === undefined) return `asset ${asset} has no score; ${candidates} others have a positive one.`;
  return `its score is ${score}: only positive ones are paid, and ${candidates} others have one.`;
}

/** A contribution over all receipts of a claim. */
export type ClaimExplanation = {
  asset: number;
  amount: bigint;
  /** How many receipts ended how, by kind of evidence. */
  outcomes: Record<EvidenceKind, Partial<Record<Outcome, number>>>;
  receipts: (ReceiptExplanation & { number: number })[];
  words: string;
};

/** Adds up what {@link explainReceipt} says of each receipt of a claim. */
export function explainClaim(asset: number, receipts: ClaimExplanation['receipts']): ClaimExplanation {
  const outcomes: ClaimExplanation['outcomes'] = { influence: {}, span: {}, retrieval: {} };
  for (const { kind, outcome } of receipts.flatMap(({ kinds }) => kinds)) {
    outcomes[kind][outcome] = (outcomes[kind][outcome] ?? 0) + 1;
  }
  const amount = receipts.reduce((sum, one) => sum + one.amount, 0n);
  const paying = receipts.filter((one) => one.amount > 0n).length;
  const parts = KINDS.flatMap((kind) => {
    const counts = Object.entries(outcomes[kind]).map(([outcome, count]) => `${outcome} ${count}×`);
    return counts.length === 0 ? [] : [`${MEANING[kind].toLowerCase()} ${counts.join(', ')}`];
  });
  const words = `${paying} of ${receipts.length} receipts pay asset ${asset}, together ${amount} wei${parts.length === 0 ? '' : `: ${parts.join('; ')}`}.`;
  return { asset, amount, outcomes, receipts, words };
}
