import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@openledger/engine/files/atomic';
import type { Embedder } from '@openledger/engine/retrieval/embedder';
import { createRowIndex, type IndexedRow, type RowIndex } from '@openledger/engine/retrieval/row-index';
import { fromUtf8, keccak, utf8 } from '@openledger/sdk/protocol/bytes';
import type { CitedRow } from '@openledger/sdk/protocol/context';
import { type AcceptedContribution, loadContribution } from '../chain/contributions.ts';
import { NodeError } from '../errors.ts';
import type { BlobReader } from '../store/types.ts';

export type RetrieverDeps = {
  /** Where vectors are kept. Losing it costs time only: they are made again from the content store. */
  folder: string;
  store: BlobReader;
  /** All accepted contributions. */
  contributions(): Promise<AcceptedContribution[]>;
  /** Opened at the first question: it holds a model. */
  embedder(): Promise<Embedder>;
};

export type Retriever = {
  /** The rows of these datanets that fit a question best, the best first; at most `k`. */
  retrieve(question: string, options: { datanets: readonly number[]; k: number }): Promise<CitedRow[]>;
};

/** Retrieves rows of datanets. Every row is checked against the chain before it is indexed. */
export function createRetriever({ folder, store, contributions, embedder: open }: RetrieverDeps): Retriever {
  const rows = new Map<number, Promise<IndexedRow[]>>();
  let built: { key: string; index: Promise<RowIndex> } | undefined;

  async function indexOf(datanets: readonly number[]): Promise<RowIndex> {
    const embedder = await open();
    const chosen = (await contributions()).filter(({ datanet }) => datanets.includes(datanet));
    if (chosen.length === 0) {
      throw new NodeError(
        'bad_request',
        `The datanets ${datanets.join(', ')} have no contribution that can be retrieved from.`,
        'Name datanets with accepted contributions in openledger.retrieval.datanets.',
      );
    }
    const key = chosen.map(({ asset }) => asset).join();
    if (built?.key !== key) {
      const index = Promise.all(chosen.map((one) => rowsOf(one, embedder))).then((all) =>
        createRowIndex(all.flat(), embedder),
      );
      built = { key, index };
      index.catch(() => {
        built = undefined;
      });
    }
    return built.index;
  }

  function rowsOf(contribution: AcceptedContribution, embedder: Embedder): Promise<IndexedRow[]> {
    const known = rows.get(contribution.asset);
    if (known !== undefined) return known;
    const loading = load(contribution, embedder);
    rows.set(contribution.asset, loading);
    loading.catch(() => rows.delete(contribution.asset));
    return loading;
  }

  async function load(contribution: AcceptedContribution, embedder: Embedder): Promise<IndexedRow[]> {
    const { rows: list } = await loadContribution(store, contribution);
    const name = keccak(utf8(`${embedder.id} ${contribution.contentRoot}`));
    const file = join(folder, `${name}.vectors`);
    const kept = await readVectors(file, list.length * embedder.dimensions);
    const vectors =
      kept ??
      (await embedAll(
        embedder,
        list.map(({ bytes }) => fromUtf8(bytes)),
      ));
    if (kept === undefined) {
      await mkdir(folder, { recursive: true });
      const bytes = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
      await writeFileAtomic(file, bytes);
    }
    return list.map(({ row, bytes }, index) => {
      const start = index * embedder.dimensions;
      return {
        asset: contribution.asset,
        row,
        bytes,
        vector: vectors.subarray(start, start + embedder.dimensions),
      };
    });
  }

  return {
    async retrieve(question, { datanets, k }) {
      const found = await (await indexOf(datanets)).search(question, k);
      return found.map(({ asset, row, score, bytes }) => ({ asset, row, score, text: fromUtf8(bytes) }));
    },
  };
}

async function embedAll(embedder: Embedder, texts: readonly string[]): Promise<Float32Array> {
  const vectors = new Float32Array(texts.length * embedder.dimensions);
  for (const [index, text] of texts.entries()) {
    vectors.set(await embedder.embed(text), index * embedder.dimensions);
  }
  return vectors;
}

/** Vectors that were kept; undefined if there are none, or not as many as there must be. */
async function readVectors(file: string, length: number): Promise<Float32Array | undefined> {
  const bytes = await readFile(file).catch(() => undefined);
  if (bytes === undefined || bytes.length !== 4 * length) return undefined;
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}
