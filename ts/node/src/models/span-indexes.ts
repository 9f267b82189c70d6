import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openSpanStore, type SpanStore } from '@openledger/engine/spans/span-store';
import { describe } from '../errors.ts';
import type { Log } from '../log.ts';
import { createLru } from './lru.ts';
import type { VerifiedAdapter } from './types.ts';

/** Indexes in memory at once. */
const IN_MEMORY = 16;

/** What of an adapter decides its index. */
export type IndexedCorpus = {
  readonly model: { readonly terms: Pick<VerifiedAdapter['model']['terms'], 'corpusRoot'> };
  readonly documents: VerifiedAdapter['documents'];
};

/**
 * Span indexes of adapters' corpora. Each is sorted once and kept in a folder named by its corpus root, so that a
 * node that starts again only reads it. A damaged one is built again from the corpus.
 */
export function createSpanIndexes(folder: string, log: Log) {
  const opened = createLru<string, Promise<SpanStore>>(IN_MEMORY);

  async function open({ model, documents }: IndexedCorpus): Promise<SpanStore> {
    const own = join(folder, model.terms.corpusRoot);
    let store: SpanStore;
    try {
      store = await openSpanStore(own);
    } catch (error) {
      log.warn({ folder: own, error: describe(error) }, 'a span index cannot be read; it is built again');
      await rm(own, { recursive: true, force: true });
      store = await openSpanStore(own);
    }
    if (store.shards.length === 0 && documents.length > 0) {
      await store.append(documents.map(({ asset, bytes }) => ({ asset, pieces: [bytes] })));
    }
    return store;
  }

  return {
    of(adapter: IndexedCorpus): Promise<SpanStore> {
      const key = adapter.model.terms.corpusRoot;
      const known = opened.get(key);
      if (known !== undefined) return known;
      const opening = open(adapter);
      opened.set(key, opening);
      opening.catch(() => opened.delete(key));
      return opening;
    },
  };
}
