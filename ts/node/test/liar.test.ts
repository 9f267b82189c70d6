import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { agentStakingAbi } from '@openledger/sdk/abis';
import { ROLE } from '@openledger/sdk/protocol/roles';
import type { Hex } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChain, type TestChain } from '../../../test/e2e/chain.ts';
import { TAMPERED_FIELDS } from '../../sdk/test/tamper.ts';
import { type Chain, walletOn } from '../src/chain/chain.ts';
import { createSettlementReader } from '../src/chain/settlement-reader.ts';
import { createSettlementState } from '../src/chain/settlement-state.ts';
import { createApp } from '../src/gateway/app.ts';
import { listen, type RunningServer } from '../src/gateway/serve.ts';
import { storeRoutes } from '../src/gateway/store-routes.ts';
import { createLog } from '../src/log.ts';
import { createCatalog } from '../src/models/catalog.ts';
import { openFolderStore } from '../src/store/folder-store.ts';
import { httpStore } from '../src/store/http-store.ts';
import { layeredStore } from '../src/store/layered-store.ts';
import { createWatcher, type Verdict } from '../src/watcher/watcher.ts';
import type { Proposal } from './liar.ts';
import { connect, publishWorld } from './support/world.ts';

const [LIAR, WATCHER, ELSEWHERE, HONEST] = [15, 16, 18, 19];
const WITHHOLDERS = [17, 14] as const;
const SEEDS = 20;

describe('a liar in a process of its own', () => {
  let devnet: TestChain;
  let chain: Chain;
  let server: RunningServer;
  let home: string;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'openledger-liar-'));
    devnet = await startChain();
    chain = await connect(devnet);
    const store = await openFolderStore({ folder: join(home, 'store') });
    server = await listen(
      createApp({ log: createLog('silent'), routes: [storeRoutes(store, 1 << 24)] }),
      '127.0.0.1',
      0,
    );
    await publishWorld(devnet, chain, store);
  });

  afterAll(async () => {
    await server?.close();
    await devnet?.close();
    await rm(home, { recursive: true, force: true });
  });

  /** A watcher that starts now, from an empty folder, and knows the chain and the URL of a content store. */
  async function freshWatcher(name: string) {
    const log = createLog('silent');
    const folder = await openFolderStore({ folder: join(home, name) });
    const store = layeredStore(folder, [httpStore({ url: server.url })]);
    return createWatcher({
      chain,
      wallet: walletOn(chain, devnet.account(WATCHER)),
      reader: createSettlementReader(chain),
      state: createSettlementState(chain),
      catalog: createCatalog({ chain, store, log, capacity: 1 }),
      store,
      requestsPerClaim: 4,
      log,
    });
  }

  /** Runs the liar's process and calls back for every claim that it proposes. */
  async function runLiar(account: number, args: string[], onProposal: (proposal: Proposal) => Promise<void>) {
    const child = spawn(
      process.execPath,
      [
        join(import.meta.dirname, 'liar.ts'),
        ...['--rpc', devnet.rpc, '--deployment', devnet.deployment, '--store', server.url],
        ...args,
      ],
      {
        env: { PATH: process.env.PATH, OPENLEDGER_LIAR_KEY: devnet.key(account) },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let errors = '';
    child.stderr.on('data', (chunk) => (errors += chunk));
    const exit = new Promise<number | null>((done) => child.once('exit', done));
    try {
      for await (const line of createInterface({ input: child.stdout })) await onProposal(JSON.parse(line));
    } finally {
      child.kill('SIGKILL');
    }
    if ((await exit) !== 0) throw new Error(`the liar failed: ${errors.slice(-2000)}`);
  }

  const stakeOf = (nodeId: number) =>
    chain.client.readContract({
      address: chain.contracts.AgentStaking,
      abi: agentStakingAbi,
      functionName: 'stakeOf',
      args: [nodeId, ROLE.node],
    });

  it(`is convicted in one transaction for each of ${SEEDS} drawn lies, and slashed`, async () => {
    const outcomes: (Verdict & { seed: number; field: string })[] = [];
    await runLiar(LIAR, ['--seeds', `1-${SEEDS}`], async (proposal) => {
      const before = await stakeOf(proposal.nodeId);
      const watcher = await freshWatcher(`watcher-lie-${proposal.seed}`);
      const verdict = (await watcher.look()).find(({ claimId }) => claimId === proposal.claimId)!;
      process.stdout.write(
        `seed ${proposal.seed}: ${proposal.field}: ${proposal.what} -> ${verdict.outcome} by ${verdict.predicate}\n`,
      );
      outcomes.push({ ...verdict, seed: proposal.seed, field: proposal.field });
      expect(verdict, JSON.stringify(proposal)).toMatchObject({ outcome: 'proven' });
      expect(await stakeOf(proposal.nodeId)).toBeLessThan(before);
    });
    expect(outcomes).toHaveLength(SEEDS);
    expect(new Set(outcomes.map(({ field }) => field))).toEqual(new Set(TAMPERED_FIELDS));
  }, 240_000);

  it.each([
    ['trees', WITHHOLDERS[0], ['--seeds', '3', '--withhold']],
    ['data', WITHHOLDERS[1], ['--seeds', '3', '--honest', '--withhold', '--elsewhere']],
  ])(
    'is reported loudly when it keeps the %s of its claim to itself, asked for them, and slashed',
    async (what, account, args) => {
      const watcher = await freshWatcher(`watcher-withheld-${what}`);
      await runLiar(account, args, async ({ claimId, nodeId }) => {
        const look = async () => (await watcher.look()).find((verdict) => verdict.claimId === claimId);
        const before = await stakeOf(nodeId);
        const problems = expect.arrayContaining([expect.any(String)]);
        expect(await look()).toMatchObject({ outcome: 'unreadable', problems });
        expect(await look()).toMatchObject({ outcome: 'unreadable', problems });
        await devnet.travel(5);
        // After a restart it is still the same request.
        const restarted = await freshWatcher(`watcher-restarted-${what}`);
        const verdict = (await restarted.look()).find((one) => one.claimId === claimId);
        expect(verdict).toMatchObject({ outcome: 'proven', predicate: 'WithheldPredicate' });
        expect(await stakeOf(nodeId)).toBeLessThan(before);
      });
    },
    60_000,
  );

  it('is read where its data are elsewhere and can be had', async () => {
    let verdict: Verdict | undefined;
    await runLiar(ELSEWHERE, ['--seeds', '3', '--honest', '--elsewhere'], async ({ claimId }) => {
      const watcher = await freshWatcher('watcher-elsewhere');
      verdict = (await watcher.look()).find((one) => one.claimId === claimId);
    });
    expect(verdict).toMatchObject({ outcome: 'honest', problems: [] });
  });

  it(`finds nothing to prove in ${SEEDS} honest claims`, async () => {
    const seen: Hex[] = [];
    await runLiar(HONEST, ['--seeds', `1-${SEEDS}`, '--honest'], async (proposal) => {
      const watcher = await freshWatcher(`watcher-honest-${proposal.seed}`);
      const verdict = (await watcher.look()).find(({ claimId }) => claimId === proposal.claimId)!;
      expect(verdict).toMatchObject({ outcome: 'honest', problems: [] });
      expect(verdict.transaction).toBeUndefined();
      seen.push(proposal.claimId);
      await devnet.travel(31);
    });
    expect(new Set(seen).size).toBe(SEEDS);
  }, 240_000);
});
