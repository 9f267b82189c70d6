import type { Hex } from 'viem';
import { concat, fixed, fromHex, int64, readHex, readUint, toHex, uint } from './bytes.ts';

/** Why an item earns. */
export const ITEM_KIND = {
  influence: 0,
  span: 1,
  retrieval: 2,
  model: 3,
  royalty: 4,
  baseline: 5,
  treasury: 6,
} as const;
export type ItemKind = (typeof ITEM_KIND)[keyof typeof ITEM_KIND];

/** Most items a receipt lists of each evidence kind: INFLUENCE, SPAN, RETRIEVAL. */
export const ITEM_LIMITS = [8, 3, 2] as const;

/** Most items of a receipt in all. */
export const MAX_ITEMS = 16;

/** Spans shorter or longer than this do not count. Bytes. */
export const MIN_SPAN = 64;
export const MAX_SPAN = 512;

/** A reason to pay somebody for an answer, before amounts are known. Kinds 0–2 only. */
export type Evidence = { asset: number; kind: ItemKind; score: bigint; evidence: Hex };

/** One line of an attribution. */
export type Item = Evidence & { amount: bigint };

/** A match between an answer and a contribution. Offsets and length in bytes. */
export type Span = { outOff: number; srcOff: number; len: number };

/** Bytes of an encoded item. */
export const ITEM_BYTES = 40;

/** Fourteen zero bytes: the evidence of kinds that need none. */
export const NO_EVIDENCE: Hex = `0x${'00'.repeat(14)}`;

/** Encodes an item: `asset5 ‖ kind1 ‖ score8 ‖ amount12 ‖ evidence14`. */
export function encodeItem(item: Item): Uint8Array<ArrayBuffer> {
  return concat(
    uint(item.asset, 5, 'asset'),
    uint(item.kind, 1, 'kind'),
    int64(item.score, 'score'),
    uint(item.amount, 12, 'amount'),
    fixed(item.evidence, 14, 'evidence'),
  );
}

/** Encodes the items of an attribution, one after the other. */
export function encodeItems(items: readonly Item[]): Uint8Array<ArrayBuffer> {
  return concat(...items.map(encodeItem));
}

/** Reads `count` items from `offset`. Unknown kinds are kept as they are: the Allocation predicate rejects them. */
export function decodeItems(bytes: Uint8Array, count: number, offset = 0): Item[] {
  return Array.from({ length: count }, (_, index) => {
    const at = offset + index * ITEM_BYTES;
    const kind = Number(readUint(bytes, at + 5, 1));
    return {
      asset: Number(readUint(bytes, at, 5)),
      kind: kind as ItemKind,
      score: BigInt.asIntN(64, readUint(bytes, at + 6, 8)),
      amount: readUint(bytes, at + 14, 12),
      evidence: readHex(bytes, at + 26, 14),
    };
  });
}

/** Evidence of a span: `outOff4 ‖ srcOff5 ‖ len2`, zero-filled. */
export function encodeSpan(span: Span): Hex {
  return toHex(
    concat(
      uint(span.outOff, 4, 'outOff'),
      uint(span.srcOff, 5, 'srcOff'),
      uint(span.len, 2, 'len'),
      new Uint8Array(3),
    ),
  );
}

/** Reads a span's evidence back. */
export function decodeSpan(evidence: Hex): Span {
  const bytes = fromHex(evidence);
  return {
    outOff: Number(readUint(bytes, 0, 4)),
    srcOff: Number(readUint(bytes, 4, 5)),
    len: Number(readUint(bytes, 9, 2)),
  };
}

/** A span as evidence: its score is its length. */
export function spanEvidence(asset: number, span: Span): Evidence {
  return { asset, kind: ITEM_KIND.span, score: BigInt(span.len), evidence: encodeSpan(span) };
}

/** An influence score as evidence. */
export function influenceEvidence(asset: number, score: bigint): Evidence {
  return { asset, kind: ITEM_KIND.influence, score, evidence: NO_EVIDENCE };
}

/** Order of items: kind ascending, score descending, asset ascending, output offset ascending. */
export function compareItems(a: Evidence, b: Evidence): number {
  if (a.kind !== b.kind) return a.kind - b.kind;
  if (a.score !== b.score) return a.score > b.score ? -1 : 1;
  if (a.asset !== b.asset) return a.asset - b.asset;
  return a.kind === ITEM_KIND.span ? decodeSpan(a.evidence).outOff - decodeSpan(b.evidence).outOff : 0;
}

/**
 * What of all evidence is listed: positive scores, an asset once per kind (a span with least offsets),
 * in order, and at most {@link ITEM_LIMITS} per kind.
 */
export function selectEvidence(evidence: readonly Evidence[], scheme: number): Evidence[] {
  const listed: Evidence[] = [];
  for (const kind of [ITEM_KIND.influence, ITEM_KIND.span, ITEM_KIND.retrieval]) {
    if ((scheme & (1 << kind)) === 0) continue;
    const seen = new Set<number>();
    const candidates = evidence
      .filter((one) => one.kind === kind && one.score > 0n)
      .toSorted((a, b) => compareItems(a, b) || compareSources(a, b))
      .filter((one) => !seen.has(one.asset) && seen.add(one.asset));
    listed.push(...candidates.slice(0, ITEM_LIMITS[kind]));
  }
  return listed;
}

function compareSources(a: Evidence, b: Evidence): number {
  return a.kind === ITEM_KIND.span ? decodeSpan(a.evidence).srcOff - decodeSpan(b.evidence).srcOff : 0;
}
