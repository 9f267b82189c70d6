import { contributionAsset } from '@openledger/sdk/protocol/assets';
import { baselineTree } from '@openledger/sdk/protocol/baseline';
import { decodeBaseline, decodeCorpus, decodeSketches } from '@openledger/sdk/protocol/blobs';
import { fromUtf8, sameHex, ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { contentTree } from '@openledger/sdk/protocol/content';
import { corpusTree } from '@openledger/sdk/protocol/corpus';
import { sketchesTree } from '@openledger/sdk/protocol/sketch';
import { parseFolderManifest, parseStoreUri } from '@openledger/sdk/protocol/store';
import { plainRoot, sumRoot } from '@openledger/sdk/protocol/trees';
import type { Hex } from 'viem';
import { describe, NodeError } from '../errors.ts';
import type { BlobReader } from '../store/types.ts';
import { type ModelCard, modelCard } from './card.ts';
import type { ListedModel, VerifiedAdapter } from './types.ts';

/** Reads an adapter's model card. */
export async function readCard(store: BlobReader, uri: string): Promise<ModelCard> {
  return modelCard.parse(JSON.parse(fromUtf8(await store.get(parseStoreUri(uri)))));
}

/**
 * Fetches everything behind an adapter's commitments and rebuilds each of them. A node that served an adapter
 * with a wrong commitment would sign attributions that others can prove false, so it refuses here.
 */
export async function verifyAdapter(store: BlobReader, model: ListedModel): Promise<VerifiedAdapter> {
  try {
    return await rebuild(store, model);
  } catch (error) {
    if (error instanceof NodeError && error.code === 'model_unusable') throw error;
    throw new NodeError(
      'model_unusable',
      `Model ol-${model.id} cannot be loaded: ${describe(error)}`,
      'Its publisher must keep everything its card names in a content store that this node reads (--store-urls).',
      { cause: error },
    );
  }
}

async function rebuild(store: BlobReader, model: ListedModel): Promise<VerifiedAdapter> {
  const { terms } = model;
  const card = await readCard(store, model.uri);
  require(sameHex(card.adapter, terms.weightsHash), model, 'the adapter of the card', 'adapterHash');
  require(sameHex(card.runManifest, terms.runId), model, 'the run of the card', 'runId');
  require(card.parent === terms.parent, model, 'the parent of the card', 'parent');
  const files = await readFolder(store, card.adapter);
  const [sketches, corpus, baseline, basis] = [
    decodeSketches(await store.get(card.sketches)),
    decodeCorpus(await store.get(card.corpus)),
    decodeBaseline(await store.get(card.baseline)),
    await store.get(card.basis),
  ];
  const depth = terms.treeDepth;
  require(sameHex(
    plainRoot(sketchesTree(sketches, depth)),
    terms.sketchRoot,
  ), model, 'the sketches', 'sketchRoot');
  require(sameHex(plainRoot(corpusTree(corpus, depth)), terms.corpusRoot), model, 'the corpus', 'corpusRoot');
  require(sameHex(card.basis, terms.basisHash), model, 'the basis', 'basisHash');
  const baselineRoot = baseline.length === 0 ? ZERO_HASH : sumRoot(baselineTree(baseline, depth)).hash;
  require(sameHex(baselineRoot, terms.baselineRoot), model, 'the baseline', 'baselineRoot');
  const documents = await Promise.all(
    corpus.map(async (entry) => {
      const contribution = card.contributions.find(({ asset }) => asset === entry.asset);
      if (contribution === undefined) throw new Error(`the card does not say where asset ${entry.asset} is`);
      const bytes = await store.get(parseStoreUri(contribution.uri));
      const intact =
        bytes.length === entry.byteLength && sameHex(plainRoot(contentTree(bytes)), entry.contentRoot);
      require(intact, model, `the text of contribution ${entry.asset / 4}`, 'corpus entry');
      return { asset: entry.asset, bytes };
    }),
  );
  require(corpus.every(
    ({ asset }) => asset === contributionAsset(Math.floor(asset / 4)),
  ), model, 'an asset of the corpus', 'kind (contribution)');
  return { model, card, files, sketches, corpus, baseline, basis, documents };
}

/** The files of a folder in the store, by path. */
export async function readFolder(store: BlobReader, hash: Hex): Promise<Map<string, Uint8Array>> {
  const manifest = parseFolderManifest(await store.get(hash));
  const files = new Map<string, Uint8Array>();
  for (const file of manifest.files) {
    const bytes = await store.get(file.hash);
    if (bytes.length !== file.size)
      throw new Error(`${file.path} has ${bytes.length} bytes, not ${file.size}`);
    files.set(file.path, bytes);
  }
  return files;
}

function require(holds: boolean, model: ListedModel, what: string, commitment: string): void {
  if (holds) return;
  throw new NodeError(
    'model_unusable',
    `Model ol-${model.id} is not what the chain says: ${what} does not match its ${commitment}.`,
    'Do not use this model; tell its owner. A new version is a new token.',
  );
}
