import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createGenerator } from '@openledger/engine/generation/generator';
import type { BaseModel } from '@openledger/engine/model/base';
import {
  createBaseEmbedder,
  createFolderEmbedder,
  type Embedder,
} from '@openledger/engine/retrieval/embedder';
import { formatEther } from 'viem';
import { agentRoutes } from '../a2a/routes.ts';
import { createChannelReader } from '../chain/channels.ts';
import { openAllowance } from '../free/allowance.ts';
import { createSponsor } from '../free/sponsor.ts';
import { createFreeTier, type FreeTier } from '../free/tier.ts';
import { adapterRoutes } from '../gateway/adapter-routes.ts';
import { type Calls, createCalls } from '../gateway/calls.ts';
import { channelRoutes } from '../gateway/channel-routes.ts';
import { channellessRoutes } from '../gateway/channelless-routes.ts';
import { chatRoutes } from '../gateway/chat-routes.ts';
import { embeddingRoutes } from '../gateway/embedding-routes.ts';
import { modelRoutes } from '../gateway/model-routes.ts';
import { createPriceLimit } from '../gateway/price-limit.ts';
import { startLoop } from '../loop.ts';
import { connectCluster } from '../models/cluster-engine.ts';
import { createEmbeddingEngine } from '../models/embedding-engine.ts';
import { createEmbeddedEngine, createTextEngine } from '../models/text-engine.ts';
import type { ModelCatalog, ServeEngine } from '../models/types.ts';
import { createRetriever } from '../retrieval/retriever.ts';
import { type Ask, createAsk } from '../x402/ask.ts';
import { channelReader, createCaptures } from '../x402/captures.ts';
import { openInbox } from '../x402/inbox.ts';
import { createPayments, type Payments } from '../x402/payments.ts';
import { type Context, now, once } from './context.ts';
import type { NodeIdentity } from './identity.ts';

/** How long answers under way may take when the node stops. */
const DRAIN_MS = 4_000;

/** How often answered calls are looked for whose payment is on hold: a call is captured in the block after it or so. */
const CAPTURE_MS = 1_000;

/** Serves models for pay; how agents ask them, where x402 is on. */
export async function startGateway(context: Context, node: NodeIdentity): Promise<Ask | undefined> {
  const { config, log, chain, store, catalog, routes, telemetry, sources, onClose, caller } = context;
  const { nodeId, ledger, base, contributions, readChannel } = node;
  const engine = createTextEngine(base, await openServeEngine(context, base));
  sources.engine = engine.status;
  const opening = (open: () => Promise<Embedder>) =>
    once(async () => {
      const opened = await open();
      onClose.push(opened.close);
      return opened;
    });
  const baseEmbedder = opening(() => createBaseEmbedder(base));
  const { embedder: other } = config;
  const embedder = other === undefined ? baseEmbedder : opening(() => createFolderEmbedder(other));
  const folder = join(config.home, 'retrieval');
  const calls = createCalls({
    ...{ ledger, locks: node.locks, catalog, engine, signer: node.signer, escrow: chain.escrow },
    readChannel: createChannelReader(chain),
    retriever: createRetriever({ folder, store, contributions, embedder }),
    embeddings: createEmbeddingEngine(base, baseEmbedder),
    now,
    onReceipt: () => node.attributions.wake(),
  });
  const payments = await openPayments(context, node, calls);
  const prices = createPriceLimit({ perMinute: config.priceRequests, now: () => performance.now() });
  const ask = payments && createAsk({ payments, calls, prices, nodeId });
  const free = config.freeCalls > 0 ? await openFreeTier(context, node, calls) : undefined;
  routes.push(
    channellessRoutes({ calls, free, payments, prices, caller }),
    agentRoutes({ chain, nodeId, ask, defaultModel: () => defaultModel(catalog), caller }),
    chatRoutes({ calls, engine, nodeId, telemetry, log }),
    embeddingRoutes({ calls, nodeId, telemetry, log }),
    channelRoutes({ calls, ledger, readChannel }),
    modelRoutes({ catalog, engine, free: free && ((one) => free.view(caller(one))) }),
    adapterRoutes({ catalog, engine, operatorToken: config.operatorToken }),
  );
  return ask;
}

/** Calls without a channel, paid by x402. What was held earlier is captured even where no new call is paid so. */
async function openPayments(
  { config, chain, log, onClose }: Context,
  node: NodeIdentity,
  calls: Calls,
): Promise<Payments | undefined> {
  const { account, wallet, nodeId, ledger, locks, readChannel } = node;
  if (config.x402 === 'off' && ledger.holds().length === 0) return undefined;
  const inbox = await openInbox({ chain, wallet, nodeId, locks });
  const channelAt = channelReader(readChannel);
  const captures = createCaptures({ chain, inbox, ledger, isBusy: calls.isBusy, channelAt, log, now });
  onClose.push(startLoop({ name: 'capturing', everyMs: CAPTURE_MS, log, task: captures.run }).stop);
  if (config.x402 === 'off') return undefined;
  const isMetered = config.x402 === 'on';
  const ways = { chain, inbox, account, nodeId, ledger, calls, captures };
  return createPayments({ ...ways, isMetered, readChannel, now });
}

/** Calls without a channel, paid by the node itself. */
async function openFreeTier(
  { config, chain, log }: Context,
  node: NodeIdentity,
  calls: Calls,
): Promise<FreeTier> {
  const { account, wallet, nodeId, ledger, locks, readChannel } = node;
  const terms = { callsPerDay: config.freeCalls, totalPerDay: config.freeTotal, maxFee: config.freeFee };
  const allowance = await openAllowance({
    ...{ path: join(config.home, 'free-calls.json'), now },
    ...{ perCaller: terms.callsPerDay, total: terms.totalPerDay },
  });
  const { isBusy } = calls;
  const sponsor = createSponsor({ chain, wallet, nodeId, ledger, locks, isBusy, readChannel });
  const most = formatEther(terms.maxFee * BigInt(terms.totalPerDay));
  log.info(
    { ...terms, maxFee: formatEther(terms.maxFee), mostPerDay: most },
    'calls are free; this node pays for them',
  );
  return createFreeTier({ terms, allowance, sponsor, calls, account, escrow: chain.escrow, now });
}

/** For questions that name no model: the newest adapter that is served, or else a base. */
async function defaultModel(catalog: ModelCatalog): Promise<string> {
  const served = (await catalog.list()).filter(({ isServed }) => isServed);
  return `ol-${(served.findLast(({ kind }) => kind === 'adapter') ?? served[0])?.id ?? 1}`;
}

/** The engine that generates: in this process, or a cluster by URL. */
async function openServeEngine({ config, onClose }: Context, base: BaseModel): Promise<ServeEngine> {
  if (config.serveUrl !== undefined) {
    return connectCluster({
      base,
      kind: config.serveKind,
      url: config.serveUrl,
      apiKey: config.serveKey,
      model: config.serveModel,
      folder: config.serveFolder ?? join(config.home, 'adapters'),
      clusterFolder: config.serveClusterFolder,
    });
  }
  const { quantization } = config;
  const generator = createGenerator(base, quantization === 'none' ? {} : { quantization });
  onClose.push(() => generator.close());
  // Answers under way are finished before the worker goes.
  onClose.push(() => Promise.race([generator.drain(), delay(DRAIN_MS, undefined, { ref: false })]));
  return createEmbeddedEngine(base, generator, config.adapterMemory * 2 ** 20);
}
