import { keccak_256 } from '@noble/hashes/sha3.js';
import type { Hex } from 'viem';

/** What every hash of the protocol is made of: big-endian integers and byte strings, packed without padding. */
export type BytesLike = Uint8Array | Hex;

/** Thirty-two zero bytes: "none" wherever a format says so. */
export const ZERO_HASH: Hex = `0x${'00'.repeat(32)}`;

/** A value does not fit the format. The message names the field and what to do. */
export class ProtocolError extends Error {
  override readonly name: string = 'ProtocolError';
}

const HEX_DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const HEX_VALUES = new Int8Array(128).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  HEX_VALUES[digit.toString(16).charCodeAt(0)] = digit;
  HEX_VALUES[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** Bytes as a lower-case `0x` string. */
export function toHex(bytes: Uint8Array): Hex {
  let text = '';
  for (const byte of bytes) text += HEX_DIGITS[byte];
  return `0x${text}`;
}

/** The bytes of a `0x` string; throws on anything else. */
export function fromHex(hex: Hex): Uint8Array<ArrayBuffer> {
  if (!hex.startsWith('0x') || hex.length % 2 !== 0) {
    throw new ProtocolError(`Expected 0x and an even number of hex digits, got "${hex.slice(0, 20)}".`);
  }
  const bytes = new Uint8Array(hex.length / 2 - 1);
  for (let i = 0; i < bytes.length; i++) {
    const high = HEX_VALUES[hex.charCodeAt(2 * i + 2)] ?? -1;
    const low = HEX_VALUES[hex.charCodeAt(2 * i + 3)] ?? -1;
    if (high < 0 || low < 0) throw new ProtocolError(`"${hex.slice(0, 20)}" is not hexadecimal.`);
    bytes[i] = high * 16 + low;
  }
  return bytes;
}

/** Bytes of either form. */
export function toBytes(value: BytesLike): Uint8Array {
  return typeof value === 'string' ? fromHex(value) : value;
}

/** UTF-8 of a string. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new TextEncoder().encode(text));
}

/** The string that UTF-8 bytes stand for; throws when they are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** Joins byte strings. */
export function concat(...parts: BytesLike[]): Uint8Array<ArrayBuffer> {
  const arrays = parts.map(toBytes);
  const joined = new Uint8Array(arrays.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of arrays) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** An unsigned integer of `size` bytes, big-endian. Out of range is an error, never a truncation. */
export function uint(value: number | bigint, size: number, what = 'value'): Uint8Array<ArrayBuffer> {
  const limit = 1n << BigInt(8 * size);
  const integer = typeof value === 'bigint' ? value : toInteger(value, what);
  if (integer < 0n || integer >= limit) {
    throw new ProtocolError(`${what} is ${value}, which does not fit into ${size} bytes.`);
  }
  const bytes = new Uint8Array(size);
  let rest = integer;
  for (let i = size - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** A signed 64-bit integer, two's complement, big-endian. */
export function int64(value: bigint, what = 'value'): Uint8Array<ArrayBuffer> {
  if (value < -(1n << 63n) || value >= 1n << 63n) {
    throw new ProtocolError(`${what} is ${value}, which does not fit into 64 bits.`);
  }
  return uint(BigInt.asUintN(64, value), 8, what);
}

/** Exactly `size` bytes; anything shorter or longer is an error. */
export function fixed(value: BytesLike, size: number, what = 'value'): Uint8Array {
  const bytes = toBytes(value);
  if (bytes.length !== size) {
    throw new ProtocolError(`${what} has ${bytes.length} bytes, but the format wants ${size}.`);
  }
  return bytes;
}

/** Reads an unsigned integer of `size` bytes at `offset`. */
export function readUint(bytes: Uint8Array, offset: number, size: number): bigint {
  if (offset + size > bytes.length) {
    throw new ProtocolError(`The data end at byte ${bytes.length}, inside a field at byte ${offset}.`);
  }
  let value = 0n;
  for (let i = 0; i < size; i++) value = (value << 8n) | BigInt(bytes[offset + i]!);
  return value;
}

/** Reads `size` bytes at `offset` as hex. */
export function readHex(bytes: Uint8Array, offset: number, size: number): Hex {
  if (offset + size > bytes.length) {
    throw new ProtocolError(`The data end at byte ${bytes.length}, inside a field at byte ${offset}.`);
  }
  return toHex(bytes.subarray(offset, offset + size));
}

/** Reads fields one after the other. */
export type Reader = {
  readonly offset: number;
  number: (size: number) => number;
  bigint: (size: number) => bigint;
  hex: (size: number) => Hex;
  bytes: (size: number) => Uint8Array;
};

/** A reader over `bytes` from `start`. Reading past the end throws. */
export function reader(bytes: Uint8Array, start = 0): Reader {
  let offset = start;
  const advance = (size: number) => {
    offset += size;
    return offset - size;
  };
  return {
    get offset() {
      return offset;
    },
    number: (size) => Number(readUint(bytes, advance(size), size)),
    bigint: (size) => readUint(bytes, advance(size), size),
    hex: (size) => readHex(bytes, advance(size), size),
    bytes: (size) => fromHex(readHex(bytes, advance(size), size)),
  };
}

/** keccak-256 of the parts joined. */
export function keccak(...parts: BytesLike[]): Hex {
  if (parts.length === 1) return toHex(keccak_256(toBytes(parts[0]!)));
  return toHex(keccak_256(concat(...parts)));
}

/** keccak-256 of a one-byte domain tag and the parts. */
export function taggedHash(tag: number, ...parts: BytesLike[]): Hex {
  return keccak(Uint8Array.of(tag), ...parts);
}

/** Whether two hex strings stand for the same bytes. */
export function sameHex(a: Hex, b: Hex): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function toInteger(value: number, what: string): bigint {
  if (!Number.isSafeInteger(value)) throw new ProtocolError(`${what} is ${value}, which is not an integer.`);
  return BigInt(value);
}
