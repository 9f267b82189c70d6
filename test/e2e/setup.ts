// Runs once before the end-to-end tests: forge writes its cache without a lock, so that two tests must not call it at
// the same time, and what it does takes many seconds where loading a saved chain takes one.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestClient, http } from 'viem';
import type { TestProject } from 'vitest/node';
import { readConfig } from '../../ts/cli/src/devnet/config.ts';
import { compile, deploy, hashSources } from '../../ts/cli/src/devnet/contracts.ts';
import { ACCOUNTS, startAnvil } from './anvil.ts';
import { root } from './ports.ts';

const folder = join(root, '.openledger/test-devnet');

declare module 'vitest' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: only interfaces are merged with what vitest declares
  interface ProvidedContext {
    /** A file with the state of a chain on which all contracts are deployed, and its address book. */
    savedChain: string;
  }
}

/** Deploys, unless a chain with these contracts is saved. */
export async function setup(project: TestProject): Promise<void> {
  const path = join(folder, `${hashSources().slice(0, 24)}.json`);
  if (!existsSync(path)) await save(path);
  project.provide('savedChain', path);
}

/** Compiles and deploys as `openledger devnet up` does. */
async function save(path: string): Promise<void> {
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
