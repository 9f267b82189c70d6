import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { CliError } from '../error.ts';
import { ACCOUNT, CHAIN_ID, type DevnetConfig, findProgram, MNEMONIC, root } from './config.ts';
import { anvilPidPath, readLivePid } from './process.ts';
import { runProgram } from './program.ts';
import { rpc } from './rpc.ts';
import { answers, runningPid, type Service, stopService } from './service.ts';

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
    port: config.ports.rpc,
    portVariable: 'OPENLEDGER_RPC_PORT',
    adopts: () => readLivePid(anvilPidPath(config.home)) !== undefined,
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
    args: [
      'dev',
      '--disable-ui',
      '--schema',
      'openledger',
      '-H',
      '127.0.0.1',
      '-p',
      String(config.ports.indexer),
    ],
    cwd: join(root, 'ponder'),
    env: { ...environment(config), PGLITE_DIR: join(config.home, 'indexer'), PONDER_TELEMETRY_DISABLED: '1' },
    port: config.ports.indexer,
    portVariable: 'OPENLEDGER_INDEXER_PORT',
    ready: () => answers(`${config.urls.indexer}/ready`),
    timeoutMs: 60_000,
  };
}

/** The node: gateway, trainer and prover, with the devnet's operator key. */
export function nodeService(config: DevnetConfig): Service {
  return {
    name: 'node',
    command: TYPESCRIPT,
    args: [
      join(root, 'ts/node/src/main.ts'),
      '--roles',
      'gateway,trainer,prover',
      '--home',
      join(config.home, 'node'),
    ],
    env: {
      ...environment(config),
      OPENLEDGER_NODE_KEY: devnetKey(ACCOUNT.node),
      OPENLEDGER_OPERATOR_TOKEN: operatorToken(config),
    },
    port: config.ports.node,
    portVariable: 'OPENLEDGER_NODE_PORT',
    ready: () => answers(`${config.urls.node}/health`),
    timeoutMs: 60_000,
  };
}

/** The watcher: its own process, folder and key; it knows the chain and the node's content store. */
export function watcherService(config: DevnetConfig): Service {
  const home = join(config.home, 'watcher');
  return {
    name: 'watcher',
    command: TYPESCRIPT,
    args: [
      ...[join(root, 'ts/node/src/main.ts'), '--roles', 'watcher', '--home', home],
      ...['--port', '0', '--store-urls', config.urls.node],
    ],
    env: { ...environment(config), OPENLEDGER_WATCHER_KEY: devnetKey(ACCOUNT.watcher) },
    ready: async () => runningPid(config.home, 'watcher') !== undefined,
    timeoutMs: 20_000,
  };
}

/** The studio, as built by {@link buildStudio}. */
export function studioService(config: DevnetConfig): Service {
  return {
    name: 'studio',
    command: findProgram('vite'),
    args: ['preview', '--host', '127.0.0.1', '--port', String(config.ports.studio), '--strictPort'],
    cwd: join(root, 'ts/studio'),
    env: {
      ...environment(config),
      OPENLEDGER_INDEXER_URL: config.urls.indexer,
      OPENLEDGER_NODE_URL: config.urls.node,
    },
    port: config.ports.studio,
    portVariable: 'OPENLEDGER_STUDIO_PORT',
    ready: () => answers(config.urls.studio),
    timeoutMs: 20_000,
  };
}

/** The newest change under these folders, in milliseconds since 1970. */
function newest(folders: string[]): number {
  const times = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );
  return Math.max(...times);
}

/** Builds the studio's pages unless they are newer than their sources. */
export async function buildStudio(config: DevnetConfig): Promise<void> {
  const index = join(root, 'ts/studio/dist/index.html');
  const sources = [join(root, 'ts/studio/src'), join(root, 'ts/sdk/src')];
  if (existsSync(index) && statSync(index).mtimeMs > newest(sources)) return;
  await runProgram(findProgram('vite'), ['build'], {
    cwd: join(root, 'ts/studio'),
    env: environment(config),
  });
}

/** The private key of one of the devnet's accounts. Public knowledge: play money only. */
export function devnetKey(index: number): string {
  const { privateKey } = mnemonicToAccount(MNEMONIC, { addressIndex: index }).getHdKey();
  if (privateKey === null) throw new CliError(`The devnet's account ${index} has no key.`);
  return toHex(privateKey);
}

/** The secret that lets the devnet's operator ask the node to settle; made once, readable by its owner only. */
export function operatorToken(config: DevnetConfig): string {
  const path = join(config.home, 'operator-token');
  if (!existsSync(path)) {
    mkdirSync(config.home, { recursive: true });
    writeFileSync(path, randomBytes(24).toString('hex'), { mode: 0o600 });
  }
  return readFileSync(path, 'utf8');
}

/** Stops what runs; returns the names of what was stopped. */
export async function stopDevnet(config: DevnetConfig): Promise<string[]> {
  const stopped: string[] = [];
  for (const name of SERVICES.toReversed()) if (await stopService(config.home, name)) stopped.push(name);
  // Only there still if its keeper was killed.
  await stopService(config.home, 'anvil');
  return stopped;
}

/** Which programs run, and where they serve. */
export function devnetStatus(
  config: DevnetConfig,
): { name: ServiceName; pid: number | undefined; url: string | undefined }[] {
  const urls: Record<ServiceName, string | undefined> = {
    chain: config.urls.rpc,
    indexer: `${config.urls.indexer}/graphql`,
    node: `${config.urls.node}/v1`,
    watcher: undefined,
    studio: config.urls.studio,
  };
  return SERVICES.map((name) => ({ name, pid: runningPid(config.home, name), url: urls[name] }));
}
