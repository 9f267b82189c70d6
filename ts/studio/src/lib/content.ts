import { splitRows } from '@openledger/sdk/protocol/content';
import { blobId, parseStoreUri } from '@openledger/sdk/protocol/store';
import type { Hex } from 'viem';

/** One row of a contribution as people read it: in chat format, a question and its answer. */
export type TextRow = {
  row: number;
  byteOffset: number;
  byteLength: number;
  question: string;
  answer: string;
};

/** Where a blob can be downloaded. */
export function blobUrl(nodeUrl: string, id: Hex): string {
  return `${nodeUrl}/v1/store/${id}`;
}

/**
 * Loads a blob and checks that it is what its id says. Whoever serves it does not have to be trusted.
 */
export async function loadBlob(nodeUrl: string, id: Hex): Promise<Uint8Array> {
  const response = await fetch(blobUrl(nodeUrl, id)).catch(() => undefined);
  if (response === undefined || !response.ok) {
    throw new Error('The content is not in this node’s store. It can be put back with PUT /v1/store.');
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (blobId(bytes) !== id)
    throw new Error('The store sent other bytes than were asked for: they are not shown.');
  return bytes;
}

/** Loads the blob that a `store:` URI names. */
export function loadUri(nodeUrl: string, uri: string): Promise<Uint8Array> {
  return loadBlob(nodeUrl, parseStoreUri(uri));
}

/** The rows of a text contribution. */
export function readRows(bytes: Uint8Array): TextRow[] {
  return splitRows(bytes).map(({ row, byteOffset, bytes: rowBytes }) => {
    const text = new TextDecoder().decode(rowBytes);
    const line = text.indexOf('\n');
    return {
      row,
      byteOffset,
      byteLength: rowBytes.length,
      question: line < 0 ? '' : text.slice(0, line),
      answer: line < 0 ? text : text.slice(line + 1),
    };
  });
}
