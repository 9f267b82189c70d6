import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../numeric/random.ts';
import { longestMatches } from './longest-matches.ts';
import { maximalSpans } from './maximal-spans.ts';
import { buildSpanIndex, buildTokenIndex, type SpanDocument } from './span-index.ts';
import { openSpanStore, type SpanStore } from './span-store.ts';

const random = new Random(11);
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'span-store-'));
});
afterEach(() => rm(folder, { recursive: true }));

const pieces = (documents: readonly SpanDocument[]) =>
  documents.map(({ asset, bytes }) => ({ asset, pieces: [bytes] }));

/** Contributions of few different bytes, with copies of one another. */
function draw(count: number, size: number, firstAsset: number): SpanDocument[] {
  const documents: SpanDocument[] = [];
  for (let i = 0; i < count; i += 1) {
    const bytes = Uint8Array.from({ length: 1 + random.below(size) }, () => 97 + random.below(3));
    const other = documents[random.below(count)];
    if (other !== undefined) bytes.set(other.bytes.subarray(0, bytes.length >> 1));
    documents.push({ asset: firstAsset + 4 * i, bytes });
  }
  return documents;
}

/** The store must answer as an index does that was made of these contributions alone. */
function expectAsIf(store: SpanStore, documents: readonly SpanDocument[]): void {
  const index = buildSpanIndex(documents);
  for (let round = 0; round < 5; round += 1) {
    const output = Uint8Array.from({ length: 60 }, () => 97 + random.below(3));
    const { bytes } = documents[random.below(documents.length)] ?? { bytes: new Uint8Array() };
    output.set(bytes.subarray(0, 30), 10);
    const limits = { minLen: 2 + random.below(6), maxLen: 20 };
    expect(store.longestMatches(output, limits)).toEqual(longestMatches(index, output, limits));
    for (const options of [{ minLen: limits.minLen }, { minLen: 2, maxCount: 3 }]) {
      expect(store.maximalSpans(output, options)).toEqual(maximalSpans(index, output, options));
    }
  }
}

describe('a span store', () => {
  it('answers as one index of what it holds, through additions, removals, merges and reopening', async () => {
    let store = await openSpanStore(folder);
    let present: SpanDocument[] = [];
    for (let step = 0; step < 40; step += 1) {
      const choice = random.below(4);
      if (choice < 2) {
        const added = draw(1 + random.below(3), 80, 1000 * step + 4);
        await store.append(pieces(added));
        present.push(...added);
      } else if (choice === 2) {
        const gone = present.filter(() => random.below(3) === 0).map(({ asset }) => asset);
        await store.remove([...gone, 999_999]);
        present = present.filter(({ asset }) => !gone.includes(asset));
      } else {
        await store.compact();
      }
      if (random.below(3) === 0) store = await openSpanStore(folder);
      expectAsIf(store, present);
    }
  });

  it('keeps few shards, and no text of what was removed, once it is compacted', async () => {
    const store = await openSpanStore(folder);
    for (let i = 0; i < 16; i += 1) await store.append(pieces(draw(1, 8, 100 * i + 4)));
    expect(store.shards.length).toBe(16);
    expect(await store.compact()).toBe(true);
    expect(store.shards.length).toBeLessThan(8);
    const secret = new TextEncoder().encode('a secret that must go');
    await store.append([{ asset: 5, pieces: [secret] }]);
    await store.remove([5]);
    await store.compact();
    expect(
      store.shards.some(({ text }) => Buffer.from(text).includes(Buffer.from(secret.map((b) => b + 1)))),
    ).toBe(false);
    expect(await store.compact()).toBe(false);
    expect((await readdir(folder)).length).toBe(store.shards.length + 1);
  });

  it('keeps a removal that is made while a merge is under way', async () => {
    const store = await openSpanStore(folder);
    // Enough to be sorted in a thread.
    const documents = Array.from({ length: 4 }, (_, i) => ({
      asset: 100 * i + 4,
      bytes: Uint8Array.from({ length: 20_000 }, () => 97 + random.below(3)),
    }));
    for (const document of documents) await store.append(pieces([document]));
    const merging = store.compact();
    await store.remove([documents[1].asset]);
    await merging;
    const present = documents.filter((_, i) => i !== 1);
    expectAsIf(store, present);
    expectAsIf(await openSpanStore(folder), present);
  });

  it('refuses a contribution twice, another vocabulary, and a damaged manifest; a removed one may come back', async () => {
    const store = await openSpanStore(folder);
    const documents = draw(1, 50, 4);
    await store.append(pieces(documents));
    await expect(store.append(pieces(documents))).rejects.toThrow(/Remove it first/);
    await store.remove([4]);
    await store.append(pieces(documents));
    expectAsIf(store, documents);
    expectAsIf(await openSpanStore(folder), documents);
    await expect(openSpanStore(folder, 300)).rejects.toThrow(/of 256 tokens, not 300/);
    await writeFile(join(folder, 'index.json'), '{"type":"span-store"');
    await expect(openSpanStore(folder)).rejects.toThrow(/damaged/);
  });

  it('deletes what a crash left behind, and nothing else', async () => {
    const store = await openSpanStore(folder);
    await store.append(pieces(draw(1, 50, 4)));
    await writeFile(join(folder, '7.spans'), 'left');
    await writeFile(join(folder, '8.spans.123.tmp'), 'left');
    await writeFile(join(folder, 'notes.txt'), 'mine');
    await openSpanStore(folder);
    expect((await readdir(folder)).sort()).toEqual(['0.spans', 'index.json', 'notes.txt']);
  });

  it('holds tokens in pieces that no match leaves, in 16 and in 32 bits alike', async () => {
    const documents = Array.from({ length: 6 }, (_, i) => ({
      asset: 4 * i + 4,
      pieces: Array.from({ length: 3 }, () => Array.from({ length: 30 }, () => random.below(4) * 10_000)),
    }));
    const narrow = buildTokenIndex(documents, 50_000);
    const wide = buildTokenIndex(documents, 100_000);
    expect([narrow.text.BYTES_PER_ELEMENT, wide.text.BYTES_PER_ELEMENT]).toEqual([2, 4]);
    const store = await openSpanStore(folder, 100_000);
    for (const document of documents) await store.append([document]);
    const output = documents.flatMap((document) => document.pieces[0].slice(5, 25));
    const limits = { minLen: 3, maxLen: 15 };
    const matches = longestMatches(narrow, output, limits);
    expect(matches.length).toBe(6);
    for (const { asset, outOff, srcOff, len } of matches) {
      const flat = documents.find((one) => one.asset === asset)!.pieces.flatMap((piece) => [...piece, -1]);
      expect(flat.slice(srcOff, srcOff + len)).toEqual(output.slice(outOff, outOff + len));
    }
    expect(longestMatches(wide, output, limits)).toEqual(matches);
    expect(store.longestMatches(output, limits)).toEqual(matches);
    expect(store.maximalSpans(output, { minLen: 3 })).toEqual(maximalSpans(narrow, output, { minLen: 3 }));
  });
});
