import type { FileHandle } from 'node:fs/promises';
import { decodeFrame, type Frame, frameLength, HEADER_BYTES, MAGIC } from './frames.ts';

/** A frame and where in the file it begins and ends, in bytes. */
export type PlacedFrame = Frame & { start: number; end: number };

/** Reads frames of a file without holding more of it than one block, or one frame where that is longer. */
export type FrameReader = {
  /** The frame at a place; undefined when there is no complete, intact one. */
  frameAt(start: number): Promise<PlacedFrame | undefined>;
  /** Whether an intact frame starts anywhere after `start`: then the damage before it is no torn tail. */
  hasFrameAfter(start: number): Promise<boolean>;
  /** The rest of the file, in blocks. */
  bytesFrom(start: number): AsyncGenerator<Buffer>;
};

/** Reads the first `size` bytes of a file, at least `block` bytes at a time. */
export function createFrameReader(handle: FileHandle, size: number, block: number): FrameReader {
  let held: Buffer = Buffer.alloc(0);
  let heldAt = 0;

  /** `length` bytes, or fewer where the file ends. */
  async function bytesAt(start: number, length: number): Promise<Buffer> {
    const wanted = Math.min(length, size - start);
    if (start < heldAt || start + wanted > heldAt + held.length) {
      held = await readAt(handle, start, Math.min(Math.max(block, wanted), size - start));
      heldAt = start;
    }
    return held.subarray(start - heldAt, start - heldAt + wanted);
  }

  async function frameAt(start: number): Promise<PlacedFrame | undefined> {
    if (start + HEADER_BYTES > size) return undefined;
    const length = frameLength(await bytesAt(start, HEADER_BYTES));
    if (length === undefined || start + length > size) return undefined;
    const frame = decodeFrame(await bytesAt(start, length));
    return frame && { ...frame, start, end: start + length };
  }

  async function hasFrameAfter(start: number): Promise<boolean> {
    let at = start + 1;
    while (at + HEADER_BYTES <= size) {
      const bytes = await bytesAt(at, block);
      for (let hit = bytes.indexOf(MAGIC); hit >= 0; hit = bytes.indexOf(MAGIC, hit + 1)) {
        if ((await frameAt(at + hit)) !== undefined) return true;
      }
      // A mark may lie across the edge of two blocks.
      at += Math.max(1, bytes.length - MAGIC.length + 1);
    }
    return false;
  }

  async function* bytesFrom(start: number): AsyncGenerator<Buffer> {
    for (let at = start; at < size; at += block) yield readAt(handle, at, Math.min(block, size - at));
  }

  return { frameAt, hasFrameAfter, bytesFrom };
}

/** Bytes at a place of a file; fewer than `length` where it ends. */
async function readAt(handle: FileHandle, start: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
