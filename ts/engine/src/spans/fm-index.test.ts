import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Random } from '../numeric/random.ts';
import { readFmIndex, writeFmIndex } from './fm-file.ts';
import { buildFmIndex, fmBytes, fmLongestMatches, fmMaximalSpans } from './fm-index.ts';
import { prefixCode } from './huffman.ts';
import { longestMatches } from './longest-matches.ts';
import { maximalSpans } from './maximal-spans.ts';
import { indexOf, layOut } from './span-index.ts';
import { rankOf, symbolAt, waveletTree } from './wavelet-tree.ts';

const random = new Random(3);
const draw = (length: number, limit: number) => Array.from({ length }, () => random.below(limit));

describe('the prefix code', () => {
  it('is as short as Huffman says, and never longer than 30 bits', () => {
    const counts = Float64Array.from([45, 13, 12, 16, 9, 5, 0]);
    const { bits, codes } = prefixCode(counts);
    expect([...bits]).toEqual([1, 3, 3, 3, 4, 4, 0]);
    const written = [...bits].flatMap((n, symbol) =>
      n > 0 ? codes[symbol].toString(2).padStart(n, '0') : [],
    );
    for (const a of written) expect(written.filter((b) => b.startsWith(a))).toEqual([a]);
    const fibonacci = new Float64Array(60).fill(1);
    for (let i = 2; i < 60; i += 1) fibonacci[i] = fibonacci[i - 1] + fibonacci[i - 2];
    expect(Math.max(...prefixCode(fibonacci).bits)).toBeLessThanOrEqual(30);
  });
});

describe('the wavelet tree', () => {
  it('counts and reads symbols as the sequence itself does', () => {
    for (const [length, limit] of [
      [1, 2],
      [40, 2],
      [700, 5],
      [3000, 200],
    ] as const) {
      const sequence = draw(length, limit);
      const tree = waveletTree(Uint16Array.from(sequence), limit);
      for (let round = 0; round < 200; round += 1) {
        const place = random.below(length);
        const symbol = random.below(limit);
        const rank = (s: number) => sequence.slice(0, place).filter((one) => one === s).length;
        if (sequence.includes(symbol) && new Set(sequence).size > 1) {
          expect(rankOf(tree, symbol, place)).toBe(rank(symbol));
          expect(symbolAt(tree, place)).toEqual({ symbol: sequence[place], rank: rank(sequence[place]) });
        }
      }
    }
  });
});

describe('the compressed index', () => {
  it('answers as the suffix array does', () => {
    for (let round = 0; round < 60; round += 1) {
      const limit = [1, 2, 3, 256, 70_000][round % 5];
      const vocabulary = Math.max(256, limit);
      const documents = Array.from({ length: 1 + random.below(5) }, (_, i) => ({
        asset: 4 * i + 4,
        pieces: Array.from({ length: 1 + random.below(3) }, () => draw(random.below(80), limit)),
      }));
      const texts = documents.flatMap(({ pieces }) => pieces);
      const laidOut = layOut(documents, vocabulary);
      const exact = indexOf(laidOut, vocabulary);
      const compressed = buildFmIndex(laidOut, vocabulary, 1 + random.below(9));
      for (let query = 0; query < 4; query += 1) {
        const copied = texts[random.below(texts.length)];
        const output = [
          ...draw(10, limit),
          ...copied.slice(random.below(20), 60),
          99_999,
          ...copied.slice(0, 9),
        ];
        const limits = { minLen: 1 + random.below(6), maxLen: 12 };
        expect(fmLongestMatches(compressed, output, limits)).toEqual(longestMatches(exact, output, limits));
        for (const options of [{ minLen: limits.minLen }, { minLen: 1, maxCount: 4 }]) {
          expect(fmMaximalSpans(compressed, output, options)).toEqual(maximalSpans(exact, output, options));
        }
      }
    }
  });

  it('is smaller than a text that is not random', () => {
    const words = draw(300, 1e6).map((n) => n.toString(36));
    const text = draw(60_000, 17)
      .map((n) => words[n * n])
      .join(' ');
    const laidOut = layOut([{ asset: 4, pieces: [new TextEncoder().encode(text)] }]);
    expect(fmBytes(buildFmIndex(laidOut, 256))).toBeLessThan(text.length);
  });

  it('is read from its file as it was written; a file that is not whole is refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fm-'));
    const path = join(folder, 'index.fm');
    const index = buildFmIndex(layOut([{ asset: 4, pieces: [draw(500, 7), draw(30, 256)] }]), 256);
    await writeFmIndex(path, index);
    expect(await readFmIndex(path)).toEqual(index);
    const good = await readFile(path);
    for (let i = 0; i < good.length; i += i < 140 ? 1 : 17) {
      const damaged = Buffer.from(good);
      damaged[i] ^= 1 << random.below(8);
      await writeFile(path, damaged);
      await expect(readFmIndex(path)).rejects.toThrow(/Build (it again|one) from the contributions/);
    }
    for (const length of [0, 8, 30, 140, good.length - 1]) {
      await writeFile(path, good.subarray(0, length));
      await expect(readFmIndex(path)).rejects.toThrow(length < 8 ? /not a compressed/ : /cut short/);
    }
    await rm(folder, { recursive: true });
  });
});
