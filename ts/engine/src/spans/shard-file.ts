import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { endianness } from 'node:os';
import { writeFileAtomic } from '../files/atomic.ts';
import { allocateIndex } from './index-memory.ts';
import { bitsFor, pack, unpack, wordsFor } from './packing.ts';
import { type IndexedDocument, indexIn, type SpanIndex } from './span-index.ts';

/*
 * A span index as a file, little-endian:
 *   header (64 bytes)  magic 8, version 4, bits of a symbol 4, largest symbol 4, bits of a place 4, symbols 8,
 *                      suffixes 8, documents 4, zeros
 *   documents          asset 8, start 4, length 4, each
 *   text               2 or 4 bytes a symbol, filled up to a multiple of 8 bytes
 *   suffixes           places of the text, as many bits as it needs, filled up to a multiple of 4 bytes
 *   checksum           SHA-256 of everything before
 * The tables are made again when it is read, which is quicker than reading them.
 */
const MAGIC = 'OLSPANS\n';
const VERSION = 2;
const HEADER = 64;
const DOCUMENT = 16;
const CHECKSUM = 32;
/** Bytes read or written at once. */
const CHUNK = 1 << 26;
/** Suffixes packed at once; a multiple of 32, so that they fill whole words. */
const PACKED = 1 << 22;

type Header = {
  readonly width: 2 | 4;
  readonly largest: number;
  readonly bits: number;
  readonly symbols: number;
  readonly suffixes: number;
  readonly documents: number;
};

/** Writes an index so that a crash leaves either the whole file or none. Returns its size in bytes. */
export async function writeShard(path: string, index: SpanIndex): Promise<number> {
  let size = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for (const part of partsOf(index)) {
      size += part.length;
      yield part;
    }
  }
  await writeFileAtomic(path, counted());
  return size;
}

/**
 * Reads an index and checks it.
 *
 * The file is read whole, straight into the arrays that are searched. Node maps no files into memory, and a search makes some dozen dependent reads per symbol of
 * the answer: as reads of the file, even from the operating system's cache, each would cost a hundred times as much.
 *
 * @throws If it is no span index, is of another version, is cut short, or does not have its checksum.
 */
export async function readShard(path: string): Promise<SpanIndex> {
  requireLittleEndian();
  const file = await open(path);
  try {
    const hash = createHash('sha256');
    const { size } = await file.stat();
    const start = new Uint8Array(Math.min(size, HEADER));
    await readInto(file, start, 0, hash);
    const header = decodeHeader(path, start, size);
    let at = HEADER;
    const table = new Uint8Array(header.documents * DOCUMENT);
    at = await readInto(file, table, at, hash);
    const memory = allocateIndex(header);
    const { text, suffixes } = memory;
    at = await readInto(file, new Uint8Array(text.buffer, text.byteOffset, text.byteLength), at, hash);
    at = await readInto(file, new Uint8Array(textSize(header) - text.byteLength), at, hash);
    for (let from = 0; from < header.suffixes; from += PACKED) {
      const part = suffixes.subarray(from, Math.min(header.suffixes, from + PACKED));
      const words = new Uint32Array(wordsFor(part.length, header.bits));
      at = await readInto(file, new Uint8Array(words.buffer), at, hash);
      unpack(words, header.bits, part);
    }
    const checksum = new Uint8Array(CHECKSUM);
    await readInto(file, checksum, at, undefined);
    if (Buffer.compare(checksum, hash.digest()) !== 0) {
      throw new Error(`The span index ${path} is damaged. Build it again from the contributions.`);
    }
    return indexIn(memory, decodeDocuments(table), header.largest);
  } finally {
    await file.close();
  }
}

function* partsOf(index: SpanIndex): Generator<Uint8Array> {
  requireLittleEndian();
  const hash = createHash('sha256');
  for (const part of contentsOf(index)) {
    hash.update(part);
    yield part;
  }
  yield hash.digest();
}

function* contentsOf({ documents, text, suffixes, tables }: SpanIndex): Generator<Uint8Array> {
  const width = text.BYTES_PER_ELEMENT === 2 ? 2 : 4;
  const bits = bitsFor(text.length);
  const header = {
    width,
    largest: tables.largest,
    bits,
    symbols: text.length,
    suffixes: suffixes.length,
    documents: documents.length,
  } as const;
  yield encodeHeader(header);
  yield encodeDocuments(documents);
  const bytes = new Uint8Array(text.buffer, text.byteOffset, text.byteLength);
  for (let from = 0; from < bytes.length; from += CHUNK) yield bytes.subarray(from, from + CHUNK);
  yield new Uint8Array(textSize(header) - bytes.length);
  for (let from = 0; from < suffixes.length; from += PACKED) {
    yield new Uint8Array(pack(suffixes.subarray(from, from + PACKED), bits).buffer);
  }
}

function encodeHeader(header: Header): Uint8Array {
  const bytes = new Uint8Array(HEADER);
  bytes.set(new TextEncoder().encode(MAGIC));
  const view = new DataView(bytes.buffer);
  [VERSION, header.width * 8, header.largest, header.bits].forEach((value, i) => {
    view.setUint32(8 + i * 4, value, true);
  });
  view.setBigUint64(24, BigInt(header.symbols), true);
  view.setBigUint64(32, BigInt(header.suffixes), true);
  view.setUint32(40, header.documents, true);
  return bytes;
}

function decodeHeader(path: string, bytes: Uint8Array, size: number): Header {
  if (new TextDecoder('latin1').decode(bytes.subarray(0, 8)) !== MAGIC) {
    throw new Error(`${path} is not a span index. Build one from the contributions.`);
  }
  const short = `The span index ${path} is cut short. Build it again from the contributions.`;
  if (bytes.length < HEADER) throw new Error(short);
  const view = new DataView(bytes.buffer);
  const version = view.getUint32(8, true);
  if (version !== VERSION) {
    throw new Error(
      `The span index ${path} is of version ${version}, not ${VERSION}. Build it again from the contributions.`,
    );
  }
  const header: Header = {
    width: view.getUint32(12, true) === 16 ? 2 : 4,
    largest: view.getUint32(16, true),
    bits: view.getUint32(20, true),
    symbols: Number(view.getBigUint64(24, true)),
    suffixes: Number(view.getBigUint64(32, true)),
    documents: view.getUint32(40, true),
  };
  const needed = sizeOf(header);
  if (size < needed) throw new Error(short);
  if (size > needed || header.bits < 1 || header.bits > 31 || header.suffixes > header.symbols) {
    throw new Error(`The span index ${path} is damaged. Build it again from the contributions.`);
  }
  return header;
}

/** Bytes of the whole file. */
function sizeOf(header: Header): number {
  const whole = Math.floor(header.suffixes / PACKED);
  const words =
    whole * wordsFor(PACKED, header.bits) + wordsFor(header.suffixes - whole * PACKED, header.bits);
  return HEADER + header.documents * DOCUMENT + textSize(header) + words * 4 + CHECKSUM;
}

function textSize({ symbols, width }: Pick<Header, 'symbols' | 'width'>): number {
  return Math.ceil((symbols * width) / 8) * 8;
}

/** Contributions as bytes: asset 8, start 4, length 4, each. */
export function encodeDocuments(documents: readonly IndexedDocument[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(documents.length * DOCUMENT));
  documents.forEach(({ asset, start, length }, i) => {
    view.setBigUint64(i * DOCUMENT, BigInt(asset), true);
    view.setUint32(i * DOCUMENT + 8, start, true);
    view.setUint32(i * DOCUMENT + 12, length, true);
  });
  return new Uint8Array(view.buffer);
}

/** Reads what `encodeDocuments` wrote. */
export function decodeDocuments(bytes: Uint8Array): IndexedDocument[] {
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / DOCUMENT }, (_, i) => ({
    asset: Number(view.getBigUint64(i * DOCUMENT, true)),
    start: view.getUint32(i * DOCUMENT + 8, true),
    length: view.getUint32(i * DOCUMENT + 12, true),
  }));
}

/** Fills an array from a place in the file. Returns the place after it. */
export async function readInto(
  file: FileHandle,
  into: Uint8Array,
  position: number,
  hash: Hash | undefined,
): Promise<number> {
  for (let from = 0; from < into.length; ) {
    const length = Math.min(CHUNK, into.length - from);
    const { bytesRead } = await file.read(into, from, length, position + from);
    if (bytesRead === 0) throw new Error('The file became shorter while it was read. Read it again.');
    hash?.update(into.subarray(from, from + bytesRead));
    from += bytesRead;
  }
  return position + into.length;
}

/** Arrays are written as they lie in memory. */
export function requireLittleEndian(): void {
  if (endianness() !== 'LE') throw new Error('Span index files need a little-endian machine.');
}
