import { describe, expect, it } from 'vitest';
import { Random } from '../numeric/random.ts';
import { placesShown, shownSpans } from './display.ts';
import { duplicateClusters } from './duplicates.ts';
import { buildSpanIndex } from './span-index.ts';
import { SURPRISE_BIT, surpriseTable } from './surprise.ts';
import { tokenBytes } from './token-bytes.ts';

const random = new Random(17);
const utf8 = (text: string) => new TextEncoder().encode(text);
const words = (count: number) => Array.from({ length: count }, () => random.next().toString(36)).join(' ');

describe('surprise', () => {
  it('is −log₂ of a byte’s share of all contributions, over all shards, in 1/65536 bits', () => {
    const shards = [
      buildSpanIndex([{ asset: 4, bytes: utf8('aaaabb') }]),
      buildSpanIndex([{ asset: 8, bytes: utf8('ac') }]),
    ];
    const table = surpriseTable(shards);
    const bits = (letter: string) => table[letter.charCodeAt(0) + 1] / SURPRISE_BIT;
    expect(bits('a')).toBeCloseTo(-Math.log2(5 / 8), 4);
    expect(bits('b')).toBe(2);
    expect(bits('c')).toBe(3);
    expect(bits('z')).toBe(0);
  });
});

describe('duplicate clusters', () => {
  it('join nearly equal texts under the oldest, and keep others apart', () => {
    const text = words(300);
    const other = words(300);
    const shards = [
      buildSpanIndex([
        { asset: 12, bytes: utf8(text) },
        { asset: 4, bytes: utf8(`${text} and a little more`) },
        { asset: 8, bytes: utf8(text.slice(0, text.length / 3) + other) },
      ]),
      buildSpanIndex([
        { asset: 16, bytes: utf8(other) },
        { asset: 20, bytes: utf8(text.replaceAll('a', 'b')) },
        { asset: 24, bytes: utf8('tiny') },
        { asset: 28, bytes: utf8('tiny') },
      ]),
    ];
    const all = new Set([4, 8, 12, 16, 20, 24, 28]);
    const clusters = duplicateClusters(shards, all);
    expect(clusters.get(4)).toBe(4);
    expect(clusters.get(12)).toBe(4);
    expect(clusters.get(20)).toBe(20);
    expect(clusters.get(28)).toBe(24);
    expect(clusters.get(8)).toBe(8);
    expect(clusters.get(16)).toSatisfy((head) => head === 16 || head === 8);
  });
});

describe('shown spans', () => {
  it('come the most surprising first, one source per cluster of duplicates', () => {
    const rare = words(40);
    const index = buildSpanIndex([
      { asset: 8, bytes: utf8(rare) },
      { asset: 4, bytes: utf8(rare) },
      { asset: 12, bytes: utf8(`${'e'.repeat(2000)} ${rare.slice(0, 30)}`) },
    ]);
    const output = utf8(`${'e'.repeat(60)}|${rare.slice(0, 30)}|${rare.slice(50, 90)}`);
    const shown = shownSpans([index], output, { minLen: 24 });
    expect(shown.map(({ outOff, len }) => [outOff, len])).toEqual([
      [92, 40],
      [61, 30],
      [0, 60],
    ]);
    expect(shown[1].sources).toEqual([
      { asset: 4, srcOff: 0, duplicates: [{ asset: 8, srcOff: 0 }] },
      { asset: 12, srcOff: 2001, duplicates: [] },
    ]);
    expect(shown[0].surprise).toBeGreaterThan(shown[1].surprise);
    const places = (keep: number[]) =>
      placesShown(shown, new Set(keep)).map(({ asset, outOff }) => [asset, outOff]);
    expect(places([])).toEqual([
      [4, 92],
      [4, 61],
      [12, 61],
      [12, 0],
    ]);
    expect(places([8])).toEqual([
      [4, 92],
      [8, 92],
      [4, 61],
      [8, 61],
      [12, 61],
      [12, 0],
    ]);
  });
});

describe('token bytes', () => {
  it('are the bytes of the tokens before and within', () => {
    const bytesOf = Array.from({ length: 50 }, () => 1 + random.below(9));
    for (const size of [1, 63, 64, 65, 500]) {
      const tokens = Array.from({ length: size }, () => random.below(50));
      const sum = (list: number[]) => list.reduce((total, token) => total + bytesOf[token], 0);
      const bytes = tokenBytes(tokens, bytesOf);
      for (let round = 0; round < 20; round += 1) {
        const first = random.below(size);
        const count = random.below(size - first + 1);
        expect(bytes.rangeOf(first, count)).toEqual({
          offset: sum(tokens.slice(0, first)),
          length: sum(tokens.slice(first, first + count)),
        });
      }
      expect(() => bytes.rangeOf(0, size + 1)).toThrow(RangeError);
    }
  });
});
