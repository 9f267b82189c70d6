/** `allocate` of docs/formats.md, rule by rule, byte by byte. Shares nothing with ts/sdk or src/. */
import type { Hex } from 'viem';
import type { I } from './hashes.ts';

export type Terms = { parent: number; royaltyBps: number; scheme: number; baselineRoot: Hex };
export type Params = {
  modelBps: number;
  contributorsBps: number;
  tauBasePpm: number;
  tauMinPpm: number;
  tauMaxPpm: number;
  feeRef: bigint;
  mixInfluenceBps: number;
  mixSpanBps: number;
  mixRetrievalBps: number;
};
export type Input = { fee: bigint; flags: number; modelId: number; outputLength: number };

const NONE: Hex = '0x0000000000000000000000000000';
const floor = (numerator: bigint, denominator: bigint) => numerator / denominator;

/** The listed items of kinds 0–2 come in order; the result has all items with amounts. */
export function allocate(input: Input, terms: Terms, params: Params, listed: Omit<I, 'amount'>[]): I[] {
  const items: I[] = listed.map((one) => ({ ...one, amount: 0n }));
  // 5: fee 0 has no items
  if (input.fee === 0n) return [];

  // 1: the model's pot
  const M = floor(input.fee * BigInt(params.modelBps), 10_000n);
  const royalty = floor(M * BigInt(terms.royaltyBps), 10_000n);

  // 2: what counts
  const C = floor(input.fee * BigInt(params.contributorsBps), 10_000n);
  let tau = floor(BigInt(params.tauBasePpm) * params.feeRef, input.fee);
  if (tau < BigInt(params.tauMinPpm)) tau = BigInt(params.tauMinPpm);
  if (tau > BigInt(params.tauMaxPpm)) tau = BigInt(params.tauMaxPpm);
  const ofKind = (kind: number) => items.filter((item) => item.kind === kind);
  const counting = (kind: number) => {
    let W = 0n;
    for (const item of ofKind(kind)) W += item.score > 0n ? item.score : 0n;
    return ofKind(kind).filter((item) => item.score > 0n && item.score * 1_000_000n >= tau * W);
  };

  // 3: pots
  const mix = [params.mixInfluenceBps, params.mixSpanBps, params.mixRetrievalBps];
  let sigma = 0;
  for (const kind of [0, 1, 2]) if (Math.floor(terms.scheme / 2 ** kind) % 2 === 1) sigma += mix[kind]!;
  let potRetrieval = 0n;
  if (sigma > 0 && counting(2).length > 0) potRetrieval = floor(C * BigInt(mix[2]!), BigInt(sigma));
  let covered = 0;
  for (let byte = 0; byte < input.outputLength; byte++) {
    const under = counting(1).some(({ evidence }) => {
      const outOff = Number.parseInt(evidence.slice(2, 10), 16);
      const len = Number.parseInt(evidence.slice(20, 24), 16);
      return byte >= outOff && byte < outOff + len;
    });
    if (under) covered += 1;
  }
  let potSpan = 0n;
  if (sigma > 0 && input.outputLength > 0) {
    potSpan = floor(C * BigInt(mix[1]!) * BigInt(covered), BigInt(input.outputLength) * BigInt(sigma));
  }
  const rest = C - potRetrieval - potSpan;

  // 4: inside a pot
  const share = (kind: number, pot: bigint) => {
    const paid = counting(kind);
    let total = 0n;
    for (const item of paid) total += item.score;
    let given = 0n;
    for (const item of paid) {
      item.amount = floor(pot * item.score, total);
      given += item.amount;
    }
    if (paid.length > 0) paid[0]!.amount += pot - given;
  };
  share(2, potRetrieval);
  share(1, potSpan);
  const toBaseline = counting(0).length === 0;
  if (!toBaseline) share(0, rest);

  const computed = (kind: number, asset: number, amount: bigint) => {
    if (amount !== 0n) items.push({ asset, kind, score: 0n, amount, evidence: NONE });
  };
  computed(3, input.modelId * 4 + 1, M - royalty);
  computed(4, terms.parent * 4 + 1, royalty);
  if (toBaseline && BigInt(terms.baselineRoot) !== 0n) computed(5, input.modelId * 4 + 2, rest);
  if (toBaseline && BigInt(terms.baselineRoot) === 0n) computed(6, 0, rest);
  return items;
}
