// Runs once before the end-to-end tests: forge writes its cache without a lock, so that two tests must not call it at
// the same time, and what it does takes many seconds where loading a saved chain takes one.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestClient, type Hex, http } from 'viem';
import { readConfig } from '../../ts/cli/src/devnet/config.ts';
import { compile, deploy, hashSources } from '../../ts/cli/src/devnet/contracts.ts';
import { startAnvil } from './anvil.ts';
import { root } from './ports.ts';

/** The accounts of the tests' chains and what each has. */
export const ACCOUNTS = ['--accounts', '20', '--balance', '100000'];

const folder = join(root, '.openledger/test-devnet');
const saved = () => join(folder, `${hashSources().slice(0, 24)}.json`);

/** A chain on which all contracts are deployed: its state, and its address book. */
export const savedChain = (): { state: Hex; book: string } => JSON.parse(readFileSync(saved(), 'utf8'));

/** Compiles and deploys as `openledger devnet up` does, unless a chain with these contracts is saved. */
export async function setup(): Promise<void> {
  const path = saved();
  if (existsSync(path)) return;
  const anvil = await startAnvil(...ACCOUNTS);
  // Forge may write below deploy/ only.
  const deployment = join(root, `deploy/dist/saved-${process.pid}.json`);
  mkdirSync(join(root, 'deploy/dist'), { recursive: true });
  mkdirSync(folder, { recursive: true });
  try {
    const config = readConfig({
      OPENLEDGER_HOME: folder,
      OPENLEDGER_DEPLOYMENT: deployment,
      OPENLEDGER_RPC_PORT: new URL(anvil.rpc).port,
    });
    await compile(config);
    await deploy(config);
    const client = createTestClient({ mode: 'anvil', transport: http(anvil.rpc) });
    const content = { state: await client.dumpState(), book: readFileSync(deployment, 'utf8') };
    writeFileSync(`${path}.${process.pid}`, JSON.stringify(content));
    renameSync(`${path}.${process.pid}`, path);
  } finally {
    rmSync(deployment, { force: true });
    await anvil.close();
  }
}
