import { afterAll, describe, expect, it } from 'vitest';
import { tinyBase } from '../../test/tiny-base.ts';
import { createBaseEmbedder, type Embedder } from './embedder.ts';
import { fuseRanks } from './fuse.ts';
import { createLexicalIndex } from './lexical.ts';
import { createRowIndex } from './row-index.ts';

const TEXTS = [
  'The lamp of the tower burns whale oil.',
  'The orchard lies behind the mill, where the river bends.',
  'The bell was rung by the keeper of the tower.',
  'The tree is 140 years old and still bears pears.',
];

describe('the lexical index', () => {
  const index = createLexicalIndex(TEXTS.map((text, id) => ({ id, text })));

  it('ranks rare words above common ones, as BM25 does', () => {
    expect(index.search('who rang the bell of the tower?', 4)[0]).toBe(2);
    expect(index.search('pears', 4)).toEqual([3]);
  });

  it('finds nothing where no word is shared', () => {
    expect(index.search('zeppelin', 4)).toEqual([]);
  });
});

describe('reciprocal rank fusion', () => {
  it('adds 1 / (60 + rank) over the rankings, in whole billionths', () => {
    const fused = fuseRanks([
      ['a', 'b'],
      ['b', 'c'],
    ]);
    expect(fused.map(({ id }) => id)).toEqual(['b', 'a', 'c']);
    expect(fused[0]!.score).toBe(1_000_000_000n / 62n + 1_000_000_000n / 61n);
  });
});

describe('the row index', () => {
  let embedder: Embedder | undefined;
  afterAll(() => embedder?.close());

  it('embeds by the base model: vectors of length 1, the same for the same text', async () => {
    embedder = await createBaseEmbedder(tinyBase());
    const [a, b, c] = await Promise.all(
      [TEXTS[0]!, TEXTS[0]!, TEXTS[1]!].map((text) => embedder!.embed(text)),
    );
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
    expect(Math.hypot(...a!)).toBeCloseTo(1, 5);
    expect(a).toHaveLength(embedder.dimensions);
  });

  it('puts a row first that both rankings have first', async () => {
    embedder ??= await createBaseEmbedder(tinyBase());
    const rows = await Promise.all(
      TEXTS.map(async (text, row) => {
        const bytes = new TextEncoder().encode(text);
        return { asset: 4, row, bytes, vector: await embedder!.embed(text) };
      }),
    );
    const found = await createRowIndex(rows, embedder).search(TEXTS[1]!, 2);
    expect(found).toHaveLength(2);
    expect(found[0]).toMatchObject({ asset: 4, row: 1 });
    expect(found[0]!.score).toBe(2n * (1_000_000_000n / 61n));
    expect(found[0]!.score).toBeGreaterThan(found[1]!.score);
  });
});
