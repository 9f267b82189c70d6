import type { Hex } from 'viem';
import {
  type BytesLike,
  concat,
  fixed,
  fromHex,
  keccak,
  ProtocolError,
  reader,
  toBytes,
  uint,
} from './bytes.ts';
import { decodeItems, encodeItems, ITEM_BYTES, type Item } from './items.ts';
import { decodeReceipt, encodeReceipt, isPublic, RECEIPT_BYTES, type Receipt } from './receipts.ts';
import { fromInt8Bytes, SKETCH_LENGTH, toInt8Bytes } from './sketch.ts';

/** What a PUBLIC receipt discloses, so that anyone can recompute its attribution. */
export type Opening = {
  /** `a_q`; all zero when the model does not pay by influence. */
  queryVector: Int8Array;
  salt: Hex;
  /** The request in RFC 8785 form, UTF-8. */
  request: Uint8Array;
  /** The answer, UTF-8. */
  output: Uint8Array;
};

/** One receipt as a claim discloses it. PUBLIC receipts have an opening, others must not. */
export type DisclosedReceipt = { receipt: Receipt; items: Item[]; queryHash: Hex; opening?: Opening };

const VERSION = 2;

/** Encodes claimData: everything that a claim's trees are computed from, in order of receipt numbers. */
export function encodeClaimData(receipts: readonly DisclosedReceipt[]): Uint8Array<ArrayBuffer> {
  return concat(Uint8Array.of(VERSION), ...receipts.map(encodeDisclosed));
}

/** Reads claimData back; throws when the bytes are not claimData to the last one. */
export function decodeClaimData(data: BytesLike): DisclosedReceipt[] {
  const bytes = toBytes(data);
  const read = reader(bytes);
  const version = read.number(1);
  if (version !== VERSION)
    throw new ProtocolError(`claimData has version ${version}, this code reads ${VERSION}.`);
  const receipts: DisclosedReceipt[] = [];
  while (read.offset < bytes.length) {
    const receipt = decodeReceipt(read.bytes(RECEIPT_BYTES));
    const count = read.number(1);
    const items = decodeItems(read.bytes(count * ITEM_BYTES), count);
    const queryHash = read.hex(32);
    if (!isPublic(receipt)) {
      receipts.push({ receipt, items, queryHash });
      continue;
    }
    const queryVector = fromInt8Bytes(read.bytes(SKETCH_LENGTH));
    const salt = read.hex(32);
    const request = read.bytes(read.number(4));
    const output = read.bytes(receipt.outputLength);
    receipts.push({ receipt, items, queryHash, opening: { queryVector, salt, request, output } });
  }
  return receipts;
}

/** Where a claim's data are. */
export const DATA_SCHEME = { calldata: 0, eigenDA: 1, validators: 2 } as const;

/** What a claim commits to of its data and of where its trees can be had. */
export function dataCommitment(scheme: number, claimData: BytesLike, locator: BytesLike): Hex {
  return keccak(uint(scheme, 1, 'scheme'), keccak(claimData), keccak(locator));
}

function encodeDisclosed({ receipt, items, queryHash, opening }: DisclosedReceipt): Uint8Array {
  const head = concat(
    encodeReceipt(receipt),
    uint(items.length, 1, 'number of items'),
    encodeItems(items),
    fixed(queryHash, 32, 'queryHash'),
  );
  if (!isPublic(receipt)) return head;
  if (!opening)
    throw new ProtocolError('A PUBLIC receipt must disclose its request, answer and query vector.');
  if (opening.output.length !== receipt.outputLength) {
    throw new ProtocolError(
      `The answer has ${opening.output.length} bytes, but its receipt says ${receipt.outputLength}.`,
    );
  }
  return concat(
    head,
    toInt8Bytes(opening.queryVector),
    fixed(fromHex(opening.salt), 32, 'salt'),
    uint(opening.request.length, 4, 'request length'),
    opening.request,
    opening.output,
  );
}
