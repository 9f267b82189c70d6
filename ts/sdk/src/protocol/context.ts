import type { Hex } from 'viem';
import { concat, fixed, int64, keccak, sameHex, taggedHash, uint, utf8, ZERO_HASH } from './bytes.ts';
import { type Evidence, ITEM_KIND } from './items.ts';
import { type PlainTree, plainRoot, sparsePlainTree } from './trees.ts';

/** Depth of a context's tree: at most 16 rows are placed in a prompt. */
export const CONTEXT_DEPTH = 4;
export const MAX_CONTEXT_ROWS = 2 ** CONTEXT_DEPTH;

/** A row that was placed in a prompt: `bytesHash` is keccak-256 of its bytes, `score` how relevant it was ranked. */
export type ContextRow = { asset: number; row: number; score: bigint; bytesHash: Hex };

/** What a context row's leaf hashes, without the tag. */
export function encodeContextRow(row: ContextRow): Uint8Array<ArrayBuffer> {
  return concat(
    uint(row.asset, 5, 'asset'),
    uint(row.row, 4, 'row'),
    int64(row.score, 'score'),
    fixed(row.bytesHash, 32, 'bytesHash'),
  );
}

/** Leaf of a retrieved row. */
export function hashContextRow(row: ContextRow): Hex {
  return taggedHash(0x23, encodeContextRow(row));
}

/** Plain tree over the rows of a prompt, in their order. */
export function contextTree(rows: readonly ContextRow[]): PlainTree {
  return sparsePlainTree(
    new Map(rows.map((row, position) => [position, hashContextRow(row)])),
    CONTEXT_DEPTH,
  );
}

/** `contextRoot` of a receipt: zero if no rows were retrieved. */
export function contextRoot(rows: readonly ContextRow[]): Hex {
  return rows.length === 0 ? ZERO_HASH : plainRoot(contextTree(rows));
}

/** Whether these are the rows that a receipt commits to. */
export function isContextOf(receipt: { contextRoot: Hex }, rows: readonly ContextRow[]): boolean {
  return rows.length <= MAX_CONTEXT_ROWS && sameHex(contextRoot(rows), receipt.contextRoot);
}

/** A row that was retrieved, with its text. */
export type CitedRow = { asset: number; row: number; score: bigint; text: string };

/** What a receipt commits to of a cited row. */
export function contextRowOf({ asset, row, score, text }: CitedRow): ContextRow {
  return { asset, row, score, bytesHash: keccak(utf8(text)) };
}

type PromptMessage = { role: 'system' | 'user' | 'assistant'; content: string };

/** A conversation with its retrieved rows: they are in front, numbered from 1, as the answer cites them. */
export function withContext(messages: readonly PromptMessage[], texts: readonly string[]): PromptMessage[] {
  if (texts.length === 0) return [...messages];
  const sources = texts.map((text, index) => `[${index + 1}] ${text}`).join('\n\n');
  const [first, ...rest] = messages;
  if (first?.role === 'system') return [{ ...first, content: `${first.content}\n\n${sources}` }, ...rest];
  return [{ role: 'system', content: sources }, ...messages];
}

/** Where a retrieved row is: in its contribution, and in the prompt. */
export type RetrievedPlace = { row: number; contextPosition: number };

/** Evidence of a retrieval: `row4 ‖ contextPosition2`, zero-filled. */
export function encodeRetrieval({ row, contextPosition }: RetrievedPlace): Hex {
  const zeros = '0'.repeat(16);
  const hex = (value: number, bytes: number) => value.toString(16).padStart(2 * bytes, '0');
  return `0x${hex(row, 4)}${hex(contextPosition, 2)}${zeros}`;
}

/** Reads a retrieval's evidence back. */
export function decodeRetrieval(evidence: Hex): RetrievedPlace {
  return {
    row: Number.parseInt(evidence.slice(2, 10), 16),
    contextPosition: Number.parseInt(evidence.slice(10, 14), 16),
  };
}

/** The rows of a prompt as evidence: per contribution the best one, of equal ones the first. */
export function retrievalEvidence(rows: readonly ContextRow[]): Evidence[] {
  const best = new Map<number, Evidence>();
  for (const [contextPosition, { asset, row, score }] of rows.entries()) {
    if (score <= (best.get(asset)?.score ?? 0n)) continue;
    const evidence = encodeRetrieval({ row, contextPosition });
    best.set(asset, { asset, kind: ITEM_KIND.retrieval, score, evidence });
  }
  return [...best.values()];
}
