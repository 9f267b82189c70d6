import { createHash } from 'node:crypto';

/**
 * One frame of the journal file, version 1:
 * `"OLJ1" ‖ sequence u64 ‖ length u32 ‖ sha256(sequence ‖ length ‖ payload) ‖ payload`.
 */
const MAGIC = Buffer.from('OLJ1');
const HEADER_BYTES = 4 + 8 + 4 + 32;

/** Frames are small; a larger length can only come from damage. */
export const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;

export type Frame = { sequence: number; payload: Buffer; end: number };

/** The bytes of a frame. */
export function encodeFrame(sequence: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES + payload.length);
  MAGIC.copy(frame, 0);
  frame.writeBigUInt64BE(BigInt(sequence), 4);
  frame.writeUInt32BE(payload.length, 12);
  frame.set(payload, HEADER_BYTES);
  checksum(frame, 0, payload.length).copy(frame, 16);
  return frame;
}

/** The frame that starts at `offset`, or undefined when the bytes there are not a complete, intact frame. */
export function decodeFrame(file: Buffer, offset: number): Frame | undefined {
  if (offset + HEADER_BYTES > file.length) return undefined;
  if (!file.subarray(offset, offset + 4).equals(MAGIC)) return undefined;
  const length = file.readUInt32BE(offset + 12);
  const end = offset + HEADER_BYTES + length;
  if (length > MAX_PAYLOAD_BYTES || end > file.length) return undefined;
  const expected = file.subarray(offset + 16, offset + HEADER_BYTES);
  if (!checksum(file, offset, length).equals(expected)) return undefined;
  return {
    sequence: Number(file.readBigUInt64BE(offset + 4)),
    payload: file.subarray(offset + HEADER_BYTES, end),
    end,
  };
}

/** Whether an intact frame starts anywhere after `offset`: then the damage before it is no torn tail. */
export function hasFrameAfter(file: Buffer, offset: number): boolean {
  for (let at = file.indexOf(MAGIC, offset + 1); at >= 0; at = file.indexOf(MAGIC, at + 1)) {
    if (decodeFrame(file, at) !== undefined) return true;
  }
  return false;
}

function checksum(file: Buffer, offset: number, length: number): Buffer {
  const hash = createHash('sha256');
  hash.update(file.subarray(offset + 4, offset + 16));
  hash.update(file.subarray(offset + HEADER_BYTES, offset + HEADER_BYTES + length));
  return hash.digest();
}
