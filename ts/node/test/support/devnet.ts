import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { type AddressBook, parseAddressBook } from '@openledger/sdk/addresses';
import { createTestClient, http, type LocalAccount, publicActions } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';

const root = resolve(import.meta.dirname, '../../../..');
const bin = (name: string) => join(root, 'node_modules/.bin', name);
const MNEMONIC = 'test test test test test test test test test test test junk';

/** A chain of its own with all contracts deployed, for one test file. */
export type TestDevnet = {
  rpc: string;
  deployment: string;
  book: AddressBook;
  account(index: number): LocalAccount;
  key(index: number): `0x${string}`;
  /** Moves the chain's clock and mines a block. */
  travel(seconds: number): Promise<void>;
  /** Stops and starts the RPC, keeping the chain. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
};

/** Starts anvil on a free port and deploys with the project's own script. */
export async function startDevnet(): Promise<TestDevnet> {
  const port = await freePort();
  const rpc = `http://127.0.0.1:${port}`;
  const anvil = spawn(
    bin('anvil'),
    ['--port', String(port), '--accounts', '20', '--balance', '100000', '--silent'],
    {
      stdio: 'ignore',
    },
  );
  const deployment = join(root, 'deploy', `test-${process.pid}-${port}.json`);
  const client = createTestClient({
    mode: 'anvil',
    chain: foundry,
    transport: http(rpc),
    pollingInterval: 50,
  }).extend(publicActions);
  const account = (index: number) => mnemonicToAccount(MNEMONIC, { addressIndex: index });
  const key = (index: number) =>
    `0x${Buffer.from(account(index).getHdKey().privateKey!).toString('hex')}` as const;
  const close = async () => {
    await rm(deployment, { force: true });
    if (anvil.exitCode !== null || anvil.signalCode !== null) return;
    const gone = new Promise((done) => anvil.once('exit', done));
    anvil.kill('SIGKILL');
    await gone;
  };
  try {
    await waitUntil(() => client.getChainId());
    const saved = join(root, '.openledger/test-devnet', `${await sourcesHash()}.json`);
    const known = await readFile(saved, 'utf8').catch(() => undefined);
    if (known === undefined) {
      await run(process.execPath, [join(root, 'script/predeploys.mjs'), rpc], {});
      const script = [
        'script',
        'script/Deploy.s.sol',
        '--rpc-url',
        rpc,
        '--broadcast',
        '--slow',
        '--private-key',
        key(0),
      ];
      await run(bin('forge'), script, { OPENLEDGER_DEPLOYMENT: deployment });
      const contents = await readFile(deployment, 'utf8');
      await mkdir(dirname(saved), { recursive: true });
      // Deploying takes many seconds, loading a saved chain one: the tests of the same sources share it.
      const temporary = `${saved}.${process.pid}`;
      await writeFile(temporary, JSON.stringify({ state: await client.dumpState(), book: contents }));
      await rename(temporary, saved);
    } else {
      const { state, book } = JSON.parse(known);
      await client.loadState({ state });
      await writeFile(deployment, book);
    }
    const book = parseAddressBook(await readFile(deployment, 'utf8'));
    return {
      rpc,
      deployment,
      book,
      account,
      key,
      travel: async (seconds) => {
        await client.increaseTime({ seconds });
        await client.mine({ blocks: 1 });
      },
      pause: () => void anvil.kill('SIGSTOP'),
      resume: () => void anvil.kill('SIGCONT'),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
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

async function run(program: string, args: string[], env: Record<string, string>): Promise<void> {
  const child: ChildProcess = spawn(program, args, { cwd: root, env: { ...process.env, ...env } });
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  child.stderr?.on('data', (chunk) => (output += chunk));
  const code = await new Promise((done) => child.once('exit', done));
  if (code !== 0) throw new Error(`${program} ${args.slice(0, 2).join(' ')} failed:\n${output.slice(-3000)}`);
}

/** Changes with everything that a deployment depends on. */
async function sourcesHash(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(join(root, 'foundry.toml')));
  hash.update(await readFile(join(root, 'script/predeploys.mjs')));
  for (const folder of ['src', 'script']) {
    const files = await readdir(join(root, folder), { recursive: true });
    for (const file of files.filter((name) => name.endsWith('.sol')).toSorted()) {
      hash.update(file).update(await readFile(join(root, folder, file)));
    }
  }
  return hash.digest('hex').slice(0, 24);
}
