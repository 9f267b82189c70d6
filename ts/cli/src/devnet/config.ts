import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { CliError } from '../error.ts';

/** The root of the repository. */
export const root = resolve(fileURLToPath(import.meta.url), '../../../../..');

/** The well-known development mnemonic; its accounts hold play money on chain 31337 only. */
export const MNEMONIC = 'test test test test test test test test test test test junk';

/** Who is who among the accounts of {@link MNEMONIC}. */
export const ACCOUNT = {
  deployer: 0,
  curator: 1,
  firstContributor: 2,
  builder: 11,
  consumer: 12,
  node: 13,
  voter: 14,
  liar: 15,
  watcher: 16,
  staker: 17,
  guardian: 18,
} as const;

export const CHAIN_ID = 31337;

const port = (fallback: number) => z.coerce.number().int().min(1).max(65535).default(fallback);

const environment = z.object({
  OPENLEDGER_HOME: z.string().default(join(root, '.openledger')),
  OPENLEDGER_DEPLOYMENT: z.string().default(join(root, `deploy/${CHAIN_ID}.json`)),
  OPENLEDGER_RPC_PORT: port(8545),
  OPENLEDGER_INDEXER_PORT: port(42069),
  OPENLEDGER_NODE_PORT: port(8650),
  OPENLEDGER_STUDIO_PORT: port(5173),
});

/** Where a devnet lives: its folders, its ports and the URLs that follow from them. */
export type DevnetConfig = {
  home: string;
  deployment: string;
  ports: { rpc: number; indexer: number; node: number; studio: number };
  urls: { rpc: string; indexer: string; node: string; studio: string };
};

/** Reads the devnet's settings from the environment; every setting has a default. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): DevnetConfig {
  const parsed = environment.safeParse(env);
  if (!parsed.success) throw new CliError(`Bad setting: ${z.prettifyError(parsed.error)}`);
  const e = parsed.data;
  const ports = {
    rpc: e.OPENLEDGER_RPC_PORT,
    indexer: e.OPENLEDGER_INDEXER_PORT,
    node: e.OPENLEDGER_NODE_PORT,
    studio: e.OPENLEDGER_STUDIO_PORT,
  };
  const url = (p: number) => `http://127.0.0.1:${p}`;
  return {
    home: resolve(e.OPENLEDGER_HOME),
    deployment: resolve(root, e.OPENLEDGER_DEPLOYMENT),
    ports,
    urls: {
      rpc: url(ports.rpc),
      indexer: url(ports.indexer),
      node: url(ports.node),
      studio: url(ports.studio),
    },
  };
}

/** The path of a program: the one that npm installed, else the one on the PATH. */
export function findProgram(name: 'anvil' | 'forge' | 'ponder' | 'vite'): string {
  const folders = [join(root, 'node_modules/.bin'), ...(process.env.PATH ?? '').split(delimiter)];
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (found) return found;
  const hint =
    name === 'anvil' || name === 'forge'
      ? 'Foundry comes from npm on Linux x64 only. Install it with foundryup (https://getfoundry.sh) and run this again.'
      : 'Run `npm ci` in the root of the repository.';
  throw new CliError(`${name} was not found. ${hint}`);
}
