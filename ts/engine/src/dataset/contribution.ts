import { fromUtf8, keccak, sameHex } from '@openledger/sdk/protocol/bytes';
import { contentTree, rowsTree, splitRows } from '@openledger/sdk/protocol/content';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import type { Hex } from 'viem';

/** What is promised of a contribution's content, by its address in the store and by the chain. */
export type ContentPromise = {
  /** keccak256 of the bytes. */
  readonly contentHash?: Hex;
  readonly contentRoot?: Hex;
  readonly byteLength?: number;
  readonly rowsRoot?: Hex;
  readonly rowCount?: number;
};

/** Where a contribution stands in the registry; `local` for a file that was never submitted. */
export type Standing =
  | 'local'
  | 'accepted'
  | 'submitted'
  | 'rejected'
  | 'expired'
  | 'tombstoned'
  | 'duplicate'
  | 'displaced';

/**
 * Whether its datanet lets the trainer use it: `open` to all, `granted`, `missing`, or `unknown` as long as nobody says
 * who trains.
 */
export type Permission = 'open' | 'granted' | 'missing' | 'unknown';

/** A contribution that may go into a dataset. */
export type Candidate = {
  /** The contribution's number. Numbers are the order of commitments: the lower came first. */
  readonly id: number;
  /** 0: none, for a file that was never submitted. */
  readonly datanet: number;
  readonly name: string;
  /** SPDX expression. */
  readonly licence: string;
  readonly standing: Standing;
  readonly permission: Permission;
  readonly promise: ContentPromise;
  /** The bytes, or why they could not be had. */
  readonly content: Uint8Array | { readonly missing: string };
};

/** A row as text. */
export type TextRow = { readonly row: number; readonly text: string };

/** A contribution's rows, or what of its content is not as promised. */
export type OpenedContent =
  | { readonly contentHash: Hex; readonly rows: readonly TextRow[] }
  | { readonly problem: string };

/** Splits a contribution into rows after checking every promise that was made of its content. */
export function openContent({ content, promise }: Candidate): OpenedContent {
  if (!(content instanceof Uint8Array)) return { problem: content.missing };
  const contentHash = keccak(content);
  const differs = (what: string) => ({ problem: `the ${what} is not the promised one` });
  const { byteLength, contentRoot, rowCount, rowsRoot } = promise;
  if (promise.contentHash !== undefined && !sameHex(promise.contentHash, contentHash)) {
    return differs('content hash');
  }
  if (byteLength !== undefined && byteLength !== content.length) return differs('length');
  if (contentRoot !== undefined && !sameHex(plainRoot(contentTree(content)), contentRoot)) {
    return differs('content root');
  }
  let rows: ReturnType<typeof splitRows>;
  try {
    rows = splitRows(content);
  } catch {
    return { problem: 'the content is not UTF-8' };
  }
  if (rows.length === 0) return { problem: 'the content has no rows' };
  if (rowCount !== undefined && rowCount !== rows.length) return differs('number of rows');
  if (rowsRoot !== undefined && !sameHex(plainRoot(rowsTree(rows)), rowsRoot)) return differs('rows root');
  return { contentHash, rows: rows.map(({ row, bytes }) => ({ row, text: fromUtf8(bytes) })) };
}
