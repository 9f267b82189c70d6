import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createPublicClient, http } from 'viem';
import { freePort, root } from './ports.ts';

/** The accounts of a chain with contracts, and what each has. */
export const ACCOUNTS = ['--accounts', '20', '--balance', '100000'];

/** A chain of a test's own. */
export type Anvil = { rpc: string; process: ChildProcess; close(): Promise<void> };

/** Starts anvil on a free port. Resolves when it answers. */
export async function startAnvil(...options: string[]): Promise<Anvil> {
  const port = await freePort();
  const rpc = `http://127.0.0.1:${port}`;
  const args = ['--port', String(port), '--silent', ...options];
  const child = spawn(join(root, 'node_modules/.bin/anvil'), args, { stdio: 'ignore' });
  const close = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await gone;
  };
  try {
    const client = createPublicClient({ transport: http(rpc) });
    await waitUntil(() => client.getChainId());
  } catch (error) {
    await close();
    throw error;
  }
  return { rpc, process: child, close };
}

/** Tries until it works, for up to half a minute. */
export async function waitUntil<T>(attempt: () => Promise<T>, timeoutMs = 30_000): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}
