import { join } from 'node:path';
import { decodeAdapter } from '@openledger/engine/adapter/peft';
import { openInfluence } from '@openledger/engine/influence/query';
import { loadBase } from '@openledger/engine/model/base';
import { longestMatches } from '@openledger/engine/spans/longest-matches';
import { buildSpanIndex } from '@openledger/engine/spans/span-index';
import { modelRegistryAbi } from '@openledger/sdk/abis';
import { decodeCorpus, decodeSketches } from '@openledger/sdk/protocol/blobs';
import { fromUtf8, sameHex } from '@openledger/sdk/protocol/bytes';
import { contentTree } from '@openledger/sdk/protocol/content';
import { corpusTree } from '@openledger/sdk/protocol/corpus';
import { MAX_SPAN, MIN_SPAN, type Span } from '@openledger/sdk/protocol/items';
import type { ModelTerms } from '@openledger/sdk/protocol/parameters';
import { type Sketch, sketchesTree } from '@openledger/sdk/protocol/sketch';
import { parseFolderManifest, parseStoreUri } from '@openledger/sdk/protocol/store';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import type { Hex } from 'viem';
import { root } from '../devnet/config.ts';
import { CliError } from '../error.ts';
import type { Check } from './check.ts';
import type { ReceiptSources } from './sources.ts';

type Message = { role: 'user' | 'assistant' | 'system'; content: string };
/** What an answer answers: a conversation, or a plain prompt. */
export type Asked = Message[] | string;

/** Everything behind an adapter's commitments, fetched by hash and checked against the chain. */
export type AdapterEvidence = {
  checks: Check[];
  sketches: Sketch[];
  /** The longest match of an output with each contribution. */
  spans: (output: Uint8Array) => (Span & { asset: number })[];
  /** `a_q` of an answer: one backward pass in the exact profile. */
  query: (asked: Asked, output: string) => Promise<Int8Array>;
  close: () => Promise<void>;
};

type Card = {
  adapter: Hex;
  sketches: Hex;
  corpus: Hex;
  basis: Hex;
  contributions: { asset: number; uri: string }[];
};

/** Loads adapters when they are first needed, and keeps them until it is closed. */
export type AdapterLoader = {
  load: (modelId: number, terms: ModelTerms) => Promise<AdapterEvidence>;
  close: () => Promise<void>;
};

/** A loader over the chain and the content store. */
export function createAdapterLoader(sources: ReceiptSources): AdapterLoader {
  const loaded = new Map<number, Promise<AdapterEvidence>>();
  return {
    load: (modelId, terms) => {
      const known = loaded.get(modelId) ?? loadAdapterEvidence(sources, modelId, terms);
      loaded.set(modelId, known);
      return known;
    },
    close: async () => {
      for (const one of loaded.values()) await (await one).close();
    },
  };
}

/** What an adapter committed to of its contributions: sketches and texts, checked against the chain. */
export type CommittedEvidence = Pick<AdapterEvidence, 'checks' | 'sketches' | 'spans'> & { card: Card };

/** Loads an adapter's card, sketches and corpus from the content store. */
export async function loadCommittedEvidence(
  sources: ReceiptSources,
  modelId: number,
  terms: ModelTerms,
): Promise<CommittedEvidence> {
  const card = JSON.parse(fromUtf8(await sources.blob(await cardOf(sources, modelId)))) as Card;
  const sketches = decodeSketches(await sources.blob(card.sketches));
  const corpus = decodeCorpus(await sources.blob(card.corpus));
  const checks: Check[] = [
    {
      name: 'the sketches are the committed ones',
      ok: sameHex(plainRoot(sketchesTree(sketches, terms.treeDepth)), terms.sketchRoot),
    },
    {
      name: 'the corpus is the committed one',
      ok: sameHex(plainRoot(corpusTree(corpus, terms.treeDepth)), terms.corpusRoot),
    },
    { name: 'the basis is the committed one', ok: sameHex(card.basis, terms.basisHash) },
    { name: 'the adapter is the committed one', ok: sameHex(card.adapter, terms.weightsHash) },
  ];
  const documents = await Promise.all(
    corpus.map(async ({ asset, contentRoot }) => {
      const uri = card.contributions.find((c) => c.asset === asset)?.uri;
      if (uri === undefined) throw new CliError(`The model card does not say where asset ${asset} is.`);
      const bytes = await sources.blob(parseStoreUri(uri));
      checks.push({
        name: `the text of asset ${asset} is the committed one`,
        ok: sameHex(plainRoot(contentTree(bytes)), contentRoot),
      });
      return { asset, bytes };
    }),
  );
  const index = buildSpanIndex(documents);
  const spans = (output: Uint8Array) => [
    ...longestMatches(index, output, { minLen: MIN_SPAN, maxLen: MAX_SPAN }),
  ];
  return { card, checks, sketches, spans };
}

/** As {@link loadCommittedEvidence}, and the weights, to compute query vectors with. */
async function loadAdapterEvidence(
  sources: ReceiptSources,
  modelId: number,
  terms: ModelTerms,
): Promise<AdapterEvidence> {
  const { card, ...committed } = await loadCommittedEvidence(sources, modelId, terms);
  const base = await loadBase(join(root, 'ts/models/base'));
  const { files } = parseFolderManifest(await sources.blob(card.adapter));
  const contents = await Promise.all(
    files.map(async ({ path, hash }) => [path, await sources.blob(hash)] as const),
  );
  const adapter = decodeAdapter(base.config, new Map(contents));
  const influence = await openInfluence({ base, adapter, basis: await sources.blob(card.basis) });
  return {
    ...committed,
    query: (asked, output) =>
      influence.query({
        promptTokens:
          typeof asked === 'string' ? base.tokenizer.encode(asked) : base.tokenizer.encodeChat(asked),
        answerTokens: [...base.tokenizer.encode(output), base.config.eosTokenIds[0]],
      }),
    close: () => influence.close(),
  };
}

async function cardOf(sources: ReceiptSources, modelId: number): Promise<Hex> {
  const logs = await sources.chain.getContractEvents({
    address: sources.book.contracts.ModelRegistry,
    abi: modelRegistryAbi,
    eventName: 'AdapterPublished',
    args: { modelId },
    fromBlock: BigInt(sources.book.startBlock),
    strict: true,
  });
  if (logs[0] === undefined) throw new CliError(`The chain has no adapter ${modelId}.`);
  return parseStoreUri(logs[0].args.terms.uri);
}
