import { encodeAbiParameters, type Hex } from 'viem';
import { toHex, ZERO_HASH } from './bytes.ts';
import type { Span } from './items.ts';
import { type AttributionOpening, NOTHING, types } from './witness.ts';

/** An attribution and where it is in the claim. */
export type PlacedAttribution = AttributionOpening & { position: number };

export type OmissionWitness = PlacedAttribution & {
  query: Uint8Array;
  sketch: Uint8Array;
  sketchPath: Uint8Array;
};

/** Witness of the OmissionPredicate. */
export function encodeOmissionWitness(w: OmissionWitness): Hex {
  return encodeAbiParameters(types('bytes bytes bytes uint32 bytes bytes bytes'), [
    ...placed(w),
    toHex(w.query),
    toHex(w.sketch),
    toHex(w.sketchPath),
  ]);
}

/** What comes after the part that proves the fraud may be left out. */
export type SpanWitness = PlacedAttribution & {
  item: number;
  /** Left out: absent. */
  corpus?: Uint8Array;
  corpusPath?: Uint8Array;
  receipt?: Uint8Array;
  /** Which byte of the span differs. */
  at?: number;
  contentWord?: Uint8Array;
  contentPath?: Uint8Array;
  outputWordSalt?: Hex;
  outputWord?: Uint8Array;
  outputPath?: Uint8Array;
};

/** Witness of the SpanPredicate. */
export function encodeSpanWitness(w: SpanWitness): Hex {
  const list = 'bytes bytes bytes uint32 uint8 bytes bytes bytes uint16 bytes32 bytes bytes32 bytes32 bytes';
  return encodeAbiParameters(types(list), [
    ...placed(w),
    w.item,
    toHex(w.corpus ?? NOTHING),
    toHex(w.corpusPath ?? NOTHING),
    toHex(w.receipt ?? NOTHING),
    w.at ?? 0,
    w.contentWord ? toHex(w.contentWord) : ZERO_HASH,
    toHex(w.contentPath ?? NOTHING),
    w.outputWordSalt ?? ZERO_HASH,
    w.outputWord ? toHex(w.outputWord) : ZERO_HASH,
    toHex(w.outputPath ?? NOTHING),
  ]);
}

export type SpanOmissionWitness = PlacedAttribution &
  Span & {
    corpus: Uint8Array;
    corpusPath: Uint8Array;
    receipt: Uint8Array;
    contentWords: Uint8Array;
    contentPath: Uint8Array;
    outputWords: Uint8Array;
    outputWordSalts: Uint8Array;
    outputPath: Uint8Array;
  };

/** Witness of the SpanOmissionPredicate. */
export function encodeSpanOmissionWitness(w: SpanOmissionWitness): Hex {
  const list =
    'bytes bytes bytes uint32 bytes bytes bytes uint32 uint40 uint16 bytes bytes bytes bytes bytes';
  return encodeAbiParameters(types(list), [
    ...placed(w),
    toHex(w.corpus),
    toHex(w.corpusPath),
    toHex(w.receipt),
    w.outOff,
    w.srcOff,
    w.len,
    toHex(w.contentWords),
    toHex(w.contentPath),
    toHex(w.outputWords),
    toHex(w.outputWordSalts),
    toHex(w.outputPath),
  ]);
}

export type RetrievalWitness = PlacedAttribution & {
  /** False: item → context → contribution. True: context → items. */
  fromContext: boolean;
  item?: number;
  receipt: Uint8Array;
  /** Left out: absent. */
  context?: Uint8Array;
  contextPath?: Uint8Array;
  contextPosition?: number;
  /** Left out: absent. */
  row?: Uint8Array;
  rowPath?: Uint8Array;
  /** The ABI encoding of the `ContributionInput` that was submitted. */
  contribution?: Uint8Array;
};

/** Witness of the RetrievalPredicate. */
export function encodeRetrievalWitness(w: RetrievalWitness): Hex {
  const list = 'bool bytes bytes bytes uint32 uint8 bytes bytes bytes uint8 bytes bytes bytes';
  return encodeAbiParameters(types(list), [
    w.fromContext,
    ...placed(w),
    w.item ?? 0,
    toHex(w.receipt),
    toHex(w.context ?? NOTHING),
    toHex(w.contextPath ?? NOTHING),
    w.contextPosition ?? 0,
    toHex(w.row ?? NOTHING),
    toHex(w.rowPath ?? NOTHING),
    toHex(w.contribution ?? NOTHING),
  ]);
}

function placed(w: PlacedAttribution): unknown[] {
  return [toHex(w.attribution), toHex(w.creditIndexes), toHex(w.attributionPath), w.position];
}
