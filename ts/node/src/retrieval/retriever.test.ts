import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Embedder } from '@openledger/engine/retrieval/embedder';
import { contributionAsset } from '@openledger/sdk/protocol/assets';
import { utf8, ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { contentTree, rowsTree, splitRows } from '@openledger/sdk/protocol/content';
import { storeUri } from '@openledger/sdk/protocol/store';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryStore } from '../../test/support/memory-store.ts';
import type { AcceptedContribution } from '../chain/contributions.ts';
import { createRetriever } from './retriever.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** Embeds a text by how often it has each vowel: enough to be the same for the same text. */
function vowelEmbedder(): Embedder & { texts: string[] } {
  const texts: string[] = [];
  return {
    id: 'vowels',
    dimensions: 5,
    texts,
    embed: async (text) => {
      texts.push(text);
      return Float32Array.from([...'aeiou'], (vowel) => text.split(vowel).length - 1);
    },
    close: async () => undefined,
  };
}

async function world() {
  const folder = await mkdtemp(join(tmpdir(), 'openledger-retrieval-'));
  folders.push(folder);
  const store = memoryStore();
  const accept = async (id: number, datanet: number, text: string): Promise<AcceptedContribution> => {
    const bytes = utf8(text);
    const rows = splitRows(bytes);
    return {
      id,
      asset: contributionAsset(id),
      datanet,
      contributor: `0x${'11'.repeat(20)}`,
      contentRoot: plainRoot(contentTree(bytes)),
      rowsRoot: plainRoot(rowsTree(rows)),
      byteLength: bytes.length,
      rowCount: rows.length,
      kind: 0,
      refersTo: 0,
      firstRow: 0,
      uri: storeUri(await store.put(bytes)),
      licence: 'CC0-1.0',
      version: ZERO_HASH,
    };
  };
  const accepted = [
    await accept(1, 1, 'The lamp burns whale oil.\n\nThe tower is blue.\n'),
    await accept(2, 2, 'Pears ripen late in the valley.\n'),
  ];
  const embedder = vowelEmbedder();
  const open = (others = accepted) =>
    createRetriever({
      folder,
      store,
      contributions: async () => others,
      embedder: async () => embedder,
    });
  return { folder, store, accepted, embedder, open };
}

describe('the retriever', () => {
  it('finds the row that answers, in the datanets that were named only', async () => {
    const { open } = await world();
    const [best] = await open().retrieve('what does the lamp burn: whale oil?', { datanets: [1, 2], k: 1 });
    expect(best).toMatchObject({ asset: 4, row: 0, text: 'The lamp burns whale oil.' });
    expect(best!.score).toBeGreaterThan(0n);
    const other = await open().retrieve('what does the lamp burn?', { datanets: [2], k: 5 });
    expect(other.map(({ asset }) => asset)).toEqual([8]);
  });

  it('keeps vectors over a restart, and makes them again when they are damaged', async () => {
    const { folder, embedder, open } = await world();
    const ask = async () => {
      const before = embedder.texts.length;
      await open().retrieve('lamp', { datanets: [1], k: 1 });
      return embedder.texts.length - before;
    };
    // Two rows and the question; then the question alone.
    expect(await ask()).toBe(3);
    expect(await ask()).toBe(1);
    const [file] = await readdir(folder);
    await writeFile(join(folder, file!), 'torn');
    expect(await ask()).toBe(3);
  });

  it('sees contributions that come and go', async () => {
    const { accepted, open } = await world();
    await expect(open([]).retrieve('lamp', { datanets: [1], k: 1 })).rejects.toThrow('no contribution');
    await expect(open(accepted).retrieve('lamp', { datanets: [7], k: 1 })).rejects.toThrow('no contribution');
  });

  it('does not index what is not what the chain says', async () => {
    const { accepted, open } = await world();
    const wrong = [{ ...accepted[0]!, rowsRoot: ZERO_HASH }];
    await expect(open(wrong).retrieve('lamp', { datanets: [1], k: 1 })).rejects.toThrow('rows root');
  });
});
