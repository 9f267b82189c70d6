import { createHash } from 'node:crypto';

/**
 * One frame of the journal file, version 1:
 * `"OLJ1" ‖ sequence u64 ‖ length u32 ‖ sha256(sequence ‖ length ‖ payload) ‖ payload`.
 */
export const MAGIC = Buffer.from('OLJ1');
export const HEADER_BYTES = 4 + 8 + 4 + 32;

/** Frames are small; a larger length can only come from damage. */
const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;

export type Frame = { sequence: number; payload: Buffer };

/** The bytes of a frame. */
export function encodeFrame(sequence: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES + payload.length);
  MAGIC.copy(frame, 0);
  frame.writeBigUInt64BE(BigInt(sequence), 4);
  frame.writeUInt32BE(payload.length, 12);
  frame.set(payload, HEADER_BYTES);
  checksum(frame).copy(frame, 16);
  return frame;
}

/** Bytes of the frame that begins with this header; undefined when that is no header. */
export function frameLength(header: Buffer): number | undefined {
  if (header.length < HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const length = header.readUInt32BE(12);
  return length > MAX_PAYLOAD_BYTES ? undefined : HEADER_BYTES + length;
}

/** The frame that `bytes` are, or undefined when they are not one complete, intact frame. */
export function decodeFrame(bytes: Buffer): Frame | undefined {
  if (frameLength(bytes) !== bytes.length) return undefined;
  if (!checksum(bytes).equals(bytes.subarray(16, HEADER_BYTES))) return undefined;
  return { sequence: Number(bytes.readBigUInt64BE(4)), payload: bytes.subarray(HEADER_BYTES) };
}

function checksum(frame: Buffer): Buffer {
  const hash = createHash('sha256');
  hash.update(frame.subarray(4, 16));
  hash.update(frame.subarray(HEADER_BYTES));
  return hash.digest();
}
