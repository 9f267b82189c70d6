import { type Hex, isHex } from 'viem';
import { NodeError } from '../errors.ts';

/** The URI under which a blob is named on chain and in model cards. */
export function storeUri(hash: Hex): `store:${Hex}` {
  return `store:${hash}`;
}

/** The blob id inside a `store:0x…` URI. */
export function hashOfUri(uri: string): Hex {
  const hash = uri.startsWith('store:') ? uri.slice('store:'.length) : '';
  if (!isBlobId(hash)) {
    throw new NodeError(
      'bad_request',
      `"${uri}" does not name a blob.`,
      'A content store address is "store:0x" followed by 64 hexadecimal digits.',
    );
  }
  return hash.toLowerCase() as Hex;
}

/** Whether a text is a blob id: 0x and 64 hexadecimal digits. */
export function isBlobId(text: string): text is Hex {
  return isHex(text) && text.length === 66;
}
