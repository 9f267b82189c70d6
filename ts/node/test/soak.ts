// `npm run soak -- [--minutes 30] [--adapters 200] [--clients 16]`: paying clients that come at random, ask a random
// adapter over HTTP, and often hang up, while memory holds a quarter of the adapters. Each adapter has a canary: what it
// answers when it is alone. Ends with 1 when an answer was another adapter's, a receipt was lost, or memory grew.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Adapter, encodeAdapter } from '@openledger/engine/adapter/peft';
import { createGenerator } from '@openledger/engine/generation/generator';
import { loraLayout } from '@openledger/engine/llama/parameters';
import { loadBase } from '@openledger/engine/model/base';
import { Random } from '@openledger/engine/numeric/random';
import { InferenceError } from '@openledger/sdk/client/errors';
import { createInferenceClient, type InferenceClient } from '@openledger/sdk/client/inference-client';
import { ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { hashReceipt } from '@openledger/sdk/protocol/receipts';
import type { Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { NodeError } from '../src/errors.ts';
import { createApp } from '../src/gateway/app.ts';
import { createCalls } from '../src/gateway/calls.ts';
import { channelRoutes } from '../src/gateway/channel-routes.ts';
import { chatRoutes } from '../src/gateway/chat-routes.ts';
import { receiptRoutes } from '../src/gateway/receipt-routes.ts';
import { listen } from '../src/gateway/serve.ts';
import { createNodeSigner } from '../src/identity/signer.ts';
import { createKeyLock } from '../src/ledger/key-lock.ts';
import { openLedger } from '../src/ledger/ledger.ts';
import { createLog } from '../src/log.ts';
import { createEmbeddedEngine, createTextEngine } from '../src/models/text-engine.ts';
import type { ListedModel, ModelCatalog, VerifiedAdapter } from '../src/models/types.ts';
import { createTelemetry } from '../src/telemetry.ts';
import { consumer, escrow, prices, settlement } from './support/gateway.ts';

const number = { type: 'string' } as const;
const { values } = parseArgs({ options: { minutes: number, adapters: number, clients: number } });
const minutes = Number(values.minutes ?? 30);
const adapterCount = Number(values.adapters ?? 200);
const clientCount = Number(values.clients ?? 16);

const PROMPT = 'Who kept the light?';
const MAX_TOKENS = 24;
/** Milliseconds between the calls of a client, on average. */
const PAUSE_MS = 200;
const HANG_UPS = 0.2;
const NODE_ID = 7;
/** Memory settles before it is measured. */
const WARM_UP = 0.3;
const MAX_GROWTH = 0.05;

const base = await loadBase(join(import.meta.dirname, '../../models/base'));
const random = new Random(11);
const node = privateKeyToAccount(`0x${'01'.repeat(32)}`);

function canaryAdapter(seed: number): Adapter {
  const draws = new Random(seed);
  const rank = [2, 4, 8][seed % 3]!;
  const { size } = loraLayout(base.config, rank);
  const weights = new Float32Array(size).map(() => 0.3 * (draws.uniform() - 0.5));
  return { rank, alpha: 2 * rank, rankStabilised: false, weights };
}

const terms = {
  ...{
    parent: 1,
    royaltyBps: 0,
    scheme: 0,
    treeDepth: 0,
    sigmaCap: 0,
    runId: ZERO_HASH,
    basisHash: ZERO_HASH,
  },
  ...{ sketchRoot: ZERO_HASH, corpusRoot: ZERO_HASH, baselineRoot: ZERO_HASH, weightsHash: ZERO_HASH },
};
const about = { owner: node.address, uri: '', publishedAt: 0, isServed: true };
const baseModel: ListedModel = {
  ...about,
  ...{ id: 1, names: ['ol-1'], kind: 'base', terms: { ...terms, weightsHash: base.weightsHash } },
};
const adapters = Array.from({ length: adapterCount }, (_, index) => {
  const model: ListedModel = { ...about, id: 2 + index, names: [`ol-${2 + index}`], kind: 'adapter', terms };
  return { model, adapter: canaryAdapter(index), files: encodeAdapter(base.config, canaryAdapter(index)) };
});
const models = [baseModel, ...adapters.map(({ model }) => model)];
const catalog: ModelCatalog = {
  list: async () => models,
  find: async (name) => {
    const model = models.find(({ names }) => names.includes(name));
    if (model === undefined) throw new NodeError('model_not_found', `There is no ${name}.`, '');
    return model;
  },
  prices: async () => prices,
  verify: async (model) => {
    const { files } = adapters[model.id - 2]!;
    return { model, files } as unknown as VerifiedAdapter;
  },
};

/** What each adapter answers when nothing else is being answered. */
async function canaries(): Promise<string[]> {
  const generator = createGenerator(base);
  const texts: string[] = [];
  for (const { adapter } of adapters) {
    const loaded = generator.load(adapter);
    let text = '';
    const request = { messages: [{ role: 'user' as const, content: PROMPT }], maxTokens: MAX_TOKENS };
    for await (const token of generator.generate({ ...request, adapters: [{ adapter: loaded }] }))
      text += token.text;
    generator.unload(loaded);
    texts.push(text);
  }
  await generator.close();
  return texts;
}

const expected = await canaries();
console.log(`${adapterCount} adapters, ${new Set(expected).size} different canaries, ${clientCount} clients`);

const home = await mkdtemp(join(tmpdir(), 'openledger-soak-'));
const journal = join(home, 'node.journal');
const ledger = await openLedger(journal);
const generator = createGenerator(base);
const bytes = adapters.reduce((sum, { adapter }) => sum + 4 * adapter.weights.length, 0);
const engine = createTextEngine(base, createEmbeddedEngine(base, generator, bytes / 4));
const channel = { consumer: consumer.address, signer: consumer.address, nodeId: NODE_ID };
const funds = { epoch: 0, deposit: 10n ** 24n, settled: 0n, exitAt: 0, signerAt: 0 };
const readChannel = async () => ({ ...channel, ...funds });
const log = createLog('silent');
const calls = createCalls({
  ...{ ledger, locks: createKeyLock(), catalog, engine, escrow, readChannel },
  signer: createNodeSigner(node, NODE_ID, settlement),
  now: () => Math.floor(Date.now() / 1000),
});
const receiptDeps = {
  reader: { sync: async () => [], node: () => ({ nodeId: NODE_ID, batches: [], claims: [] }) } as never,
  ...{ nodeId: NODE_ID, ledger, state: {} as never, contributions: async () => [] },
};
const routes = [
  chatRoutes({ calls, engine, nodeId: NODE_ID, telemetry: createTelemetry(), log }),
  channelRoutes({ calls, ledger, readChannel }),
  receiptRoutes(receiptDeps),
];
const server = await listen(createApp({ log, routes }), '127.0.0.1', 0);

const counts = { answers: 0, hangUps: 0, wrong: 0, refused: 0, loads: 0 };
const clients = Array.from({ length: clientCount }, (_, index) => {
  const channelId: Hex = `0x${(index + 1).toString(16).padStart(64, '0')}`;
  const chain = {
    ...{
      escrow,
      settlement,
      channel: readChannel,
      wallet: async () => node.address,
      prices: async () => prices,
    },
  };
  return {
    channelId,
    client: createInferenceClient({ nodeUrl: server.url, channelId, account: consumer, chain }),
  };
});

async function visit(client: InferenceClient): Promise<void> {
  const chosen = Math.floor(random.uniform() * adapterCount);
  const hangUpAfter = random.uniform() < HANG_UPS ? Math.floor(random.uniform() * MAX_TOKENS) : undefined;
  const { model } = adapters[chosen]!;
  if (!engine.isResident(model.id)) counts.loads += 1;
  const abort = new AbortController();
  let text = '';
  let pieces = 0;
  try {
    const request = { model: model.names[0]!, max_tokens: MAX_TOKENS };
    const messages = [{ role: 'user' as const, content: PROMPT }];
    for await (const event of client.chat({ ...request, messages }, { signal: abort.signal })) {
      if (event.type !== 'text') continue;
      text += event.text;
      pieces += 1;
      if (pieces === hangUpAfter) abort.abort();
    }
    counts.answers += 1;
    if (text !== expected[chosen]) counts.wrong += 1;
  } catch (error) {
    if (error instanceof InferenceError && error.nodeCode === 'busy') counts.refused += 1;
    else if (!abort.signal.aborted) throw error;
    else counts.hangUps += 1;
    if (!expected[chosen]!.startsWith(text)) counts.wrong += 1;
  }
}

const started = Date.now();
const end = started + minutes * 60_000;
const memory: { at: number; rss: number }[] = [];
const sampler = setInterval(() => {
  // A leak is what a collection leaves.
  globalThis.gc?.();
  memory.push({ at: (Date.now() - started) / (end - started), rss: process.memoryUsage.rss() });
  const { rss } = memory.at(-1)!;
  if (memory.length % 12 === 0)
    console.log(JSON.stringify({ seconds: memory.length * 5, ...counts, rssMiB: rss >> 20 }));
}, 5_000);
await Promise.all(
  clients.map(async ({ client }) => {
    while (Date.now() < end) {
      await visit(client);
      await sleep(-Math.log(1 - random.uniform()) * PAUSE_MS);
    }
    // The last call may have been broken off: what it owes is found and paid.
    await sleep(1_000);
    await client.recover();
    await client.pay();
  }),
);
clearInterval(sampler);
await generator.drain();

const replayed = await openLedger(journal);
let lost = 0;
let unpaid = 0;
let receipts = 0;
for (const { channelId, client } of clients) {
  const own = (await client.record()).receipts.map(hashReceipt);
  const kept = await replayed.receipts(Infinity, channelId);
  const missing = await Promise.all(own.map((hash) => replayed.receipt(hash)));
  lost += missing.filter((entry) => entry === undefined).length;
  // The client keeps the running epoch; what was before it has its epochs' vouchers, or is unpaid.
  const { current, sealed } = replayed.channel(channelId)!;
  lost += Math.abs(own.length - (current?.receipts.length ?? 0));
  receipts += kept.length;
  const vouchers = [...sealed, ...(current === undefined ? [] : [current])].map(({ voucher }) => voucher);
  unpaid += vouchers.reduce((left, voucher) => left - (voucher?.receiptCount ?? 0), kept.length);
}
const settled = memory.filter(({ at }) => at > WARM_UP);
const half = Math.floor(settled.length / 2);
const middle = (list: typeof memory) =>
  list.map(({ rss }) => rss).toSorted((a, b) => a - b)[list.length >> 1]!;
const growth = half === 0 ? 0 : middle(settled.slice(half)) / middle(settled.slice(0, half)) - 1;
console.log(
  JSON.stringify({ minutes, ...counts, receipts, lost, unpaid, growth: Number(growth.toFixed(4)) }),
);
await server.close();
await generator.close();
await replayed.close();
await ledger.close();
await rm(home, { recursive: true, force: true });
const failed = counts.wrong > 0 || lost > 0 || unpaid > 0 || Math.abs(growth) > MAX_GROWTH;
console.log(failed ? 'FAILED' : 'passed');
process.exitCode = failed ? 1 : 0;
