import { join } from 'node:path';
import { loadBase } from '@openledger/engine/model/base';
import { cached } from './chain/cached.ts';
import { openChain } from './chain/chain.ts';
import { readDatanets } from './chain/datanets.ts';
import type { Config, Role } from './config.ts';
import { describe } from './errors.ts';
import { createApp } from './gateway/app.ts';
import { callerOf } from './gateway/caller.ts';
import { healthRoutes } from './gateway/health-routes.ts';
import { assertPortFree, listen, type RunningServer } from './gateway/serve.ts';
import { storeRoutes } from './gateway/store-routes.ts';
import { lockHome } from './home-lock.ts';
import type { Log } from './log.ts';
import { mcpRoutes } from './mcp/server.ts';
import { createCatalog } from './models/catalog.ts';
import { type Context, once } from './roles/context.ts';
import { startGateway } from './roles/gateway.ts';
import { openIdentity } from './roles/identity.ts';
import { startProver } from './roles/prover.ts';
import { startTrainer } from './roles/trainer.ts';
import { startValidator } from './roles/validator.ts';
import { startWatcher } from './roles/watcher.ts';
import { openFolderStore } from './store/folder-store.ts';
import { httpStore } from './store/http-store.ts';
import { layeredStore } from './store/layered-store.ts';
import { createTelemetry, type TelemetrySources } from './telemetry.ts';

export type Daemon = {
  /** Where the HTTP interface is; undefined for a watcher alone. */
  url: string | undefined;
  nodeId: number | undefined;
  close(): Promise<void>;
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
      caller: (request) => callerOf(request, config.trustedProxies),
    };
    const has = (role: Role) => config.roles.includes(role);

    const nodeId = has('gateway') || has('prover') ? await startNode(context, signal) : undefined;
    if (has('trainer')) await startTrainer(context);
    if (has('watcher')) startWatcher(context);
    if (has('validator')) await startValidator(context, signal);
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

/** Gateway and prover, which share a key and a journal, and the tools that agents find beside them. */
async function startNode(context: Context, signal: AbortSignal | undefined): Promise<number> {
  const { config, chain, routes, caller } = context;
  const node = await openIdentity(context, signal);
  const ask = config.roles.includes('gateway') ? await startGateway(context, node) : undefined;
  const payouts = config.roles.includes('prover') ? await startProver(context, node) : undefined;
  const datanets = cached(() => readDatanets(chain), 2_000);
  const { nodeId, shown: ledger, reader, state, contributions } = node;
  routes.push(mcpRoutes({ nodeId, ledger, reader, state, contributions, datanets, ask, payouts, caller }));
  return nodeId;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
