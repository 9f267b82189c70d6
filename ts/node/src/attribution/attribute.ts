import { evidenceHash, queryHashOf } from '@openledger/sdk/protocol/attribution';
import { utf8 } from '@openledger/sdk/protocol/bytes';
import { contextRowOf, retrievalEvidence } from '@openledger/sdk/protocol/context';
import {
  type Evidence,
  influenceEvidence,
  MAX_SPAN,
  MIN_SPAN,
  type Span,
  selectEvidence,
  spanEvidence,
} from '@openledger/sdk/protocol/items';
import { SCHEME } from '@openledger/sdk/protocol/parameters';
import { isNoAudit } from '@openledger/sdk/protocol/receipts';
import { influenceScore, toInt8Bytes } from '@openledger/sdk/protocol/sketch';
import type { NodeSigner } from '../identity/signer.ts';
import type { AttributionEntry, ReceiptEntry } from '../ledger/entries.ts';
import type { VerifiedAdapter } from '../models/types.ts';

/** A match between an answer and a contribution's text, in bytes. */
export type AssetSpan = Span & { asset: number };

/** The science behind an attribution; no chain, no money. Tests give a small one. */
export type EvidenceEngine = {
  /** Per contribution its longest match with the output, of `minLen` to `maxLen` bytes. */
  paidSpans(
    adapter: VerifiedAdapter,
    output: Uint8Array,
    limits: { minLen: number; maxLen: number },
  ): Promise<AssetSpan[]>;
  /** Every match that cannot be made longer, in all contributions that have it. */
  shownSpans(adapter: VerifiedAdapter, output: Uint8Array, minLen: number): Promise<AssetSpan[]>;
  /** `a_q` of an answer's text, in the exact profile. */
  queryVector(
    adapter: VerifiedAdapter,
    answer: { promptTokens: readonly number[]; output: string },
  ): Promise<Int8Array>;
};

/** Shorter matches are shown to people as well, but never paid. */
const SHOWN_SPAN = 24;

/** An answer, as far as its attribution depends on it. */
export type AttributableAnswer = Pick<ReceiptEntry, 'receipt' | 'output' | 'promptTokens' | 'context'>;

/**
 * The evidence of an answer, as the format lists it, and the query vector that it was scored by. The same for whoever
 * computes it. `adapter` is undefined for a base model: it has no contributions.
 */
export async function findEvidence(
  { receipt, output, promptTokens, context = [] }: AttributableAnswer,
  adapter: VerifiedAdapter | undefined,
  engine: Pick<EvidenceEngine, 'paidSpans' | 'queryVector'>,
) {
  const scheme = adapter?.model.terms.scheme ?? 0;
  const evidence: Evidence[] = [];
  let queryVector: Int8Array | undefined;
  if (!isNoAudit(receipt)) {
    if (adapter !== undefined && (scheme & SCHEME.span) !== 0) {
      const paid = await engine.paidSpans(adapter, utf8(output), { minLen: MIN_SPAN, maxLen: MAX_SPAN });
      evidence.push(...paid.map((span) => spanEvidence(span.asset, span)));
    }
    if (adapter !== undefined && (scheme & SCHEME.influence) !== 0) {
      const query = await engine.queryVector(adapter, { promptTokens, output });
      queryVector = query;
      evidence.push(
        ...adapter.sketches.map((sketch) => influenceEvidence(sketch.asset, influenceScore(sketch, query))),
      );
    }
    evidence.push(...retrievalEvidence(context.map(contextRowOf)));
  }
  return {
    queryVector,
    queryHash: queryHashOf(receipt, scheme, queryVector),
    listed: selectEvidence(evidence, scheme),
  };
}

/**
 * Attributes one answer: finds all evidence, lists what the format lists, and signs the notice that the node shows
 * to the consumer. Amounts are not part of it: they follow from the parameters in force at redemption.
 */
export async function attributeReceipt(options: {
  entry: ReceiptEntry;
  /** Undefined for an answer of a base model: it has no contributions to attribute to. */
  adapter: VerifiedAdapter | undefined;
  engine: EvidenceEngine;
  signer: NodeSigner;
  now: number;
}): Promise<AttributionEntry> {
  const { entry, adapter, engine, signer } = options;
  const { receipt, hash } = entry;
  const { queryVector, queryHash, listed } = await findEvidence(entry, adapter, engine);
  const shows =
    adapter !== undefined && !isNoAudit(receipt) && (adapter.model.terms.scheme & SCHEME.span) !== 0;
  const spans = shows ? await engine.shownSpans(adapter, utf8(entry.output), SHOWN_SPAN) : [];
  const evidenceRoot = evidenceHash(hash, queryHash, listed);
  return {
    type: 'attribution',
    hash,
    queryVector: queryVector && toInt8Bytes(queryVector),
    queryHash,
    evidence: listed as AttributionEntry['evidence'],
    evidenceHash: evidenceRoot,
    noticeSignature: await signer.signNotice(hash, evidenceRoot),
    spans: spans.map(({ asset, outOff, srcOff, len }) => ({ asset, outOff, srcOff, len })),
    at: options.now,
  };
}
