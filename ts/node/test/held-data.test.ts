import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { attributionSettlementAbi, auditRegistryAbi } from '@openledger/sdk/abis';
import { DATA_SCHEME } from '@openledger/sdk/protocol/claim-data';
import { type Hex, zeroHash } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../test/e2e/anvil.ts';
import { startChain, type TestChain } from '../../../test/e2e/chain.ts';
import { type Chain, walletOn } from '../src/chain/chain.ts';
import { createSettlementReader } from '../src/chain/settlement-reader.ts';
import { createSettlementState } from '../src/chain/settlement-state.ts';
import { toJson } from '../src/gateway/json.ts';
import { createLog } from '../src/log.ts';
import { createCatalog } from '../src/models/catalog.ts';
import { openFolderStore } from '../src/store/folder-store.ts';
import { httpStore } from '../src/store/http-store.ts';
import { layeredStore } from '../src/store/layered-store.ts';
import type { BlobReader } from '../src/store/types.ts';
import { createWatcher } from '../src/watcher/watcher.ts';
import { type NodeProcess, startNode } from './support/node-process.ts';
import { askModel, connect, registerBase } from './support/world.ts';

const [CONSUMER, NODE, WATCHER] = [12, 13, 18];
const VALIDATORS = [14, 15] as const;
/** The validators' agents are registered first. */
const NODE_ID = 3;
const QUESTIONS = ['Who kept the light?', 'What is a bell made of?'];

/** Every claim is too large for calldata here, by the node's settings. */
describe('a node whose claims are too large for calldata', () => {
  let devnet: TestChain;
  let chain: Chain;
  let home: string;
  let node: NodeProcess;
  let validators: NodeProcess[] = [];

  const onChain = () => ['--rpc', devnet.rpc, '--deployment', devnet.deployment];
  const startProver = () =>
    startNode(
      [
        ...['--home', join(home, 'node'), ...onChain(), '--calldata-max', '0'],
        ...['--validators', validators.map(({ url }) => url).join()],
      ],
      { OPENLEDGER_NODE_KEY: devnet.key(NODE) },
    );
  const ask = () => askModel(devnet, chain, { ...node, id: NODE_ID }, devnet.account(CONSUMER), QUESTIONS);
  const events = <Name extends 'BatchAppended' | 'ClaimData' | 'ClaimDataElsewhere'>(eventName: Name) =>
    chain.client.getContractEvents({
      address: chain.contracts.AttributionSettlement,
      abi: attributionSettlementAbi,
      eventName,
      fromBlock: 0n,
      strict: true,
    });
  const audits = <Name extends 'Requested' | 'Answered'>(eventName: Name) =>
    chain.client.getContractEvents({
      address: chain.contracts.AuditRegistry,
      abi: auditRegistryAbi,
      eventName,
      fromBlock: 0n,
      strict: true,
    });
  /** A watcher that starts now, with an empty folder and these stores. */
  const watcherOn = async (name: string, remotes: BlobReader[]) => {
    const log = createLog('silent');
    const store = layeredStore(await openFolderStore({ folder: join(home, name) }), remotes);
    return createWatcher({
      ...{ chain, store, log, wallet: walletOn(chain, devnet.account(WATCHER)), requestsPerClaim: 2 },
      ...{ reader: createSettlementReader(chain), state: createSettlementState(chain) },
      catalog: createCatalog({ chain, store, log, capacity: 1 }),
    });
  };
  const settled = async () => {
    const answer = await node.settle();
    expect(answer.json, node.output().slice(-2000)).toMatchObject({ settled: true, receipts: 2 });
    return (answer.json as { claimId: Hex }).claimId;
  };
  const statusOf = async (claimId: Hex) => (await createSettlementState(chain).claimRecord(claimId)).status;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'openledger-held-'));
    devnet = await startChain();
    chain = await connect(devnet);
    await registerBase(devnet, chain);
    validators = await Promise.all(
      VALIDATORS.map((account) =>
        startNode(['--roles', 'validator', '--home', join(home, `${account}`), ...onChain()], {
          OPENLEDGER_VALIDATOR_KEY: devnet.key(account),
        }),
      ),
    );
    node = await startProver();
  });

  afterAll(async () => {
    for (const one of [node, ...validators]) one?.child.kill('SIGKILL');
    await devnet?.close();
    await rm(home, { recursive: true, force: true });
  });

  it('has validators hold the data, from which a watcher that has nothing else judges it', async () => {
    await ask();
    const claimId = await settled();
    const [proposed] = await events('ClaimDataElsewhere');
    const { dataHash } = proposed!.args;
    expect(proposed!.args).toMatchObject({ claimId, scheme: DATA_SCHEME.validators });
    for (const { url } of validators)
      expect((await fetch(`${url}/v1/store/${dataHash}`, { method: 'HEAD' })).status).toBe(200);

    const watcher = await watcherOn('watcher', [httpStore({ url: validators[1]!.url })]);
    expect(await watcher.look()).toMatchObject([{ claimId, outcome: 'honest' }]);

    // One that can't have the data asks for one part after the other, as long as each is answered, and then for no more.
    const blind = await watcherOn('blind', []);
    await waitUntil(async () => {
      expect(await blind.look()).toMatchObject([{ claimId, outcome: 'unreadable' }]);
      expect(await audits('Answered')).toHaveLength(2);
    });
    const restarted = await watcherOn('restarted', []);
    for (const one of [blind, restarted])
      expect(await one.look()).toMatchObject([{ claimId, outcome: 'unreadable' }]);
    const asked = (await audits('Requested')).map(({ args }) => args);
    expect(asked.map(({ requester }) => requester)).toEqual(Array(2).fill(devnet.account(WATCHER).address));
    expect(new Set(asked.map(({ kind, subject }) => `${kind} ${subject}`)).size).toBe(2);
    await devnet.travel(60);
    expect(await statusOf(claimId)).toBe('final');
  });

  it('is attested by nobody who cannot rebuild the claim', async () => {
    const [proposed] = await events('ClaimDataElsewhere');
    const { dataHash, locator, claimId } = proposed!.args;
    const reader = createSettlementReader(chain);
    await reader.sync();
    const { claim } = reader.claim(claimId)!;
    const attest = (body: object) =>
      validators[0]!.request<{ error?: { message: string } }>('/v1/attestations', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: toJson(body),
      });
    const good = { claim, dataHash, locator };
    expect((await attest(good)).status).toBe(200);
    for (const [bad, status, why] of [
      [{ ...good, claim: { ...claim, payoutsRoot: zeroHash } }, 403, 'payouts'],
      [{ ...good, claim: { ...claim, payoutsTotal: claim.payoutsTotal + 1n } }, 403, 'payouts'],
      [{ ...good, claim: { ...claim, toBatch: 9, receiptCount: 3 } }, 403, 'batches'],
      [{ ...good, claim: { ...claim, dataCommitment: zeroHash } }, 403, 'dataCommitment'],
      [{ ...good, dataHash: zeroHash }, 404, zeroHash],
      [{ ...good, locator: '0x0' }, 400, 'locator'],
    ] as const) {
      const answer = await attest(bad);
      expect(answer).toMatchObject({ status });
      expect(answer.json.error?.message).toContain(why);
    }
  });

  it('claims what it redeemed when it died before validators attested', async () => {
    await ask();
    for (const { child } of validators) child.kill('SIGSTOP');
    const before = (await events('BatchAppended')).length;
    const dying = node.settle().catch(() => undefined);
    await waitUntil(async () => expect(await events('BatchAppended')).toHaveLength(before + 1));
    await node.end('SIGKILL');
    await dying;
    for (const { child } of validators) child.kill('SIGCONT');
    node = await startProver();
    const claimId = await settled();
    expect((await events('ClaimDataElsewhere')).at(-1)!.args.claimId).toBe(claimId);
    await devnet.travel(60);
    expect(await statusOf(claimId)).toBe('final');
  });

  it('waits for validators that are away, whatever its restarts, and then puts into calldata what fits', async () => {
    await ask();
    for (const one of validators) await one.end('SIGKILL');
    expect(await node.settle()).toMatchObject({ status: 409, json: { error: { code: 'busy' } } });
    const patience = delay(4_000);
    await node.end('SIGKILL');
    node = await startProver();
    await patience;
    const claimId = await settled();
    expect((await events('ClaimData')).map(({ args }) => args.claimId)).toEqual([claimId]);
    await devnet.travel(60);
    expect(await statusOf(claimId)).toBe('final');
  });
});
