import { type ExecFileException, execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts, root } from './ports.ts';

/** Where the end-to-end stage leaves its devnet, for the browser stage to continue. */
export const sharedHome = join(root, '.openledger-e2e');

/** How a run of the command line ended. */
export type CliResult = { code: number; stdout: string; stderr: string };

/** A devnet of a test: its own folder, address book and ports, so that it meets no other. */
export type TestDevnet = {
  home: string;
  deployment: string;
  env: Record<string, string>;
  urls: { rpc: string; indexer: string; node: string; studio: string };
  /** Runs `openledger <args>`; does not throw on a failing exit code. */
  cli: (...args: string[]) => Promise<CliResult>;
};

/** Chooses free ports for a devnet in this folder; starts nothing. */
export async function devnetAt(home: string): Promise<TestDevnet> {
  // Forge may write address books below deploy/ only; dist/ is not committed.
  const folder = join(root, 'deploy/dist');
  mkdirSync(folder, { recursive: true });
  mkdirSync(home, { recursive: true });
  const [rpc, indexer, node, studio] = await freePorts(4);
  const deployment = join(folder, `${home.replaceAll(/[^\w-]+/g, '_')}.json`);
  const env = {
    OPENLEDGER_HOME: home,
    OPENLEDGER_DEPLOYMENT: deployment,
    OPENLEDGER_RPC_PORT: String(rpc),
    OPENLEDGER_INDEXER_PORT: String(indexer),
    OPENLEDGER_NODE_PORT: String(node),
    OPENLEDGER_STUDIO_PORT: String(studio),
  };
  const url = (port: number) => `http://127.0.0.1:${port}`;
  return {
    home,
    deployment,
    env,
    urls: { rpc: url(rpc), indexer: url(indexer), node: url(node), studio: url(studio) },
    cli: (...args) => runCli(args, env),
  };
}

function runCli(args: string[], env: Record<string, string>): Promise<CliResult> {
  const options = { cwd: root, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 };
  return new Promise((done) => {
    execFile(
      process.execPath,
      [join(root, 'ts/cli/src/main.ts'), ...args],
      options,
      (error: ExecFileException | null, stdout, stderr) =>
        done({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
}
