import { longestMatches } from '@openledger/engine/spans/longest-matches';
import { buildSpanIndex, type SpanIndex } from '@openledger/engine/spans/span-index';
import { datanetRegistryAbi } from '@openledger/sdk/abis';
import { contributionAsset } from '@openledger/sdk/protocol/assets';
import { decodeCorpus, decodeSketches } from '@openledger/sdk/protocol/blobs';
import { type BytesLike, sameHex } from '@openledger/sdk/protocol/bytes';
import { decodeClaimData } from '@openledger/sdk/protocol/claim-data';
import { contentTree, rowsTree, splitRows } from '@openledger/sdk/protocol/content';
import { corpusTree } from '@openledger/sdk/protocol/corpus';
import { type ContributionInput, encodeContributionInput } from '@openledger/sdk/protocol/datanet';
import { ITEM_KIND, MAX_SPAN, MIN_SPAN } from '@openledger/sdk/protocol/items';
import type { CorpusContent, FraudContext, SubmittedContribution } from '@openledger/sdk/protocol/open-claim';
import { type ModelTerms, SCHEME } from '@openledger/sdk/protocol/parameters';
import { type Sketch, sketchesTree } from '@openledger/sdk/protocol/sketch';
import { parseStoreUri } from '@openledger/sdk/protocol/store';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { parseEventLogs, zeroHash } from 'viem';
import type { Chain } from '../chain/chain.ts';
import { describe } from '../errors.ts';
import type { Log } from '../log.ts';
import type { ModelCard } from '../models/card.ts';
import type { ModelCatalog } from '../models/types.ts';
import { readCard } from '../models/verify.ts';
import type { BlobReader } from '../store/types.ts';

/** What the evidence of a claim is checked against, as far as it is public. */
export type PublicEvidence = Pick<FraudContext, 'terms' | 'sketches' | 'corpus' | 'matches' | 'contribution'>;

export type PublicEvidenceDeps = {
  chain: Chain;
  catalog: Pick<ModelCatalog, 'list'>;
  store: BlobReader;
  log: Log;
};

/**
 * Fetches what a claim's evidence is checked against: sketches and contents of the models that it names, and the
 * contributions that it paid for retrieved rows. Models never change, so what was found once is kept.
 */
export function createPublicEvidence({ chain, catalog, store, log }: PublicEvidenceDeps) {
  const sketches = new Map<number, readonly Sketch[]>();
  const corpora = new Map<number, { contents: readonly CorpusContent[]; index: SpanIndex }>();
  const submitted = new Map<number, SubmittedContribution>();

  async function load(claimData: BytesLike): Promise<PublicEvidence> {
    const { models, assets } = namesIn(claimData);
    const list = await catalog.list();
    const terms = new Map<number, ModelTerms>();
    for (const id of models) {
      const model = list.find((one) => one.id === id);
      if (model === undefined) continue;
      terms.set(id, model.terms);
      await loadModel(id, model.terms, model.uri);
    }
    await loadContributions(assets);
    return {
      terms: (id) => terms.get(id),
      sketches: (id) => sketches.get(id),
      corpus: (id) => corpora.get(id)?.contents,
      matches: (id, output) => {
        const index = corpora.get(id)?.index;
        return index === undefined
          ? []
          : longestMatches(index, output, { minLen: MIN_SPAN, maxLen: MAX_SPAN });
      },
      contribution: (asset) => submitted.get(asset),
    };
  }

  async function loadModel(id: number, terms: ModelTerms, uri: string): Promise<void> {
    const needsSketches = terms.sketchRoot !== zeroHash && !sketches.has(id);
    const needsCorpus = (terms.scheme & SCHEME.span) !== 0 && !corpora.has(id);
    if (!needsSketches && !needsCorpus) return;
    const card = await attempt(id, 'card', () => readCard(store, uri));
    if (card === undefined) return;
    if (needsSketches) await attempt(id, 'sketches', () => loadSketches(id, terms, card));
    if (needsCorpus) await attempt(id, 'corpus', () => loadCorpus(id, terms, card));
  }

  async function attempt<T>(model: number, what: string, get: () => Promise<T>): Promise<T | undefined> {
    try {
      return await get();
    } catch (error) {
      const message = `WITHHELD: the ${what} of a model cannot be had; what claims say by it cannot be checked`;
      log.error({ model, error: describe(error) }, message);
      return undefined;
    }
  }

  async function loadSketches(id: number, terms: ModelTerms, card: ModelCard): Promise<void> {
    const decoded = decodeSketches(await store.get(card.sketches));
    if (!sameHex(plainRoot(sketchesTree(decoded, terms.treeDepth)), terms.sketchRoot)) {
      throw new Error('they do not lead to the committed sketchRoot');
    }
    sketches.set(id, decoded);
  }

  async function loadCorpus(id: number, terms: ModelTerms, card: ModelCard): Promise<void> {
    const entries = decodeCorpus(await store.get(card.corpus));
    if (!sameHex(plainRoot(corpusTree(entries, terms.treeDepth)), terms.corpusRoot)) {
      throw new Error('it does not lead to the committed corpusRoot');
    }
    const contents = await Promise.all(
      entries.map(async ({ asset, contentRoot }) => {
        const place = card.contributions.find((one) => one.asset === asset);
        if (place === undefined) throw new Error(`the card does not say where asset ${asset} is`);
        const bytes = await store.get(parseStoreUri(place.uri));
        if (!sameHex(plainRoot(contentTree(bytes)), contentRoot)) {
          throw new Error(`the text of asset ${asset} is not the one in the corpus`);
        }
        return { asset, bytes };
      }),
    );
    corpora.set(id, { contents, index: buildSpanIndex(contents) });
  }

  /** What was never submitted has an empty input: that is a finding, and not remembered. */
  async function loadContributions(assets: ReadonlySet<number>): Promise<void> {
    const missing = [...assets].filter((asset) => !submitted.get(asset)?.input.length);
    if (missing.length === 0) return;
    const inputs = await readInputs(chain);
    for (const asset of missing) {
      const input = inputs.get(asset);
      if (input === undefined) {
        submitted.set(asset, { input: new Uint8Array(0), rows: [] });
        continue;
      }
      try {
        const rows = splitRows(await store.get(parseStoreUri(input.uri)));
        if (!sameHex(plainRoot(rowsTree(rows)), input.rowsRoot)) throw new Error('its rows are other ones');
        submitted.set(asset, { input: encodeContributionInput(input), rows });
      } catch (error) {
        log.error({ asset, error: describe(error) }, 'WITHHELD: a contribution that was paid cannot be had');
      }
    }
  }

  return { load };
}

/** Everything that was ever submitted, by asset. */
async function readInputs(chain: Chain): Promise<Map<number, ContributionInput>> {
  const logs = await chain.client.getLogs({
    address: chain.contracts.DatanetRegistry,
    fromBlock: chain.startBlock,
  });
  const events = parseEventLogs({ abi: datanetRegistryAbi, logs, eventName: 'ContributionSubmitted' });
  return new Map(events.map(({ args }) => [contributionAsset(args.contributionId), args.input]));
}

/** The models that claimData names, and the assets that it pays for retrieved rows; none when it cannot be read. */
function namesIn(claimData: BytesLike): { models: Set<number>; assets: Set<number> } {
  try {
    const receipts = decodeClaimData(claimData);
    const retrieved = receipts.flatMap(({ items }) =>
      items.filter(({ kind }) => kind === ITEM_KIND.retrieval),
    );
    return {
      models: new Set(receipts.map(({ receipt }) => receipt.modelId)),
      assets: new Set(retrieved.map(({ asset }) => asset)),
    };
  } catch {
    return { models: new Set(), assets: new Set() };
  }
}
