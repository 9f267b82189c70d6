import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { TestChain } from '../../../../test/e2e/chain.ts';

/** Runs `openledger …` on the test's chain; `env` has the key. Rejects with what it says when it fails. */
export function runCli<T>(
  devnet: TestChain,
  home: string,
  args: string[],
  env: Record<string, string>,
): Promise<T> {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const main = join(import.meta.dirname, '../../../cli/src/main.ts');
  const onChain = { OPENLEDGER_RPC_URL: devnet.rpc, OPENLEDGER_DEPLOYMENT: devnet.deployment };
  return new Promise((resolve, reject) =>
    execFile(
      process.execPath,
      [main, ...args, '--json'],
      { env: { PATH, NODE_COMPILE_CACHE, OPENLEDGER_HOME: home, ...onChain, ...env } },
      (error, stdout, stderr) =>
        error === null ? resolve(JSON.parse(stdout) as T) : reject(new Error(stderr.trim())),
    ),
  );
}
