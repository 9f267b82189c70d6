import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { writeFileAtomic } from '../files/atomic.ts';
import type { FmIndex } from './fm-index.ts';
import { decodeDocuments, encodeDocuments, readInto, requireLittleEndian } from './shard-file.ts';

/*
 * A compressed span index as a file, little-endian:
 *   header     magic 8, version 4, largest symbol 4, symbols 4, places per kept one 4
 *   lengths    bytes of each of the 14 parts, 8 each
 *   parts      each filled up to a multiple of 8 bytes
 *   checksum   SHA-256 of everything before
 */
const MAGIC = 'OLSPANF\n';
const VERSION = 1;
const PARTS = 14;
const HEADER = 24;
const CHECKSUM = 32;

/** Writes a compressed index so that a crash leaves either the whole file or none. */
export async function writeFmIndex(path: string, index: FmIndex): Promise<void> {
  requireLittleEndian();
  const hash = createHash('sha256');
  async function* parts(): AsyncGenerator<Uint8Array> {
    for (const part of contentsOf(index)) {
      hash.update(part);
      yield part;
    }
    yield hash.digest();
  }
  await writeFileAtomic(path, parts());
}

/**
 * Reads what `writeFmIndex` wrote.
 *
 * @throws If it is no compressed index, is of another version, is cut short, or does not have its checksum.
 */
export async function readFmIndex(path: string): Promise<FmIndex> {
  requireLittleEndian();
  const again = 'Build it again from the contributions.';
  const file = await open(path);
  try {
    const hash = createHash('sha256');
    const { size } = await file.stat();
    const start = new Uint8Array(HEADER + PARTS * 8);
    await readInto(file, start.subarray(0, Math.min(size, start.length)), 0, hash);
    const view = new DataView(start.buffer);
    if (new TextDecoder('latin1').decode(start.subarray(0, 8)) !== MAGIC) {
      throw new Error(`${path} is not a compressed span index. Build one from the contributions.`);
    }
    const version = view.getUint32(8, true);
    if (size >= HEADER && version !== VERSION) {
      throw new Error(`The compressed span index ${path} is of version ${version}, not ${VERSION}. ${again}`);
    }
    const lengths = Array.from({ length: PARTS }, (_, i) => Number(view.getBigUint64(HEADER + i * 8, true)));
    const needed = lengths.reduce((sum, length) => sum + filled(length), start.length + CHECKSUM);
    if (size < needed) throw new Error(`The compressed span index ${path} is cut short. ${again}`);
    const buffers: ArrayBuffer[] = [];
    let at = start.length;
    for (const length of lengths) {
      const bytes = new Uint8Array(filled(length));
      at = await readInto(file, bytes, at, hash);
      buffers.push(bytes.buffer.slice(0, length));
    }
    const checksum = new Uint8Array(CHECKSUM);
    await readInto(file, checksum, at, undefined);
    if (size > needed || Buffer.compare(checksum, hash.digest()) !== 0) {
      throw new Error(`The compressed span index ${path} is damaged. ${again}`);
    }
    return indexFrom(view, buffers);
  } finally {
    await file.close();
  }
}

function* contentsOf(index: FmIndex): Generator<Uint8Array> {
  const parts = partsOf(index);
  const head = new DataView(new ArrayBuffer(HEADER + PARTS * 8));
  new Uint8Array(head.buffer).set(new TextEncoder().encode(MAGIC));
  [VERSION, index.largest, index.size, index.every].forEach((value, i) => {
    head.setUint32(8 + i * 4, value, true);
  });
  parts.forEach((part, i) => {
    head.setBigUint64(HEADER + i * 8, BigInt(part.byteLength), true);
  });
  yield new Uint8Array(head.buffer);
  for (const { buffer, byteOffset, byteLength } of parts) {
    yield new Uint8Array(buffer, byteOffset, byteLength);
    yield new Uint8Array(filled(byteLength) - byteLength);
  }
}

/** In the order that `indexFrom` reads. */
function partsOf({ documents, smaller, before, marks, samples, pieces }: FmIndex) {
  const { code, bits, starts, onesAtStart } = before;
  const tree = [code.left, code.right, code.codes, code.bits, bits.words, bits.blocks, starts, onesAtStart];
  return [encodeDocuments(documents), smaller, ...tree, marks.words, marks.blocks, samples, pieces];
}

function indexFrom(head: DataView, buffers: readonly ArrayBuffer[]): FmIndex {
  const words = (i: number) => new Uint32Array(buffers[i]);
  const numbers = (i: number) => new Int32Array(buffers[i]);
  const code = { left: numbers(2), right: numbers(3), codes: numbers(4), bits: new Uint8Array(buffers[5]) };
  const bits = { words: words(6), blocks: words(7) };
  return {
    documents: decodeDocuments(new Uint8Array(buffers[0])),
    largest: head.getUint32(12, true),
    size: head.getUint32(16, true),
    smaller: words(1),
    before: { code, bits, starts: words(8), onesAtStart: words(9) },
    marks: { words: words(10), blocks: words(11) },
    samples: words(12),
    every: head.getUint32(20, true),
    pieces: numbers(13),
  };
}

function filled(length: number): number {
  return Math.ceil(length / 8) * 8;
}
