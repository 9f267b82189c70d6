import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256, HpkeError } from '@hpke/core';
import { fromHex, toHex, utf8 } from '@openledger/sdk/protocol/bytes';
import { isPublic } from '@openledger/sdk/protocol/receipts';
import { canonicalBytes } from '@openledger/sdk/protocol/store';
import type { Hex } from 'viem';
import type { ReceiptEntry } from '../ledger/entries.ts';

/** Hybrid Public Key Encryption, RFC 9180, base mode. */
const SUITE = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});
const INFO = utf8('OpenLedger.ReceiptOpening.1');

/**
 * What a drawn receipt is opened with: its request, answer and salt, in the clear if the receipt is PUBLIC, else sealed to
 * each of the validators' X25519 keys. See docs/formats.md.
 */
export async function openingOf(entry: ReceiptEntry, keys: readonly Hex[]): Promise<Uint8Array> {
  const { hash: receiptHash, request, output, salt } = entry;
  const head = { type: 'receipt-opening', version: 1, receiptHash };
  if (isPublic(entry.receipt)) return canonicalBytes({ ...head, opening: { request, output, salt } });
  const plain = canonicalBytes({ request, output, salt });
  const sealed = await Promise.all(keys.map((key) => seal(key, plain, receiptHash)));
  return canonicalBytes({ ...head, sealed: sealed.filter((one) => one !== undefined) });
}

/** Undefined for a key that nothing can be sealed to, such as a point of low order: it must not keep the others from theirs. */
async function seal(key: Hex, plain: Uint8Array<ArrayBuffer>, receiptHash: Hex) {
  try {
    const recipientPublicKey = await SUITE.kem.deserializePublicKey(fromHex(key));
    const { enc, ct } = await SUITE.seal({ recipientPublicKey, info: INFO }, plain, fromHex(receiptHash));
    return { key, enc: toHex(new Uint8Array(enc)), ciphertext: toHex(new Uint8Array(ct)) };
  } catch (error) {
    if (error instanceof HpkeError) return undefined;
    throw error;
  }
}
