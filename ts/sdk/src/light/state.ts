import { encodeAbiParameters, fromRlp, type Hex, keccak256, toHex } from 'viem';
import { mustHold } from './error.ts';
import { provenValue } from './trie.ts';

/** An account's proof as `eth_getProof` gives it: one list of nodes for the account, one per storage slot. */
export type AccountProof = { accountProof: readonly Hex[]; storageProof: readonly (readonly Hex[])[] };

/** What of a block's header is needed. */
export type LightHeader = { number: bigint; timestamp: bigint; stateRoot: Hex };

/** Reads a header's RLP, which must hash to the block that is trusted. */
export function readHeader(rlp: Hex, blockHash: Hex): LightHeader {
  mustHold(keccak256(rlp) === blockHash.toLowerCase(), 'the header is not that of the trusted block');
  const fields = fromRlp(rlp, 'hex');
  mustHold(Array.isArray(fields) && fields.length >= 15, 'the header has too few fields');
  const [stateRoot, number, timestamp] = [fields[3], fields[8], fields[11]] as Hex[];
  return { stateRoot: stateRoot!, number: toNumber(number!), timestamp: toNumber(timestamp!) };
}

/** The values of storage slots of an account, zero where there is nothing. */
export function readSlots(
  stateRoot: Hex,
  account: Hex,
  slots: readonly Hex[],
  proof: AccountProof,
): bigint[] {
  const encoded = provenValue(stateRoot, keccak256(account), proof.accountProof);
  mustHold(encoded !== undefined, `there is no account ${account}`);
  const fields = fromRlp(encoded, 'hex');
  mustHold(Array.isArray(fields) && fields.length === 4, 'the account has not four fields');
  const storageRoot = fields[2] as Hex;
  mustHold(proof.storageProof.length === slots.length, 'it has not one storage proof per slot');
  return slots.map((slot, index) => {
    const value = provenValue(storageRoot, keccak256(slot), proof.storageProof[index]!);
    return value === undefined ? 0n : toNumber(fromRlp(value, 'hex') as Hex);
  });
}

/** The slot of a mapping's value: `keccak(key ‖ slot)`. */
export function mappingSlot(key: bigint | Hex, slot: bigint): Hex {
  const word = typeof key === 'bigint' ? toHex(key, { size: 32 }) : key;
  return keccak256(encodeAbiParameters([{ type: 'bytes32' }, { type: 'uint256' }], [word, slot]));
}

/** A slot as a word. */
export function slotWord(slot: bigint): Hex {
  return toHex(slot, { size: 32 });
}

function toNumber(hex: Hex): bigint {
  return hex === '0x' ? 0n : BigInt(hex);
}
