import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256, HpkeError } from '@hpke/core';
import { fromHex, fromUtf8, sameHex, toHex, utf8 } from '@openledger/sdk/protocol/bytes';
import { isPublic } from '@openledger/sdk/protocol/receipts';
import { canonicalBytes } from '@openledger/sdk/protocol/store';
import type { Hex } from 'viem';
import { z } from 'zod';
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

const hex = z.templateLiteral(['0x', z.string().regex(/^([0-9a-f]{2})*$/i)]);
const text = z.object({ request: z.string(), output: z.string(), salt: hex });
const payload = z.object({
  receiptHash: hex,
  opening: text.optional(),
  sealed: z.array(z.object({ key: hex, enc: hex, ciphertext: hex })).optional(),
});

/** What a receipt says of its texts, and its salt. */
export type ReceiptOpening = z.infer<typeof text>;

/** The X25519 keys that a validator's openings are sealed to: derived (RFC 9180, DeriveKeyPair) from its private key. */
export async function openingKeys(privateKey: Hex): Promise<{ publicKey: Hex; keys: CryptoKeyPair }> {
  const domain = utf8('OpenLedger.OpeningKey.1');
  const seed = await crypto.subtle.digest('SHA-256', Uint8Array.of(...domain, ...fromHex(privateKey)));
  const keys = await SUITE.kem.deriveKeyPair(seed);
  return { publicKey: toHex(new Uint8Array(await SUITE.kem.serializePublicKey(keys.publicKey))), keys };
}

/** Reads what {@link openingOf} wrote; throws when it is not of this receipt or not sealed to this key. */
export async function readOpening(
  bytes: Uint8Array,
  receiptHash: Hex,
  { publicKey, keys }: Awaited<ReturnType<typeof openingKeys>>,
): Promise<ReceiptOpening> {
  const read = payload.parse(JSON.parse(fromUtf8(bytes)));
  if (!sameHex(read.receiptHash, receiptHash)) throw new Error('It opens another receipt.');
  if (read.opening !== undefined) return read.opening;
  const own = read.sealed?.find(({ key }) => sameHex(key, publicKey));
  if (own === undefined) throw new Error('It is not sealed to the key of this validator.');
  const recipient = { recipientKey: keys, enc: fromHex(own.enc), info: INFO };
  const plain = await SUITE.open(recipient, fromHex(own.ciphertext), fromHex(receiptHash));
  return text.parse(JSON.parse(fromUtf8(new Uint8Array(plain))));
}
