import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../error.ts';
import { CHAIN_ID, type DevnetConfig, findProgram, root } from './config.ts';
import { rpc } from './rpc.ts';
import { answers, ensureService, runningPid, type Service, stopService } from './service.ts';

/** The devnet's background programs, in the order in which they start; they stop in the reverse order. */
export const SERVICES = ['chain', 'indexer', 'node', 'watcher', 'studio'] as const;
export type ServiceName = (typeof SERVICES)[number];

const TYPESCRIPT = process.execPath;

/** The chain: anvil under its keeper, which saves the state. */
export function chainService(config: DevnetConfig): Service {
  return {
    name: 'chain',
    command: TYPESCRIPT,
    args: [join(root, 'ts/cli/src/devnet/chain-keeper.ts')],
    env: environment(config),
    ready: async () => {
      const id = await rpc<string>(config.urls.rpc, 'eth_chainId', []).catch(() => undefined);
      if (id === undefined) return false;
      if (Number(id) === CHAIN_ID) return true;
      throw new CliError(
        `Port ${config.ports.rpc} serves chain ${Number(id)}, not ${CHAIN_ID}. Stop that program, or choose another port with OPENLEDGER_RPC_PORT.`,
      );
    },
    timeoutMs: 20_000,
  };
}

/** Whether the address book exists and its contracts are on this chain. */
export async function isDeployed(config: DevnetConfig): Promise<boolean> {
  if (!existsSync(config.deployment)) return false;
  const book = JSON.parse(readFileSync(config.deployment, 'utf8')) as { contracts: Record<string, string> };
  const settlement = book.contracts.AttributionSettlement;
  if (settlement === undefined) return false;
  return (await rpc<string>(config.urls.rpc, 'eth_getCode', [settlement, 'latest'])) !== '0x';
}

/** What every program of the devnet finds in its environment. */
export function environment(config: DevnetConfig): Record<string, string> {
  return {
    OPENLEDGER_HOME: config.home,
    OPENLEDGER_DEPLOYMENT: config.deployment,
    OPENLEDGER_RPC_URL: config.urls.rpc,
    OPENLEDGER_RPC_PORT: String(config.ports.rpc),
    OPENLEDGER_INDEXER_PORT: String(config.ports.indexer),
    OPENLEDGER_NODE_PORT: String(config.ports.node),
    OPENLEDGER_STUDIO_PORT: String(config.ports.studio),
  };
}

/** The indexer: Ponder on PGlite. */
export function indexerService(config: DevnetConfig): Service {
  return {
    name: 'indexer',
    command: findProgram('ponder'),
    args: ['start', '--schema', 'openledger', '-H', '127.0.0.1', '-p', String(config.ports.indexer)],
    cwd: join(root, 'ponder'),
    env: { ...environment(config), PGLITE_DIR: join(config.home, 'indexer'), PONDER_TELEMETRY_DISABLED: '1' },
    port: config.ports.indexer,
    portVariable: 'OPENLEDGER_INDEXER_PORT',
    ready: () => answers(`${config.urls.indexer}/ready`),
    timeoutMs: 60_000,
  };
}

/** Stops what runs; returns the names of what was stopped. */
export async function stopDevnet(config: DevnetConfig): Promise<string[]> {
  const stopped: string[] = [];
  for (const name of SERVICES.toReversed()) if (await stopService(config.home, name)) stopped.push(name);
  return stopped;
}

/** Which programs run, and where they serve. */
export function devnetStatus(config: DevnetConfig): { name: ServiceName; pid: number | undefined; url: string | undefined }[] {
  const urls: Record<ServiceName, string | undefined> = {
    chain: config.urls.rpc,
    indexer: `${config.urls.indexer}/graphql`,
    node: `${config.urls.node}/v1`,
    watcher: undefined,
    studio: config.urls.studio,
  };
  return SERVICES.map((name) => ({ name, pid: runningPid(config.home, name), url: urls[name] }));
}

export { ensureService };
