import { mkdtemp, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { longestMatches } from '@openledger/engine/spans/longest-matches';
import { buildSpanIndex } from '@openledger/engine/spans/span-index';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../log.ts';
import { createSpanIndexes, type IndexedCorpus } from './span-indexes.ts';

const log = createLog('silent');
const text = (words: string) => new TextEncoder().encode(words.repeat(4));
const documents = [
  { asset: 4, bytes: text('The ferry to Aldmoor leaves at noon from the second pier. ') },
  { asset: 8, bytes: text('Rain over the hills of Tarn is heaviest in late October. ') },
];
const corpus: IndexedCorpus = { model: { terms: { corpusRoot: `0x${'ab'.repeat(32)}` } }, documents };
const output = new TextEncoder().encode(
  'I know that rain over the hills of Tarn is heaviest in late October. Rain over the hills of Tarn is heaviest in late',
);

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'openledger-spans-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const shardOf = async () => {
  const folder = join(home, corpus.model.terms.corpusRoot);
  const name = (await readdir(folder)).find((file) => file.endsWith('.spans'))!;
  return join(folder, name);
};
const found = async () => (await createSpanIndexes(home, log).of(corpus)).longestMatches(output);

describe('the span index of an adapter', () => {
  it('finds what an index in memory finds', async () => {
    const expected = longestMatches(buildSpanIndex(documents), output);
    expect(expected.map(({ asset }) => asset)).toEqual([8]);
    expect(await found()).toEqual(expected);
  });

  it('is sorted once and read from then on', async () => {
    const first = await found();
    const { mtimeMs, ino } = await stat(await shardOf());
    expect(await found()).toEqual(first);
    expect(await stat(await shardOf())).toMatchObject({ mtimeMs, ino });
  });

  it('is built again when its file is damaged', async () => {
    const first = await found();
    const before = await readFile(await shardOf());
    await truncate(await shardOf(), before.length - 5);
    expect(await found()).toEqual(first);
    expect(await readFile(await shardOf())).toEqual(before);
  });

  it('is opened once for answers that come together', async () => {
    const indexes = createSpanIndexes(home, log);
    expect(indexes.of(corpus)).toBe(indexes.of(corpus));
    await indexes.of(corpus);
  });

  it('of an empty corpus finds nothing', async () => {
    const empty = await createSpanIndexes(home, log).of({ ...corpus, documents: [] });
    expect(empty.longestMatches(output)).toEqual([]);
  });
});
