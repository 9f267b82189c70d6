import { ITEM_BYTES, MAX_ITEMS } from '@openledger/sdk/protocol/items';
import { isPublic, RECEIPT_BYTES, type Receipt } from '@openledger/sdk/protocol/receipts';
import { SKETCH_LENGTH } from '@openledger/sdk/protocol/sketch';

/**
 * The most claimData of one claim. It is calldata, and with the rest of its transaction it must stay below the 128 KiB that
 * nodes of the chain accept.
 */
export const MAX_CLAIM_BYTES = 96_000;

/** The most claimData of a claim whose data validators hold: about ten thousand answers. */
export const MAX_HELD_BYTES = 8 * 1024 * 1024;

/** The most bytes of a PUBLIC request, and the most of its answer: both are in claimData, and one receipt must fit. */
export const MAX_PUBLIC_BYTES = 32_000;

const HEAD = RECEIPT_BYTES + 1 + MAX_ITEMS * ITEM_BYTES + 32;
const OPENING = SKETCH_LENGTH + 32 + 4;

/** At most so many bytes of claimData (formats.md) disclose a receipt whose request has `requestBytes` in UTF-8. */
export function disclosedBytes(
  receipt: Pick<Receipt, 'flags' | 'outputLength'>,
  requestBytes: number,
): number {
  return HEAD + (isPublic(receipt) ? OPENING + requestBytes + receipt.outputLength : 0);
}
