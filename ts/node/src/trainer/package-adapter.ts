import type { Evaluation } from '@openledger/engine/training/evaluation';
import { baselineShares, baselineTree } from '@openledger/sdk/protocol/baseline';
import {
  encodeBaseline,
  encodeCorpus,
  encodeRowSketches,
  encodeSketches,
  type PlacedRowSketch,
} from '@openledger/sdk/protocol/blobs';
import { corpusTree } from '@openledger/sdk/protocol/corpus';
import { SCHEME } from '@openledger/sdk/protocol/parameters';
import { type Sketch, sketchesTree } from '@openledger/sdk/protocol/sketch';
import { canonicalBytes, folderManifest, hashSchema, storeUri } from '@openledger/sdk/protocol/store';
import type { StepRecord } from '@openledger/sdk/protocol/training';
import { plainRoot, sparseDepth, sumRoot } from '@openledger/sdk/protocol/trees';
import type { Hex } from 'viem';
import type { LoadedContribution } from '../chain/contributions.ts';
import type { ModelCard } from '../models/card.ts';
import type { BlobStore } from '../store/types.ts';
import type { JobResult } from './job.ts';

/** What the influence engine gives for an adapter. */
export type InfluenceResult = {
  basis: Uint8Array;
  rows: readonly PlacedRowSketch[];
  contributions: readonly Sketch[];
  sigmaCap: number;
};

export type PackageOptions = {
  store: BlobStore;
  name: string;
  parent: number;
  /** SPDX id. */
  licence: string;
  runId: Hex;
  manifest: unknown;
  records: readonly StepRecord[];
  stepLog: string;
  /** The PEFT folder's files. */
  adapterFiles: ReadonlyMap<string, Uint8Array>;
  contributions: readonly LoadedContribution[];
  influence: InfluenceResult;
  /** The report on the data. */
  dataset?: string | null;
  /** Measurements on rows that the run never trained on. */
  evaluations?: readonly Evaluation[];
  metrics: Record<string, number>;
};

/**
 * Stores everything behind an adapter's commitments, and says what to publish.
 * The baseline gives each contribution a part in proportion to its rows.
 */
export async function packageAdapter(options: PackageOptions): Promise<Omit<JobResult, 'anchors'>> {
  const { store, contributions, influence } = options;
  const treeDepth = sparseDepth(contributions.map(({ asset }) => asset));
  const sketches = influence.contributions;
  const corpus = contributions.map(({ asset, contentRoot, byteLength }) => ({
    asset,
    contentRoot,
    byteLength,
  }));
  const baseline = baselineShares(
    contributions.map(({ asset, rowCount }) => ({ asset, weight: BigInt(rowCount) })),
  );

  const card: ModelCard = {
    type: 'adapter',
    name: options.name,
    parent: options.parent,
    adapter: await putFolder(store, options.adapterFiles),
    runManifest: await store.put(canonicalBytes(options.manifest)),
    steps: await store.put(new TextEncoder().encode(options.stepLog)),
    sketches: await store.put(encodeSketches(sketches)),
    rows: await store.put(encodeRowSketches(influence.rows)),
    basis: await store.put(influence.basis),
    corpus: await store.put(encodeCorpus(corpus)),
    baseline: await store.put(encodeBaseline(baseline)),
    datanets: [...new Set(contributions.map(({ datanet }) => datanet))].toSorted((a, b) => a - b),
    contributions: contributions.map(({ asset, contentRoot, byteLength, uri, rowCount, datanet }) => ({
      asset,
      contentRoot,
      byteLength,
      uri,
      rowCount,
      datanet,
    })),
    dataset: hashSchema.nullable().parse(options.dataset ?? null),
    evaluations: [...(options.evaluations ?? [])],
    metrics: options.metrics,
  };
  if (card.runManifest !== options.runId) throw new Error('The run id is not the hash of the manifest.');
  const modelCard = await store.put(canonicalBytes(card));
  return {
    adapterHash: card.adapter,
    modelCard,
    metrics: options.metrics,
    publish: {
      parent: options.parent,
      adapterHash: card.adapter,
      runId: options.runId,
      scheme: SCHEME.influence | SCHEME.span,
      treeDepth,
      sigmaCap: influence.sigmaCap,
      sketchRoot: plainRoot(sketchesTree(sketches, treeDepth)),
      corpusRoot: plainRoot(corpusTree(corpus, treeDepth)),
      baselineRoot: sumRoot(baselineTree(baseline, treeDepth)).hash,
      basisHash: card.basis,
      datanets: card.datanets,
      licence: options.licence,
      uri: storeUri(modelCard),
    },
  };
}

/** Stores a folder's files and its manifest; the manifest's hash is the folder's. */
export async function putFolder(store: BlobStore, files: ReadonlyMap<string, Uint8Array>): Promise<Hex> {
  const listed = await Promise.all(
    [...files].map(async ([path, bytes]) => ({ path, hash: await store.put(bytes), size: bytes.length })),
  );
  return store.put(folderManifest(listed).bytes);
}
