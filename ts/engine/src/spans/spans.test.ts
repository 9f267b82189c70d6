import { describe, expect, it } from 'vitest';
import { Random } from '../numeric/random.ts';
import { allocateForKernel } from './index-memory.ts';
import { answerSymbols, longestByArrays, NO_LIMIT } from './longest.ts';
import { longestMatches } from './longest-matches.ts';
import { type MaximalSpan, maximalSpans } from './maximal-spans.ts';
import { sortByKernel } from './sort.ts';
import { BYTE_SYMBOLS, buildSpanIndex, indexIn, indexOf, layOut, type SpanDocument } from './span-index.ts';
import { suffixArray } from './suffix-array.ts';
import { keysOf } from './tables.ts';
import type { SpanMatch } from './windows.ts';

const random = new Random(42);
const utf8 = (text: string) => new TextEncoder().encode(text);

/** The shortest text that has every word of `order` letters of two once (Fredricksen and Maiorana). */
function deBruijn(order: number): Uint8Array {
  const letters: number[] = [];
  const word = new Uint8Array(order + 1);
  const extend = (length: number, period: number) => {
    if (length > order) {
      if (order % period === 0) letters.push(...word.subarray(1, period + 1));
      return;
    }
    word[length] = word[length - period];
    extend(length + 1, period);
    if (word[length - period] === 0) {
      word[length] = 1;
      extend(length + 1, length);
    }
  };
  extend(1, 1);
  return Uint8Array.from(letters);
}

/** Texts that are hard on suffix sorting: few symbols, runs, periods, Fibonacci and de Bruijn words, copies. */
function texts(size: number): Uint8Array[] {
  const draw = (alphabet: number) =>
    Uint8Array.from({ length: random.below(size) }, () => random.below(alphabet));
  let [a, b] = ['a', 'ab'];
  while (b.length < size) [a, b] = [b, b + a];
  const piece = draw(3);
  const copies = new Uint8Array(piece.length * 3 + 1);
  for (let i = 0; i < 3; i += 1) copies.set(piece, i * piece.length);
  return [
    draw(1),
    draw(2),
    draw(4),
    draw(256),
    new Uint8Array(random.below(size)).fill(255),
    utf8('abc'.repeat(1 + random.below(Math.max(1, Math.floor(size / 3))))),
    utf8(b.slice(0, size)),
    deBruijn(Math.max(1, Math.floor(Math.log2(size)))),
    copies,
  ];
}

describe('the suffix array', () => {
  const naive = (text: Uint8Array) =>
    Array.from(text, (_, i) => i).sort((i, j) => Buffer.compare(text.subarray(i), text.subarray(j)));

  it('orders the suffixes as comparing them one by one does', () => {
    for (let round = 0; round < 40; round += 1) {
      for (const text of texts(4 + round * 3)) expect([...suffixArray(text, 255)]).toEqual(naive(text));
    }
  });

  it('is the same by WebAssembly, and for 16- and 32-bit symbols', () => {
    for (let round = 0; round < 5; round += 1) {
      for (const text of texts(300)) {
        const wanted = suffixArray(text, 255);
        expect(sortByKernel(Uint16Array.from(text), 255)).toEqual(wanted);
        expect(sortByKernel(Int32Array.from(text), 255)).toEqual(wanted);
        expect(suffixArray(Int32Array.from(text), 300)).toEqual(wanted);
      }
    }
  });
});

describe('longestMatches', () => {
  it('finds what trying every pair of places finds', () => {
    for (let round = 0; round < 150; round += 1) {
      const documents = randomDocuments(40);
      const index = buildSpanIndex(documents);
      for (const output of [...texts(30), mixture(documents, 40)]) {
        const minLen = 1 + random.below(5);
        const limits = { minLen, maxLen: minLen + random.below(8) };
        expect(longestMatches(index, output, limits)).toEqual(naiveMatches(documents, output, limits));
      }
    }
  });

  it('finds them among many tiny documents, in any order of assets', () => {
    for (let round = 0; round < 20; round += 1) {
      const documents = random.shuffle(Array.from({ length: 200 }, (_, i) => i + 1)).map((asset) => ({
        asset,
        bytes: Uint8Array.from({ length: random.below(6) }, () => 97 + random.below(3)),
      }));
      const index = buildSpanIndex(documents);
      const output = Uint8Array.from({ length: 40 }, () => 97 + random.below(3));
      const limits = { minLen: 1 + random.below(3), maxLen: 4 };
      expect(longestMatches(index, output, limits)).toEqual(naiveMatches(documents, output, limits));
      expect(maximalSpans(index, output, limits)).toEqual(naiveSpans(documents, output, limits.minLen));
    }
  });

  it('uses the limits of payment when none are given', () => {
    const text = utf8('0123456789'.repeat(60));
    const index = buildSpanIndex([{ asset: 4, bytes: text }]);
    expect(longestMatches(index, text.subarray(3, 66))).toEqual([]);
    expect(longestMatches(index, text.subarray(3, 67))).toEqual([
      { asset: 4, outOff: 0, srcOff: 3, len: 64 },
    ]);
    expect(longestMatches(index, text)).toEqual([{ asset: 4, outOff: 0, srcOff: 0, len: 512 }]);
  });

  it('does not match across the end of a document, nor bytes of zero with it', () => {
    const index = buildSpanIndex([
      { asset: 4, bytes: utf8('left') },
      { asset: 8, bytes: new Uint8Array(3) },
      { asset: 12, bytes: utf8('rise') },
    ]);
    const limits = { minLen: 1, maxLen: 99 };
    expect(longestMatches(index, utf8('t\0r'), limits)).toEqual([
      { asset: 4, outOff: 0, srcOff: 3, len: 1 },
      { asset: 8, outOff: 1, srcOff: 0, len: 1 },
      { asset: 12, outOff: 2, srcOff: 0, len: 1 },
    ]);
  });

  it('refuses to index a contribution twice', () => {
    const document = { asset: 4, bytes: utf8('same') };
    expect(() => buildSpanIndex([document, document])).toThrow(/Index each contribution once/);
  });

  it('stays fast where everything repeats', () => {
    const documents = Array.from({ length: 6 }, (_, i) => ({
      asset: 4 * i + 4,
      bytes: new Uint8Array(20_000).fill(97),
    }));
    const index = buildSpanIndex(documents);
    const started = performance.now();
    expect(longestMatches(index, new Uint8Array(4096).fill(97)).map(({ len }) => len)).toEqual(
      Array(6).fill(512),
    );
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('the search by WebAssembly', () => {
  it('finds what the one by typed arrays finds', () => {
    for (let round = 0; round < 60; round += 1) {
      const documents = randomDocuments(400);
      const largest = round % 2 === 0 ? BYTE_SYMBOLS : 70_000;
      const { text, suffixes } = indexOf(
        layOut(
          documents.map(({ asset, bytes }) => ({ asset, pieces: [bytes] })),
          largest,
        ),
        largest,
      );
      const width = largest === BYTE_SYMBOLS ? 2 : 4;
      const memory = allocateForKernel({ width, symbols: text.length, suffixes: suffixes.length, largest });
      memory.text.set(text);
      memory.suffixes.set(suffixes);
      const index = indexIn(memory, [], largest);
      for (const output of [...texts(200), mixture(documents, 200)]) {
        const answer = answerSymbols(largest, output);
        const limit = random.below(2) === 0 ? NO_LIMIT : 1 + random.below(20);
        const keys = keysOf(answer, largest, limit);
        expect(memory.search!(answer, keys, limit)).toEqual(longestByArrays(index, answer, keys, limit));
      }
    }
  });
});

describe('maximalSpans', () => {
  it('finds every match that cannot be made longer, with all its sources', () => {
    for (let round = 0; round < 100; round += 1) {
      const documents = randomDocuments(30);
      const index = buildSpanIndex(documents);
      for (const output of [...texts(20), mixture(documents, 30)]) {
        const minLen = 1 + random.below(4);
        expect(maximalSpans(index, output, { minLen })).toEqual(naiveSpans(documents, output, minLen));
      }
    }
  });
});

function randomDocuments(size: number): SpanDocument[] {
  return Array.from({ length: 1 + random.below(4) }, (_, i) => {
    const choices = texts(size);
    return { asset: 4 * (i + 1), bytes: choices[random.below(choices.length)] };
  });
}

/** An output made of pieces of the documents and of noise. */
function mixture(documents: readonly SpanDocument[], size: number): Uint8Array {
  const output: number[] = [];
  while (output.length < size) {
    const { bytes } = documents[random.below(documents.length)];
    const start = random.below(bytes.length + 1);
    output.push(...bytes.subarray(start, start + random.below(12)), random.below(256));
  }
  return Uint8Array.from(output);
}

function common(a: Uint8Array, i: number, b: Uint8Array, j: number): number {
  let length = 0;
  while (i + length < a.length && j + length < b.length && a[i + length] === b[j + length]) length += 1;
  return length;
}

function naiveMatches(
  documents: readonly SpanDocument[],
  output: Uint8Array,
  { minLen, maxLen }: { minLen: number; maxLen: number },
): SpanMatch[] {
  const found = documents.flatMap(({ asset, bytes }) => {
    let best: SpanMatch | undefined;
    for (let outOff = 0; outOff < output.length; outOff += 1) {
      for (let srcOff = 0; srcOff < bytes.length; srcOff += 1) {
        const len = Math.min(maxLen, common(output, outOff, bytes, srcOff));
        if (len >= minLen && len > (best?.len ?? 0)) best = { asset, outOff, srcOff, len };
      }
    }
    return best ?? [];
  });
  return found.sort((a, b) => b.len - a.len || a.asset - b.asset);
}

function naiveSpans(documents: readonly SpanDocument[], output: Uint8Array, minLen: number): MaximalSpan[] {
  const spans: MaximalSpan[] = [];
  let covered = 0;
  for (let outOff = 0; outOff < output.length; outOff += 1) {
    const places = documents.flatMap(({ asset, bytes }) =>
      Array.from(bytes, (_, srcOff) => ({ asset, srcOff, len: common(output, outOff, bytes, srcOff) })),
    );
    const len = Math.max(0, ...places.map((place) => place.len));
    if (len < minLen || outOff + len <= covered) continue;
    covered = outOff + len;
    const best = places.filter((place) => place.len === len);
    const sources = new Map(best.toReversed().map(({ asset, srcOff }) => [asset, srcOff]));
    spans.push({
      outOff,
      len,
      count: best.length,
      sources: [...sources].map(([asset, srcOff]) => ({ asset, srcOff })).sort((a, b) => a.asset - b.asset),
    });
  }
  return spans;
}
