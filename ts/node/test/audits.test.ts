import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadBase } from '@openledger/engine/model/base';
import { caseRegistryAbi } from '@openledger/sdk/abis';
import { SKETCH_LENGTH } from '@openledger/sdk/protocol/sketch';
import { createTestClient, type Hex, http, parseEther, zeroHash } from 'viem';
import { foundry } from 'viem/chains';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../test/e2e/anvil.ts';
import { startChain, type TestChain } from '../../../test/e2e/chain.ts';
import { attributeReceipt } from '../src/attribution/attribute.ts';
import type { Chain } from '../src/chain/chain.ts';
import { createApp } from '../src/gateway/app.ts';
import { listen, type RunningServer } from '../src/gateway/serve.ts';
import { storeRoutes } from '../src/gateway/store-routes.ts';
import { createNodeSigner } from '../src/identity/signer.ts';
import { openLedger } from '../src/ledger/ledger.ts';
import { createLog } from '../src/log.ts';
import { createCatalog } from '../src/models/catalog.ts';
import { openFolderStore } from '../src/store/folder-store.ts';
import { untrained } from './support/adapter.ts';
import { runCli } from './support/cli.ts';
import { type NodeProcess, startNode } from './support/node-process.ts';
import { askModel, connect, publishWorld } from './support/world.ts';

const [CONSUMER, NODE, VALIDATOR] = [12, 13, 14];
const QUESTIONS = ['Who kept the light?', 'What is a bell made of?'];
/** The validator's agent is registered first. */
const NODE_ID = 2;

/** One validator, which is drawn for everything; private answers of an adapter. */
describe('a validator that audits', () => {
  let devnet: TestChain;
  let chain: Chain;
  let home: string;
  let node: NodeProcess;
  let validator: NodeProcess;
  let server: RunningServer;

  const onChain = () => ['--rpc', devnet.rpc, '--deployment', devnet.deployment];
  /** Audits recompute what an answer is attributed to, not the answer: it may come from weights in eight bits. */
  const start = () =>
    startNode(['--home', join(home, 'node'), ...onChain(), '--quantization', 'q8'], {
      OPENLEDGER_NODE_KEY: devnet.key(NODE),
    });
  const startValidator = () => {
    const flags = ['--roles', 'validator', '--home', join(home, 'validator'), '--open-cases', 'on'];
    return startNode([...flags, ...onChain(), '--poll-every', '0.2', '--store-urls', server.url], {
      OPENLEDGER_VALIDATOR_KEY: devnet.key(VALIDATOR),
    });
  };
  const test = () => createTestClient({ mode: 'anvil', chain: foundry, transport: http(devnet.rpc) });
  const ask = (retrieval?: { datanets: number[]; k: number }) =>
    askModel(devnet, chain, { ...node, id: NODE_ID, model: 2 }, devnet.account(CONSUMER), QUESTIONS, {
      retrieval,
    });
  const settle = async () => {
    const { json } = await node.settle();
    expect(json, node.output().slice(-2000)).toMatchObject({ settled: true, receipts: 2 });
    // Draws are by the hash of a later block.
    await test().mine({ blocks: 3 });
    return (json as { claimId: Hex }).claimId;
  };
  /** What the validator says of a claim's receipts, by their places in it. */
  const said = (claimId: Hex) =>
    new Map(
      validator
        .output()
        .split('\n')
        .filter((line) => line.includes(claimId) && line.includes('"position"'))
        .map((line) => JSON.parse(line) as { position: number; msg: string; problems: string[] })
        .map((line) => [line.position, line] as const),
    );
  const allSaid = (claimId: Hex) =>
    waitUntil(async () => {
      const found = said(claimId);
      expect(found.size, validator.output().slice(-2000)).toBe(2);
      return found;
    });

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'openledger-audits-'));
    devnet = await startChain();
    chain = await connect(devnet);
    const base = await loadBase(join(import.meta.dirname, '../../models/base'));
    const store = await openFolderStore({ folder: join(home, 'node/store') });
    await publishWorld(devnet, chain, store, { baseHash: base.weightsHash, learn: untrained(base) });
    // The node's content store, at an address that outlives the node's restarts.
    const routes = [storeRoutes(store, 1 << 24)];
    server = await listen(createApp({ log: createLog('silent'), routes }), '127.0.0.1', 0);
    validator = await startValidator();
    node = await start();
  });

  afterAll(async () => {
    for (const one of [node, validator]) one?.child.kill('SIGKILL');
    await server?.close();
    await devnet?.close();
    await rm(home, { recursive: true, force: true });
  });

  it('says that its node answers with weights in eight bits', async () => {
    const { json } = await node.request<{ data: { openledger: { quantization: string } }[] }>('/v1/models');
    expect(json.data.map(({ openledger }) => openledger.quantization)).toEqual(['q8', 'q8']);
  });

  it.each([
    ['a model alone', undefined],
    ['a model with rows in its prompt', { datanets: [1], k: 2 }],
  ])(
    'opens private receipts of %s with its key, recomputes them, and finds them right',
    async (_, retrieval) => {
      await ask(retrieval);
      const { json } = await node.request<{ data: { receipt: { contextRoot: Hex } }[] }>('/v1/receipts');
      const hasRows = json.data.some(({ receipt }) => receipt.contextRoot !== zeroHash);
      expect(hasRows).toBe(retrieval !== undefined);
      const found = await allSaid(await settle());
      await devnet.travel(60);
      for (const { msg, problems } of found.values()) {
        expect(problems).toEqual([]);
        expect(msg).toBe('a drawn receipt is right');
      }
    },
  );

  it('opens a case about a node that made a query vector up', async () => {
    await ask();
    await waitUntil(async () => {
      const { json } = await node.request<{ data: { attribution: unknown }[] }>('/v1/receipts');
      expect(json.data.slice(-2).every(({ attribution }) => attribution !== null)).toBe(true);
    });
    await node.end('SIGTERM');
    await falsify();
    // The validator can pay for its requests, and not yet for the bond of a case.
    const balance = (ether: string) =>
      test().setBalance({ address: devnet.account(VALIDATOR).address, value: parseEther(ether) });
    await balance('0.5');
    node = await start();
    const claimId = await settle();
    const found = await allSaid(claimId);
    expect(found.get(0)).toMatchObject({ msg: 'a drawn receipt is right' });
    const { msg, problems } = found.get(1)!;
    expect(msg).toBe('A DRAWN RECEIPT IS WRONG');
    expect(problems).toContain('The query vector is another one.');
    const opened = () =>
      chain.client.getContractEvents({
        address: chain.contracts.CaseRegistry,
        abi: caseRegistryAbi,
        eventName: 'CaseOpened',
        fromBlock: 0n,
        strict: true,
      });
    await waitUntil(async () => expect(validator.output()).toContain('a case cannot be opened yet'));
    expect(await opened()).toHaveLength(0);
    await devnet.stopClock();
    await balance('100');
    await waitUntil(async () => expect(await opened()).toHaveLength(1));
    const command = <T>(...args: string[]) =>
      runCli<T>(devnet, home, ['case', ...args], {
        OPENLEDGER_VALIDATOR_KEY: devnet.key(VALIDATOR),
      });
    // It judges by hand, and finds its vote again.
    const vote = await command<{ commitEnd: number }>('vote', '1', 'convict');
    expect(vote).toMatchObject({ validatorId: 1, verdict: 'convict' });
    await Promise.all([
      expect(command('vote', '1', 'convict')).resolves.toMatchObject({ transaction: null }),
      expect(command('vote', '1', 'acquit')).rejects.toThrow('has committed to convict'),
      expect(command('reveal', '1')).rejects.toThrow('revealed from then until'),
    ]);
    await devnet.travelTo(vote.commitEnd);
    expect(await command('reveal', '1')).toMatchObject({ verdict: 'convict' });
    const stake = parseEther('1000').toString();
    const listed = { caseId: 1, kind: 'claim', subject: claimId, phase: 'reveal' };
    await Promise.all([
      expect(command('list')).resolves.toMatchObject([listed]),
      expect(command('show', '1', '--store', validator.url)).resolves.toMatchObject({
        ...{ accused: NODE_ID, convict: stake, acquit: '0', total: stake },
        evidence: [{ text: expect.stringContaining('The query vector is another one.') }],
        votes: [{ validatorId: 1, revealed: true, convict: true }],
      }),
    ]);
    // One that starts now comes to the same from the chain, and finds the case.
    await validator.end('SIGKILL');
    validator = await startValidator();
    await waitUntil(async () => expect(validator.output()).toContain('there is a case about a claim'));
    expect(await opened()).toHaveLength(1);
  });

  /** Writes another attribution of the last receipt into the node's journal, with the node's own key. */
  async function falsify(): Promise<void> {
    const ledger = await openLedger(join(home, 'node/node.journal'));
    const [entry] = await ledger.receipts(1);
    const store = await openFolderStore({ folder: join(home, 'node/store') });
    const catalog = createCatalog({ chain, store, log: createLog('silent'), capacity: 1 });
    const adapter = await catalog.verify(await catalog.find('ol-2'));
    const lie = await attributeReceipt({
      entry: entry!,
      adapter,
      engine: {
        paidSpans: async () => [],
        shownSpans: async () => [],
        queryVector: async () => new Int8Array(SKETCH_LENGTH).fill(7),
      },
      signer: createNodeSigner(devnet.account(NODE), NODE_ID, chain.settlement),
      now: 1,
    });
    await ledger.append(lie);
    await ledger.close();
  }
});
