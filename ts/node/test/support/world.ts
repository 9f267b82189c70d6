import { join } from 'node:path';
import { loadBase } from '@openledger/engine/model/base';
import {
  datanetRegistryAbi,
  inferenceEscrowAbi,
  modelRegistryAbi,
  trainingLogAbi,
} from '@openledger/sdk/abis';
import { type CallOptions, createInferenceClient } from '@openledger/sdk/client/inference-client';
import { keccak, utf8, ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { contentTree, rowsTree, splitRows } from '@openledger/sdk/protocol/content';
import { contributionCommitment } from '@openledger/sdk/protocol/datanet';
import { SCHEME } from '@openledger/sdk/protocol/parameters';
import { rowSketchesTree, SKETCH_LENGTH } from '@openledger/sdk/protocol/sketch';
import { canonicalBytes, storeUri } from '@openledger/sdk/protocol/store';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { channelId as channelIdOf, type SigningDomain } from '@openledger/sdk/protocol/vouchers';
import { type Hex, type LocalAccount, parseEther, toHex } from 'viem';
import type { TestChain } from '../../../../test/e2e/chain.ts';
import { type Chain, openChain, walletOn } from '../../src/chain/chain.ts';
import {
  type LoadedContribution,
  loadContribution,
  readContributions,
} from '../../src/chain/contributions.ts';
import { createLog } from '../../src/log.ts';
import type { BlobStore } from '../../src/store/types.ts';
import { type InfluenceResult, packageAdapter } from '../../src/trainer/package-adapter.ts';
import { randomFrom } from './random.ts';

const GWEI = 1_000_000_000n;
export const PRICES = {
  activation: 0n,
  baseFee: 2_000_000n * GWEI,
  inputPer1k: 50_000_000n * GWEI,
  outputPer1k: 200_000_000n * GWEI,
};

/** Sends a transaction and waits for it. */
export async function send(chain: Chain, account: LocalAccount, call: object): Promise<void> {
  const hash = await walletOn(chain, account).writeContract(call as never);
  const receipt = await chain.client.waitForTransactionReceipt({ hash });
  if (receipt.status !== 'success')
    throw new Error(`reverted: ${JSON.stringify(call, (_, v) => (typeof v === 'bigint' ? `${v}` : v))}`);
}

/** Connects to the test's chain. */
export function connect(devnet: TestChain): Promise<Chain> {
  return openChain({ rpc: devnet.rpc, deployment: devnet.deployment, log: createLog('silent') });
}

/** Makes an adapter that can be served, with its sketches, from contributions. */
export type Learn = (
  contributions: readonly LoadedContribution[],
) => Promise<{ adapterFiles: ReadonlyMap<string, Uint8Array>; influence: InfluenceResult }>;

/**
 * A datanet with accepted contributions, a base model and an adapter with made-up sketches: everything that settlement
 * needs, without training. `baseHash` is the weights hash of the registered base.
 */
export async function publishWorld(
  devnet: TestChain,
  chain: Chain,
  store: BlobStore,
  options: { baseHash?: Hex; texts?: string[]; learn?: Learn } = {},
) {
  const [curator, builder] = [devnet.account(1), devnet.account(11)];
  const datanets = { address: chain.contracts.DatanetRegistry, abi: datanetRegistryAbi } as const;
  const texts = options.texts ?? Array.from({ length: 4 }, (_, i) => madeUpText(i));
  const config = {
    name: 'Harbour',
    subject: 'Harbours and lighthouses',
    licences: ['CC-BY-4.0'],
    schema: 'chat',
    mediaType: 'text/plain',
    permissioned: false,
    contributionBond: 0n,
    pricePerRow: 0n,
    metadataURI: '',
    metadataHash: ZERO_HASH,
    curators: [curator.address],
  };
  await send(chain, curator, { ...datanets, functionName: 'createDatanet', args: [config] });
  for (const [index, text] of texts.entries()) {
    const contributor = devnet.account(2 + index);
    const bytes = utf8(text);
    const rows = splitRows(bytes);
    const contentRoot = plainRoot(contentTree(bytes));
    const rowsRoot = plainRoot(rowsTree(rows));
    const salt = keccak(utf8(`salt ${index}`));
    const commitment = contributionCommitment(contributor.address, contentRoot, rowsRoot, salt);
    await send(chain, contributor, { ...datanets, functionName: 'commit', args: [commitment] });
    const input = {
      datanetId: 1,
      contentRoot,
      byteLength: bytes.length,
      rowsRoot,
      rowCount: rows.length,
      kind: 0,
      refersTo: 0,
      firstRow: 0,
      licence: 'CC-BY-4.0',
      sourceHash: ZERO_HASH,
      uri: storeUri(await store.put(bytes)),
    };
    await send(chain, contributor, { ...datanets, functionName: 'submit', args: [index + 1, input, salt] });
    await send(chain, curator, { ...datanets, functionName: 'accept', args: [index + 1] });
  }

  const registry = { address: chain.contracts.ModelRegistry, abi: modelRegistryAbi } as const;
  const weightsHash = options.baseHash ?? keccak(utf8('base'));
  const base = { weightsHash, tokenizerHash: keccak(utf8('tokenizer')), licence: 'MIT', uri: '' };
  await send(chain, builder, { ...registry, functionName: 'registerBase', args: [base] });
  const contributions = await Promise.all(
    (await readContributions(chain)).map((one) => loadContribution(store, one)),
  );
  const { adapterFiles, influence } = await (options.learn ?? madeUp)(contributions);
  const manifest = { type: 'made up', weightsHash };
  const runId = keccak(canonicalBytes(manifest));
  const { publish } = await packageAdapter({
    store,
    name: 'harbour-guide',
    parent: 1,
    licence: 'CC-BY-4.0',
    runId,
    manifest,
    records: [],
    stepLog: '',
    adapterFiles,
    contributions,
    influence,
    metrics: {},
  });
  const log = { address: chain.contracts.TrainingLog, abi: trainingLogAbi } as const;
  await send(chain, builder, {
    ...log,
    functionName: 'openRun',
    args: [runId, keccak(utf8('inputs')), contributions.length, 1, [1], ''],
  });
  await send(chain, builder, {
    ...log,
    functionName: 'anchor',
    args: [runId, 1, keccak(utf8('steps')), keccak(utf8('checkpoint'))],
  });
  await send(chain, builder, { ...log, functionName: 'finish', args: [runId, publish.adapterHash] });
  await send(chain, builder, {
    ...registry,
    functionName: 'publishAdapter',
    args: [{ ...publish, royaltyBps: 1000 }, PRICES],
  });
  return {
    datanet: 1,
    base: 1,
    adapter: 2,
    assets: contributions.map(({ asset }) => asset),
    scheme: SCHEME.influence | SCHEME.span | SCHEME.retrieval,
    texts,
  };
}

/** Registers the shipped base model, for sale, as model 1. */
export async function registerBase(devnet: TestChain, chain: Chain): Promise<void> {
  const builder = devnet.account(11);
  const { weightsHash, tokenizerHash } = await loadBase(join(import.meta.dirname, '../../../models/base'));
  const registry = { address: chain.contracts.ModelRegistry, abi: modelRegistryAbi } as const;
  const terms = { weightsHash, tokenizerHash, licence: 'MIT', uri: '' };
  await send(chain, builder, { ...registry, functionName: 'registerBase', args: [terms] });
  await send(chain, builder, { ...registry, functionName: 'setPrices', args: [1, PRICES] });
}

/** Asks a node's model, or its base, these questions, each paid, over a new channel. */
export async function askModel(
  devnet: TestChain,
  chain: Chain,
  node: { url: string; id: number; model?: number },
  consumer: LocalAccount,
  questions: readonly string[],
  options: { isPublic?: boolean; retrieval?: CallOptions['retrieval'] } = {},
): Promise<void> {
  const { isPublic = false, retrieval } = options;
  const records = new Map();
  const client = createInferenceClient({
    nodeUrl: node.url,
    channelId: await openChannel(chain, consumer, node.id),
    account: consumer,
    chain: { client: chain.client as never, book: devnet.book },
    isPublic,
    store: {
      load: async (id: Hex) => records.get(id),
      save: async (record: { channelId: Hex }) => void records.set(record.channelId, record),
    },
  });
  for (const content of questions)
    await client.ask(
      { model: `ol-${node.model ?? 1}`, messages: [{ role: 'user', content }], max_tokens: 8 },
      { retrieval },
    );
}

/** Opens a channel of `consumer` with a node. */
export async function openChannel(
  chain: Chain,
  consumer: LocalAccount,
  nodeId: number,
  deposit = parseEther('50'),
): Promise<Hex> {
  const nonce = toHex(BigInt(Date.now()) * 1000n + BigInt(Math.floor(Math.random() * 1000)), { size: 32 });
  await send(chain, consumer, {
    address: chain.contracts.InferenceEscrow,
    abi: inferenceEscrowAbi,
    functionName: 'openChannel',
    args: [nodeId, consumer.address, nonce],
    value: deposit,
  });
  const escrow: SigningDomain = chain.escrow;
  return channelIdOf({
    chainId: escrow.chainId,
    escrow: escrow.verifyingContract,
    consumer: consumer.address,
    nodeId,
    nonce,
  });
}

const madeUp: Learn = async (contributions) => {
  const random = randomFrom(1);
  const vector = () => Int8Array.from({ length: SKETCH_LENGTH }, () => random(16) - 8);
  const rows = contributions.flatMap(({ asset, rows: list }) =>
    list.map(({ row }) => ({ asset, row, sigma: 1 + random(1 << 20), a: vector() })),
  );
  const influence = {
    basis: utf8('made up'),
    rows,
    contributions: contributions.map(({ asset }) => ({
      asset,
      sigma: 1 + random(1 << 22),
      a: vector(),
      rowsSketchRoot: plainRoot(rowSketchesTree(rows.filter((row) => row.asset === asset))),
    })),
    sigmaCap: 1 << 24,
  };
  return { adapterFiles: new Map([['adapter_config.json', utf8('{}')]]), influence };
};

function madeUpText(index: number): string {
  const row = (n: number) =>
    `What is told of house ${index} and light ${n}?\nThe keeper of light ${n} in house ${index} painted the tower ${['blue', 'red', 'white'][n % 3]} in the year ${1800 + 10 * index + n}, so that the ferries of the bay could tell it from the others.`;
  return `${[0, 1, 2, 3].map(row).join('\n\n')}\n`;
}
