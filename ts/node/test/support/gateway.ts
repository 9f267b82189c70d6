import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { type SigningDomain, voucherTypedData } from '@openledger/sdk/protocol/vouchers';
import type { Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { NodeError } from '../../src/errors.ts';
import { adapterRoutes } from '../../src/gateway/adapter-routes.ts';
import { createApp } from '../../src/gateway/app.ts';
import { createCalls } from '../../src/gateway/calls.ts';
import { channelRoutes } from '../../src/gateway/channel-routes.ts';
import { chatRoutes } from '../../src/gateway/chat-routes.ts';
import { embeddingRoutes } from '../../src/gateway/embedding-routes.ts';
import { modelRoutes } from '../../src/gateway/model-routes.ts';
import { receiptRoutes } from '../../src/gateway/receipt-routes.ts';
import { createNodeSigner } from '../../src/identity/signer.ts';
import type { ChainChannel } from '../../src/ledger/channel.ts';
import type { StoredVoucher } from '../../src/ledger/entries.ts';
import { createKeyLock } from '../../src/ledger/key-lock.ts';
import { openLedger } from '../../src/ledger/ledger.ts';
import { createLog } from '../../src/log.ts';
import type {
  EmbeddingEngine,
  ListedModel,
  ModelCatalog,
  Prices,
  TextEngine,
} from '../../src/models/types.ts';
import type { Retriever } from '../../src/retrieval/retriever.ts';
import { createTelemetry } from '../../src/telemetry.ts';
import { checkAnswers } from './check-answers.ts';

const GWEI = 1_000_000_000n;
const node = privateKeyToAccount(`0x${'01'.repeat(32)}`);
export const consumer = privateKeyToAccount(`0x${'02'.repeat(32)}`);
export const channelId: Hex = `0x${'c1'.repeat(32)}`;
export const escrow: SigningDomain = { chainId: 31337, verifyingContract: `0x${'e5'.repeat(20)}` };
export const settlement: SigningDomain = { chainId: 31337, verifyingContract: `0x${'5e'.repeat(20)}` };
export const nodeAddress = node.address;

export const prices: Prices = {
  activation: 0n,
  baseFee: 1000n * GWEI,
  inputPer1k: 50_000n * GWEI,
  outputPer1k: 100_000n * GWEI,
};

const model: ListedModel = {
  id: 1,
  names: ['ol-1', 'base'],
  kind: 'base',
  owner: node.address,
  uri: '',
  publishedAt: 0,
  isServed: true,
  terms: {
    parent: 0,
    royaltyBps: 0,
    scheme: 0,
    treeDepth: 0,
    sigmaCap: 0,
    weightsHash: ZERO_HASH,
    runId: ZERO_HASH,
    sketchRoot: ZERO_HASH,
    corpusRoot: ZERO_HASH,
    baselineRoot: ZERO_HASH,
    basisHash: ZERO_HASH,
  },
};

const catalog: ModelCatalog = {
  list: async () => [model],
  find: async (name) => {
    if (model.names.includes(name)) return model;
    throw new NodeError('model_not_found', `There is no model "${name}".`, 'See GET /v1/models.');
  },
  prices: async () => prices,
  verify: () => Promise.reject(new Error('the test has no adapters')),
};

/** A text engine that says a fixed sentence, one token per word. For tests of what is around the model. */
export function fakeEngine(
  words: readonly string[],
  hooks: { beforeToken?(index: number, signal: AbortSignal): Promise<void> } = {},
): TextEngine {
  return {
    baseHash: ZERO_HASH,
    contextLength: 512,
    encodeChat: (messages) => messages.flatMap(({ content }) => content.split(' ').map((_, index) => index)),
    encodeText: (text) => text.split(' ').map((_, index) => index),
    tokenBytes: (token) => new TextEncoder().encode(words[token]),
    isResident: () => true,
    isPinned: () => false,
    setPinned: () => undefined,
    load: async () => undefined,
    unload: () => undefined,
    status: () => ({ active: 0, adapters: 0, adapterBytes: 0, coldStartMs: undefined }),
    async *generate({ maxTokens, logProbabilities, signal }) {
      for (const [index, text] of words.slice(0, maxTokens).entries()) {
        await hooks.beforeToken?.(index, signal);
        if (signal.aborted) return { finish: 'stop' };
        const top = [{ token: index, logProbability: -0.5 }].slice(0, logProbabilities);
        yield {
          tokenId: index,
          text,
          ...(logProbabilities === undefined ? {} : { logProbability: -0.5, top }),
        };
      }
      return { finish: maxTokens <= words.length ? 'length' : 'stop' };
    },
  };
}

/** A gateway with a real ledger and journal, a channel with 1 OPEN, and a fake text engine. */
export async function createTestGateway(
  engine: TextEngine = fakeEngine(['The ', 'lighthouse ', 'is ', 'blue ', '✓.']),
  options: { retriever?: Retriever; embeddings?: EmbeddingEngine } = {},
) {
  const home = await mkdtemp(join(tmpdir(), 'openledger-gateway-'));
  const path = join(home, 'node.journal');
  const ledger = await openLedger(path);
  const channel: ChainChannel = {
    consumer: consumer.address,
    signer: consumer.address,
    nodeId: 7,
    epoch: 0,
    deposit: 10n ** 18n,
    settled: 0n,
    exitAt: 0,
    signerAt: 0,
  };
  const readChannel = async (id: Hex): Promise<ChainChannel> => {
    if (id !== channelId) throw new NodeError('channel_unknown', `There is no channel ${id}.`, 'Open one.');
    return channel;
  };
  const log = createLog('silent');
  const telemetry = createTelemetry();
  const calls = createCalls({
    ledger,
    locks: createKeyLock(),
    catalog,
    engine,
    signer: createNodeSigner(node, 7, settlement),
    escrow,
    readChannel,
    retriever: options.retriever,
    embeddings: options.embeddings,
    now: () => 1_800_000_000,
  });
  const app = createApp({
    log,
    routes: [
      chatRoutes({ calls, engine, nodeId: 7, telemetry, log }),
      embeddingRoutes({ calls, nodeId: 7, telemetry, log }),
      modelRoutes({ catalog, engine }),
      adapterRoutes({ catalog, engine, operatorToken: 'the token of the operator' }),
      channelRoutes({ calls, ledger, readChannel }),
      receiptRoutes({
        nodeId: 7,
        ledger,
        reader: { sync: async () => [], node: () => ({ nodeId: 7, batches: [], claims: [] }) } as never,
        state: {} as never,
        contributions: async () => [],
      }),
    ],
  });
  const answers = checkAnswers(app);
  return {
    app,
    calls,
    channel,
    home,
    ledger,
    path,
    telemetry,
    close: async () => {
      await answers.settle();
      await ledger.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Signs a voucher as the consumer. Amounts may be the decimal strings of a JSON answer. */
export async function sign(
  voucher: { [Field in keyof Omit<StoredVoucher, 'signature'>]: StoredVoucher[Field] | string },
  account = consumer,
): Promise<StoredVoucher> {
  const exact = {
    ...voucher,
    settledFee: BigInt(voucher.settledFee),
    cumulativeFee: BigInt(voucher.cumulativeFee),
  } as Omit<StoredVoucher, 'signature'>;
  return { ...exact, signature: await account.signTypedData(voucherTypedData(escrow, exact)) };
}

/** A chat body on the test channel. */
export function chat(extra: Record<string, unknown> = {}, payment: Record<string, unknown> = {}) {
  return {
    model: 'ol-1',
    messages: [{ role: 'user', content: 'What colour is it?' }],
    ...extra,
    openledger: { channelId, salt: `0x${'5a'.repeat(32)}`, flags: ['PUBLIC'], ...payment },
  };
}
