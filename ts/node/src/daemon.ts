import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeAdapter } from '@openledger/engine/adapter/peft';
import { createGenerator } from '@openledger/engine/generation/generator';
import { buildInfluence } from '@openledger/engine/influence/build';
import { type BaseModel, loadBase } from '@openledger/engine/model/base';
import {
  createBaseEmbedder,
  createFolderEmbedder,
  type Embedder,
} from '@openledger/engine/retrieval/embedder';
import { trainAdapter } from '@openledger/engine/training/run';
import type { Hono } from 'hono';
import type { Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { agentRoutes } from './a2a/routes.ts';
import { createAttributionQueue } from './attribution/queue.ts';
import { cached } from './chain/cached.ts';
import { type Chain, openChain, walletOn } from './chain/chain.ts';
import { createChannelReader, readChannel } from './chain/channels.ts';
import { readContributions } from './chain/contributions.ts';
import { readDatanets } from './chain/datanets.ts';
import { readPermission } from './chain/permissions.ts';
import { withRpc } from './chain/retry.ts';
import { createSettlementReader } from './chain/settlement-reader.ts';
import { createSettlementState } from './chain/settlement-state.ts';
import type { Config, Role } from './config.ts';
import { describe, NodeError } from './errors.ts';
import { adapterRoutes } from './gateway/adapter-routes.ts';
import { createApp } from './gateway/app.ts';
import { createCalls } from './gateway/calls.ts';
import { channelRoutes } from './gateway/channel-routes.ts';
import { chatRoutes } from './gateway/chat-routes.ts';
import { embeddingRoutes } from './gateway/embedding-routes.ts';
import { healthRoutes } from './gateway/health-routes.ts';
import { modelRoutes } from './gateway/model-routes.ts';
import { proofRoutes } from './gateway/proof-routes.ts';
import { receiptRoutes } from './gateway/receipt-routes.ts';
import { assertPortFree, listen, type RunningServer } from './gateway/serve.ts';
import { storeRoutes } from './gateway/store-routes.ts';
import { lockHome } from './home-lock.ts';
import { joinNetwork } from './identity/agent.ts';
import { createNodeSigner } from './identity/signer.ts';
import { createKeyLock } from './ledger/key-lock.ts';
import { openLedger } from './ledger/ledger.ts';
import type { Log } from './log.ts';
import { startLoop } from './loop.ts';
import { mcpRoutes } from './mcp/server.ts';
import { createCatalog } from './models/catalog.ts';
import { connectCluster } from './models/cluster-engine.ts';
import { createEmbeddingEngine } from './models/embedding-engine.ts';
import { createEvidenceEngine } from './models/evidence-engine.ts';
import { createSpanIndexes } from './models/span-indexes.ts';
import { createEmbeddedEngine, createTextEngine } from './models/text-engine.ts';
import type { ModelCatalog, ServeEngine } from './models/types.ts';
import { listPayouts } from './prover/payouts.ts';
import { createProver } from './prover/prover.ts';
import { proverRoutes } from './prover/routes.ts';
import { createRetriever } from './retrieval/retriever.ts';
import { openFolderStore } from './store/folder-store.ts';
import { httpStore } from './store/http-store.ts';
import { layeredStore } from './store/layered-store.ts';
import type { BlobStore } from './store/types.ts';
import { createTelemetry, type Telemetry, type TelemetrySources } from './telemetry.ts';
import { trainerRoutes } from './trainer/routes.ts';
import { createTrainer } from './trainer/trainer.ts';
import { createWatcher } from './watcher/watcher.ts';
import { type Ask, createAsk } from './x402/ask.ts';
import { paymentRoutes } from './x402/http.ts';
import { openInbox } from './x402/inbox.ts';
import { createPayments } from './x402/payments.ts';

/** How long answers under way may take when the node stops. */
const DRAIN_MS = 4_000;

export type Daemon = {
  /** Where the HTTP interface is; undefined for a watcher alone. */
  url: string | undefined;
  nodeId: number | undefined;
  close(): Promise<void>;
};

/** What all roles share. `onClose` runs in reverse order. */
type Context = {
  config: Config;
  log: Log;
  chain: Chain;
  store: BlobStore;
  catalog: ModelCatalog;
  base: () => Promise<BaseModel>;
  routes: Hono[];
  telemetry: Telemetry;
  /** What the telemetry reads, added by the roles that have it. */
  sources: TelemetrySources;
  onClose: (() => Promise<unknown>)[];
};

/** Starts the roles that the configuration names, all in this process. */
export async function startDaemon(config: Config, log: Log, signal?: AbortSignal): Promise<Daemon> {
  const onClose: Context['onClose'] = [];
  const close = async () => {
    for (const step of onClose.splice(0).toReversed()) {
      await step().catch((error: unknown) => log.error({ error: describe(error) }, 'closing failed'));
    }
  };
  try {
    const serves = config.roles.some((role) => role !== 'watcher');
    if (serves) await assertPortFree(config.host, config.port);
    const lock = await lockHome(config.home);
    onClose.push(lock.release);
    const { rpc, deployment } = config;
    const chain = await openChain({ rpc, deployment, log, signal });
    const folder = await openFolderStore({
      folder: join(config.home, 'store'),
      maxBytes: config.storeMaxBytes,
    });
    const remotes = config.storeUrls.map((url) => httpStore({ url, maxBytes: config.storeMaxBytes }));
    const store = layeredStore(folder, remotes);
    const catalog = createCatalog({ chain, store, log, capacity: config.adapters });
    const base = once(() => loadBase(config.base));
    const sources: TelemetrySources = {};
    const telemetry = createTelemetry(sources);
    const context: Context = {
      ...{ config, log, chain, store, catalog, base, telemetry, sources, onClose },
      routes: [],
    };
    const has = (role: Role) => config.roles.includes(role);

    const nodeId = has('gateway') || has('prover') ? await startNode(context, signal) : undefined;
    if (has('trainer')) await startTrainer(context);
    if (has('watcher')) startWatcher(context);
    let server: RunningServer | undefined;
    if (serves) {
      // Other people's content is read from this node's own disk only, so that a request cannot make it fetch.
      const routes = [
        healthRoutes({ chain, roles: config.roles, nodeId, telemetry }),
        storeRoutes(folder, config.storeMaxBytes),
        ...context.routes,
      ];
      server = await listen(
        createApp({ log, routes, loopback: isLoopback(config.host) }),
        config.host,
        config.port,
      );
      onClose.push(server.close);
    }
    log.info({ roles: config.roles, url: server?.url, nodeId, chainId: chain.viemChain.id }, 'ready');
    return { url: server?.url, nodeId, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Gateway and prover: they share the journal and the node's key. */
async function startNode(context: Context, signal: AbortSignal | undefined): Promise<number> {
  const { config, log, chain, store, catalog, routes, telemetry, sources, onClose } = context;
  if (config.nodeKey === undefined) throw new Error('The configuration was checked to have a node key.');
  const account = privateKeyToAccount(config.nodeKey);
  const wallet = walletOn(chain, account);
  const nodeId = await withRpc({ log, what: 'joining the network', signal }, () =>
    joinNetwork({ chain, wallet, log, stake: config.stake, uri: registrationUrl(config) }),
  );
  const ledger = await openLedger(join(config.home, 'node.journal'));
  onClose.push(ledger.close);
  if (ledger.tornTail !== undefined) {
    log.warn(
      ledger.tornTail,
      'the journal ended in an unfinished write, which was cut off; nothing acknowledged is lost',
    );
  }
  const signer = createNodeSigner(account, nodeId, chain.settlement);
  const locks = createKeyLock();
  const reader = createSettlementReader(chain);
  const state = createSettlementState(chain);
  const now = () => Math.floor(Date.now() / 1000);
  const base = await context.base();
  const direct = (channelId: Hex) => readChannel(chain, channelId);

  const evidence = createEvidenceEngine(base, createSpanIndexes(join(config.home, 'spans'), log));
  onClose.push(evidence.close);
  const attributions = createAttributionQueue({ ledger, catalog, engine: evidence, signer, log, now });
  onClose.push(attributions.close);
  sources.unattributed = () => ledger.unattributed.size;
  const contributions = cached(() => readContributions(chain), 2_000);
  const receipts = { nodeId, ledger, reader, state, contributions };
  routes.push(receiptRoutes(receipts), proofRoutes({ ...receipts, chain, store }));

  let ask: Ask | undefined;
  if (config.roles.includes('gateway')) {
    const engine = createTextEngine(base, await openServeEngine(context, base));
    sources.engine = engine.status;
    const recent = createChannelReader(chain);
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
    const retriever = createRetriever({ folder, store, contributions, embedder });
    const onReceipt = () => attributions.wake();
    const calls = createCalls({
      ledger,
      locks,
      catalog,
      engine,
      signer,
      escrow: chain.escrow,
      readChannel: recent,
      retriever,
      embeddings: createEmbeddingEngine(base, baseEmbedder),
      now,
      onReceipt,
    });
    if (config.x402) {
      const inbox = await openInbox({ chain, wallet, nodeId, locks });
      const payments = createPayments({
        chain,
        inbox,
        account,
        nodeId,
        ledger,
        calls,
        readChannel: direct,
        now,
      });
      routes.push(paymentRoutes(payments, calls));
      ask = createAsk(payments, calls, nodeId);
    }
    const defaultModel = async () => {
      const served = (await catalog.list()).filter(({ isServed }) => isServed);
      return `ol-${(served.findLast(({ kind }) => kind === 'adapter') ?? served[0])?.id ?? 1}`;
    };
    routes.push(agentRoutes({ chain, nodeId, ask, defaultModel }));
    routes.push(
      chatRoutes({ calls, engine, nodeId, telemetry, log }),
      embeddingRoutes({ calls, nodeId, telemetry, log }),
      channelRoutes({ calls, ledger, readChannel: direct }),
      modelRoutes(catalog, engine),
      adapterRoutes({ catalog, engine, operatorToken: config.operatorToken }),
    );
  }
  if (config.roles.includes('prover')) {
    const prover = createProver({
      chain,
      wallet,
      nodeId,
      ledger,
      locks,
      reader,
      state,
      store,
      attributions,
      readChannel: direct,
      log,
      now,
    });
    const { operatorToken } = config;
    routes.push(proverRoutes({ chain, nodeId, reader, state, store, catalog, prover, operatorToken }));
    if (config.settleEvery > 0) {
      const task = async () => {
        await prover.settle();
        await prover.flush();
      };
      const loop = startLoop({ name: 'settling', everyMs: config.settleEvery * 1000, log, task });
      onClose.push(loop.stop);
    }
  }
  const payouts = config.roles.includes('prover')
    ? (asset: number | undefined) => listPayouts({ chain, nodeId, reader, state, store, catalog }, asset)
    : undefined;
  const datanets = cached(() => readDatanets(chain), 2_000);
  routes.push(mcpRoutes({ nodeId, ledger, reader, state, contributions, datanets, ask, payouts }));
  return nodeId;
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
  const generator = createGenerator(base);
  onClose.push(() => generator.close());
  // Answers under way are finished before the worker goes.
  onClose.push(() => Promise.race([generator.drain(), delay(DRAIN_MS, undefined, { ref: false })]));
  return createEmbeddedEngine(base, generator, config.adapterMemory * 2 ** 20);
}

async function startTrainer(context: Context): Promise<void> {
  const { config, log, chain, store, catalog, base } = context;
  const trainer = await createTrainer({
    folder: join(config.home, 'jobs'),
    store,
    catalog,
    contributions: () => readContributions(chain),
    permission: (datanet, trainer) => readPermission(chain, datanet, trainer),
    engine: { base, train: trainAdapter, buildInfluence, encodeAdapter },
    log,
    now: () => Math.floor(Date.now() / 1000),
  });
  context.routes.push(trainerRoutes(trainer));
  context.onClose.push(trainer.close);
}

function startWatcher(context: Context): void {
  const { config, log, chain, store, catalog } = context;
  if (config.watcherKey === undefined)
    throw new Error('The configuration was checked to have a watcher key.');
  const watcher = createWatcher({
    chain,
    wallet: walletOn(chain, privateKeyToAccount(config.watcherKey)),
    reader: createSettlementReader(chain),
    state: createSettlementState(chain),
    catalog,
    store,
    log,
  });
  const loop = startLoop({ name: 'watching', everyMs: config.pollEvery * 1000, log, task: watcher.look });
  context.onClose.push(loop.stop);
}

/** Where the registry of agents says that this one introduces itself. */
function registrationUrl({ host, port }: Config): string {
  return `http://${host}:${port}/.well-known/agent-registration.json`;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** Runs `make` at the first call and gives everyone its result; a failure is tried again. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    if (made === undefined) {
      made = make().catch((error: unknown) => {
        made = undefined;
        throw new NodeError('model_unusable', describe(error), 'Check --base.', { cause: error });
      });
    }
    return made;
  };
}
