import { baselineAsset, modelAsset, TREASURY_ASSET } from './assets.ts';
import { ProtocolError, sameHex, ZERO_HASH } from './bytes.ts';
import { decodeSpan, type Evidence, ITEM_KIND, type Item, type ItemKind, NO_EVIDENCE } from './items.ts';
import { type AllocationParameters, type AllocationTerms, thresholdPpm } from './parameters.ts';
import { isNoAudit, type Receipt } from './receipts.ts';

/** What of a receipt decides amounts. */
export type AllocationReceipt = Pick<Receipt, 'fee' | 'flags' | 'modelId' | 'outputLength'>;

const BPS = 10_000n;

/**
 * Who gets what of one receipt's owners' share: the pure integer function that every settlement must follow
 * and that the Allocation predicate recomputes. `listed` are the items of kinds 0–2 in order
 * (see `selectEvidence`); the result lists them with amounts, then model, royalty and baseline or treasury.
 */
export function allocate(
  receipt: AllocationReceipt,
  terms: AllocationTerms,
  parameters: AllocationParameters,
  listed: readonly Evidence[],
): Item[] {
  const { fee } = receipt;
  if (fee === 0n) return [];
  if (isNoAudit(receipt) && listed.length > 0) {
    throw new ProtocolError('A NO_AUDIT receipt pays by the baseline: list no evidence for it.');
  }

  const modelPot = (fee * BigInt(parameters.modelBps)) / BPS;
  const royalty = (modelPot * BigInt(terms.royaltyBps)) / BPS;
  const contributorsPot = (fee * BigInt(parameters.contributorsBps)) / BPS;

  const threshold = thresholdPpm(fee, parameters);
  const counting = countingItems(listed, threshold);
  const has = (kind: ItemKind) => counting.some((index) => listed[index]!.kind === kind);

  const mixes = [parameters.mixInfluenceBps, parameters.mixSpanBps, parameters.mixRetrievalBps].map(BigInt);
  const enabledMix = mixes.reduce((sum, mix, kind) => (terms.scheme & (1 << kind) ? sum + mix : sum), 0n);

  let retrievalPot = 0n;
  if (enabledMix > 0n && has(ITEM_KIND.retrieval)) retrievalPot = (contributorsPot * mixes[2]!) / enabledMix;
  let spanPot = 0n;
  if (enabledMix > 0n && receipt.outputLength > 0) {
    const covered = coveredBytes(
      counting.filter((index) => listed[index]!.kind === ITEM_KIND.span).map((index) => listed[index]!),
      receipt.outputLength,
    );
    spanPot = (contributorsPot * mixes[1]! * covered) / (BigInt(receipt.outputLength) * enabledMix);
  }
  const rest = contributorsPot - retrievalPot - spanPot;
  const influencePot = has(ITEM_KIND.influence) ? rest : 0n;

  const items: Item[] = listed.map((one) => ({ ...one, amount: 0n }));
  sharePot(items, counting, ITEM_KIND.influence, influencePot);
  sharePot(items, counting, ITEM_KIND.span, spanPot);
  sharePot(items, counting, ITEM_KIND.retrieval, retrievalPot);

  const add = (kind: ItemKind, asset: () => number, amount: bigint) => {
    if (amount > 0n) items.push({ asset: asset(), kind, score: 0n, amount, evidence: NO_EVIDENCE });
  };
  add(ITEM_KIND.model, () => modelAsset(receipt.modelId), modelPot - royalty);
  add(ITEM_KIND.royalty, () => modelAsset(terms.parent), royalty);
  if (sameHex(terms.baselineRoot, ZERO_HASH)) {
    add(ITEM_KIND.treasury, () => TREASURY_ASSET, rest - influencePot);
  } else {
    add(ITEM_KIND.baseline, () => baselineAsset(receipt.modelId), rest - influencePot);
  }
  return items;
}

/** Indices of the items that reach the threshold of their kind. */
function countingItems(listed: readonly Evidence[], threshold: bigint): number[] {
  const totals = [0n, 0n, 0n];
  for (const { kind, score } of listed) {
    if (kind > ITEM_KIND.retrieval)
      throw new ProtocolError(`Items of kind ${kind} are computed, not listed.`);
    if (score > 0n) totals[kind]! += score;
  }
  const counts = ({ kind, score }: Evidence) => score > 0n && score * 1_000_000n >= threshold * totals[kind]!;
  return [...listed.keys()].filter((index) => counts(listed[index]!));
}

/** Output bytes under at least one of the spans. */
function coveredBytes(spans: readonly Evidence[], outputLength: number): bigint {
  const ranges = spans
    .map(({ evidence }) => decodeSpan(evidence))
    .map(({ outOff, len }) => ({ start: outOff, end: Math.min(outOff + len, outputLength) }))
    .toSorted((a, b) => a.start - b.start);
  let covered = 0;
  let end = 0;
  for (const range of ranges) {
    covered += Math.max(0, range.end - Math.max(range.start, end));
    end = Math.max(end, range.end);
  }
  return BigInt(covered);
}

/** Shares a pot by score; what rounding leaves goes to the first counting item. */
function sharePot(items: Item[], counting: readonly number[], kind: ItemKind, pot: bigint): void {
  const shared = counting.map((index) => items[index]!).filter((item) => item.kind === kind);
  const total = shared.reduce((sum, item) => sum + item.score, 0n);
  let left = pot;
  for (const item of shared) {
    item.amount = (pot * item.score) / total;
    left -= item.amount;
  }
  if (shared[0]) shared[0].amount += left;
}
