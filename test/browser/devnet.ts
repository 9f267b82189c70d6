import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
const cli = join(root, 'ts/cli/src/main.ts');
const run = promisify(execFile);

/** A devnet on which the whole thread was run once. */
export type Devnet = { studio: string; close(): Promise<void> };

/**
 * A running devnet. The end-to-end stage leaves one in the folder that `.openledger-e2e/home` names (or
 * OPENLEDGER_E2E_HOME), which is continued here; without it a new one is made, which takes as long as a first start.
 */
export async function openDevnet(): Promise<Devnet> {
  const left = process.env.OPENLEDGER_E2E_HOME ?? marker();
  const home = left ?? mkdtempSync(join(tmpdir(), 'openledger-browser-'));
  const settings = await environment(home);
  const env = { ...process.env, ...settings };
  const command = (...args: string[]) =>
    run(process.execPath, [cli, ...args], { cwd: root, env, maxBuffer: 2 ** 26 }).catch((error: unknown) => {
      const { stdout, stderr } = error as { stdout?: string; stderr?: string };
      throw new Error(`openledger ${args.join(' ')} failed:\n${stdout ?? ''}${stderr ?? ''}`);
    });
  await command('up', '--json');
  return {
    studio: `http://127.0.0.1:${settings.OPENLEDGER_STUDIO_PORT}`,
    async close() {
      await command('devnet', 'down');
      if (left !== undefined) return;
      rmSync(home, { recursive: true, force: true });
      rmSync(settings.OPENLEDGER_DEPLOYMENT, { force: true });
    },
  };
}

function marker(): string | undefined {
  const file = join(root, '.openledger-e2e/home');
  if (!existsSync(file)) return undefined;
  const home = resolve(root, readFileSync(file, 'utf8').trim());
  return existsSync(home) ? home : undefined;
}

/** Settings of a devnet: its folder, its address book and four free ports, so that it meets no other. */
async function environment(home: string) {
  // Forge may write address books below deploy/ only; dist/ is not committed.
  const folder = join(root, 'deploy/dist');
  mkdirSync(folder, { recursive: true });
  const [rpc, indexer, node, studio] = await freePorts(4);
  return {
    OPENLEDGER_HOME: home,
    OPENLEDGER_DEPLOYMENT: join(folder, `${home.replaceAll(/[^\w-]+/g, '_')}.json`),
    OPENLEDGER_RPC_PORT: String(rpc),
    OPENLEDGER_INDEXER_PORT: String(indexer),
    OPENLEDGER_NODE_PORT: String(node),
    OPENLEDGER_STUDIO_PORT: String(studio),
  };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      await new Promise((closed) => server.close(closed));
      if (address === null || typeof address === 'string') throw new Error('There is no free port.');
      return address.port;
    }),
  );
}
