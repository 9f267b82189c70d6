import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadBase } from '@openledger/engine/model/base';
import {
  agentRegistryAbi,
  attributionSettlementAbi,
  inferenceEscrowAbi,
  modelRegistryAbi,
} from '@openledger/sdk/abis';
import { createInferenceClient } from '@openledger/sdk/client/inference-client';
import { verifyReceipt } from '@openledger/sdk/light';
import { parseLightProof } from '@openledger/sdk/light/proof';
import { SETTLEMENT_STORAGE } from '@openledger/sdk/light/slots';
import { readSlots, slotWord } from '@openledger/sdk/light/state';
import { recoverReceiptIssuer } from '@openledger/sdk/protocol/vouchers';
import OpenAI from 'openai';
import { createTestClient, type Hex, http, publicActions } from 'viem';
import { foundry } from 'viem/chains';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../test/e2e/anvil.ts';
import { startChain, type TestChain } from '../../../test/e2e/chain.ts';
import { freePort } from '../../../test/e2e/ports.ts';
import type { Chain } from '../src/chain/chain.ts';
import { createSettlementReader } from '../src/chain/settlement-reader.ts';
import { type NodeProcess, operator, spawnNode, startNode } from './support/node-process.ts';
import { type RpcProxy, startProxy } from './support/proxy.ts';
import { startVllm } from './support/vllm-shapes.ts';
import { connect, openChannel, PRICES, send } from './support/world.ts';

const [BUILDER, CONSUMER, NODE, NEXT, ANYONE] = [11, 12, 13, 14, 19];
const BASE = join(import.meta.dirname, '../../models/base');

describe('the node, as a process on a real chain', () => {
  let devnet: TestChain;
  let chain: Chain;
  let proxy: RpcProxy;
  let home: string;
  let node: NodeProcess;
  let channelId: Hex;

  const args = () => ['--home', join(home, 'node'), '--rpc', proxy.url, '--deployment', devnet.deployment];
  const start = () => startNode(args(), { OPENLEDGER_NODE_KEY: devnet.key(NODE) });
  const anvil = () =>
    createTestClient({ mode: 'anvil', chain: foundry, transport: http(devnet.rpc) }).extend(publicActions);

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'openledger-node-'));
    devnet = await startChain();
    chain = await connect(devnet);
    proxy = await startProxy(devnet.rpc);
    const { weightsHash, tokenizerHash } = await loadBase(BASE);
    const registry = { address: chain.contracts.ModelRegistry, abi: modelRegistryAbi } as const;
    const builder = devnet.account(BUILDER);
    const terms = { weightsHash, tokenizerHash, licence: 'MIT', uri: '' };
    await send(chain, builder, { ...registry, functionName: 'registerBase', args: [terms] });
    await send(chain, builder, { ...registry, functionName: 'setPrices', args: [1, PRICES] });
    node = await start();
    channelId = await openChannel(chain, devnet.account(CONSUMER), 1);
  });

  afterAll(async () => {
    node?.child.kill('SIGKILL');
    await proxy?.down();
    await devnet?.close();
    await rm(home, { recursive: true, force: true });
  });

  let client: ReturnType<typeof createInferenceClient>;
  const ask = (content: string) =>
    client.ask({ model: 'ol-1', messages: [{ role: 'user', content }], max_tokens: 8 });
  const connectClient = () => {
    const view = { client: chain.client as never, book: devnet.book };
    const store = storeOf();
    client = createInferenceClient({
      nodeUrl: node.url,
      channelId,
      account: devnet.account(CONSUMER),
      chain: view,
      isPublic: true,
      store,
    });
  };
  const records = new Map();
  const storeOf = () => ({
    load: async (id: Hex) => records.get(id),
    save: async (record: { channelId: Hex }) => void records.set(record.channelId, record),
  });

  async function claims() {
    const reader = createSettlementReader(chain);
    await reader.sync();
    return reader.node(1).claims;
  }

  it('answers, attributes, settles in one transaction, and the payout proof pays to the wei', async () => {
    connectClient();
    const answers = [await ask('Who kept the light?'), await ask('What is a bell made of?')];
    const fees = answers.reduce((sum, { receipt }) => sum + receipt.fee, 0n);
    const view = await waitUntil(async () => {
      const { json } = await node.request<ReceiptJson>(`/v1/receipts/${answers[0].receiptHash}`);
      if (json.attribution === null) throw new Error('not attributed yet');
      return { ...json, attribution: json.attribution };
    });
    expect(view).toMatchObject({ status: 'signed', output: answers[0].text });
    // A base model has no contributions to attribute to: their share goes to the treasury.
    expect(view.attribution.items.map(({ kindName }) => kindName)).toEqual(['model', 'treasury']);

    const settled = await node.settle();
    expect(settled.json).toMatchObject({ settled: true, receipts: 2, vouchers: 1, fees: fees.toString() });
    expect((await node.settle()).json).toMatchObject({ settled: false });
    await devnet.travel(31);
    const { json } = await node.request<PayoutsJson>('/v1/payouts');
    const { payouts, finalClaim } = json;
    for (const path of ['/v1/models', '/v1/claims', '/v1/receipts', '/ready']) {
      expect((await node.request(path)).status).toBe(200);
    }
    const treasury = payouts.find(({ asset }) => asset === 0)!;
    expect(BigInt(treasury.payable)).toBe((fees * 4_000n) / 10_000n);
    const timelock = devnet.book.contracts.OpenTimelock;
    const before = await chain.client.getBalance({ address: timelock });
    const payout = {
      ...treasury.payout,
      cumulative: BigInt(treasury.payout.cumulative),
      delta: BigInt(treasury.payout.delta),
    };
    const claim = {
      ...finalClaim,
      fees: BigInt(finalClaim.fees),
      payoutsTotal: BigInt(finalClaim.payoutsTotal),
    };
    await send(chain, devnet.account(ANYONE), {
      address: chain.contracts.AttributionSettlement,
      abi: attributionSettlementAbi,
      functionName: 'claim',
      args: [payout, claim],
    });
    const flushed = await node.request('/v1/flush', operator);
    expect(flushed.status).toBe(200);
    // The contributors' 40 % that nobody else earned, and the treasury's own 5 %.
    expect(await chain.client.getBalance({ address: timelock })).toBe(before + (fees * 4_500n) / 10_000n);
  });

  it('proves a settled receipt to whoever knows a block’s hash and nothing else', async () => {
    const answers = await ask('Who rang the bell?');
    const path = `/v1/receipts/${answers.receiptHash}/proof`;
    expect((await node.request(path)).status).toBe(404);
    expect((await node.settle()).json).toMatchObject({ settled: true });
    const trustNow = async () => ({
      blockHash: (await chain.client.getBlock()).hash,
      chainId: 31_337,
      settlement: chain.contracts.AttributionSettlement,
      agents: chain.contracts.AgentRegistry,
    });
    const proofNow = async () => parseLightProof(await (await fetch(node.url + path)).text());
    const answer = { text: answers.text, salt: answers.salt };
    const proposed = await verifyReceipt(await proofNow(), await trustNow(), answer);
    expect(proposed).toMatchObject({ status: 'proposed', receiptHash: answers.receiptHash });
    expect((await node.request(path)).status).toBe(200);
    await devnet.travel(31);
    const trust = await trustNow();
    const proof = await proofNow();
    const shown = await verifyReceipt(proof, trust, answer);
    expect(shown).toMatchObject({ status: 'final', fee: answers.receipt.fee });
    const record = await chain.client.readContract({
      address: chain.contracts.AttributionSettlement,
      abi: attributionSettlementAbi,
      functionName: 'claimRecord',
      args: [shown.claimId],
    });
    expect(shown.end).toBe(BigInt(record.end));
    // Slots that were never written are proved to be so.
    const account = chain.contracts.AttributionSettlement;
    const slots = Array.from({ length: 24 }, (_, index) => slotWord(SETTLEMENT_STORAGE + BigInt(index)));
    const { stateRoot } = await chain.client.getBlock();
    const given = await chain.client.getProof({ address: account, storageKeys: slots });
    const storageProof = given.storageProof.map((one) => one.proof);
    const read = readSlots(stateRoot, account, slots, { accountProof: given.accountProof, storageProof });
    const stored = await Promise.all(
      slots.map((slot) => chain.client.getStorageAt({ address: account, slot })),
    );
    expect(read).toEqual(stored.map((value) => BigInt(value ?? 0)));
    expect(new Set(read.map((value) => value === 0n)).size).toBe(2);
    // A base model has no contributors: owner and treasury share what the fee has for both.
    const paid = shown.payments.reduce((sum, { amount }) => sum + amount, 0n);
    expect(paid).toBe((answers.receipt.fee * 6_000n) / 10_000n);
  });

  it('does not settle twice when it is killed while its transaction waits to be mined', async () => {
    await ask('Where do the ferries go?');
    const before = (await claims()).length;
    await anvil().setAutomine(false);
    const settling = node.settle().catch(() => undefined);
    await waitUntil(async () => {
      const { pending } = await anvil().getTxpoolStatus();
      if (pending === 0) throw new Error('nothing sent yet');
    });
    await node.end('SIGKILL');
    await settling;
    node = await start();
    connectClient();
    // The new process sees the old transaction and waits for it instead of sending another.
    expect((await node.settle()).status).toBe(409);
    await anvil().mine({ blocks: 1 });
    await anvil().setAutomine(true);
    expect((await node.settle()).json).toMatchObject({ settled: false });
    expect((await claims()).length).toBe(before + 1);
    await devnet.travel(31);
    // The channel goes on in its next epoch, with the client's record from before.
    const { receipt } = await ask('What came after?');
    expect(receipt.position).toBe(0);
    expect((await node.settle()).json).toMatchObject({ settled: true, receipts: 1 });
    await devnet.travel(31);
  });

  it('loses nothing when it is killed in the middle of answers', async () => {
    for (let round = 0; round < 3; round += 1) {
      const answering = ask(`Round ${round}: tell me of the orchard`).catch(() => undefined);
      await new Promise((done) => setTimeout(done, 30 + 60 * round));
      await node.end('SIGKILL');
      await answering;
      node = await start();
      connectClient();
      expect((await ask('And now?')).receipt.fee).toBeGreaterThan(0n);
    }
    const signed = records.get(channelId).voucher as { cumulativeFee: bigint };
    expect((await node.settle()).json).toMatchObject({ settled: true });
    const channel = await node.request<{ settled: string }>(`/v1/channels/${channelId}`);
    expect(BigInt(channel.json.settled)).toBe(signed.cumulativeFee);
    await devnet.travel(31);
  });

  it('redeems what a consumer has signed who leaves while a claim is open', async () => {
    const leaver = devnet.account(CONSUMER);
    const leaving = await openChannel(chain, leaver, 1);
    const guest = createInferenceClient({
      ...{ nodeUrl: node.url, channelId: leaving, account: leaver, isPublic: true, store: storeOf() },
      chain: { client: chain.client as never, book: devnet.book },
    });
    await ask('What is open now?');
    expect((await node.settle()).json).toMatchObject({ settled: true });
    const { receipt } = await guest.ask({
      ...{ model: 'ol-1', messages: [{ role: 'user', content: 'And what is left?' }], max_tokens: 8 },
    });
    const escrow = { address: chain.contracts.InferenceEscrow, abi: inferenceEscrowAbi } as const;
    await send(chain, leaver, { ...escrow, functionName: 'requestExit', args: [leaving] });
    const channel = () => chain.client.readContract({ ...escrow, functionName: 'channel', args: [leaving] });
    // Before the ten seconds of an exit are over: the chain's clock only goes on with blocks.
    await waitUntil(async () => expect(await channel()).toMatchObject({ settled: receipt.fee }));
    expect((await node.settle()).json).toMatchObject({ settled: false });
    await devnet.travel(31);
    await send(chain, leaver, { ...escrow, functionName: 'withdraw', args: [leaving] });
    expect((await node.settle()).json).toMatchObject({ settled: true, receipts: 1, vouchers: 0 });
    await devnet.travel(31);
  });

  it('says so when the RPC goes away, and goes on when it is back', async () => {
    await proxy.down();
    expect((await node.request('/health')).status).toBe(503);
    expect((await node.settle()).json).toMatchObject({ error: { code: 'chain_unreachable' } });
    await proxy.up();
    expect((await node.request('/health')).status).toBe(200);
    expect((await ask('Are you there?')).receipt.position).toBe(0);
  });

  it('serves the OpenAI client: chat, a plain completion and embeddings, all paid and settled', async () => {
    const { fetch } = client;
    const openai = new OpenAI({ baseURL: `${node.url}/v1`, apiKey: 'none', fetch, maxRetries: 0 });
    const messages = [{ role: 'user' as const, content: 'Who kept the light?' }];
    const chat = await openai.chat.completions.create({ model: 'ol-1', messages, max_tokens: 4 });
    expect(chat.usage?.completion_tokens).toBeGreaterThan(0);
    const asked = { model: 'ol-1', prompt: 'Once upon a time', max_tokens: 4, logprobs: 1 };
    const { choices } = await openai.completions.create(asked);
    expect(choices[0]!.logprobs!.token_logprobs!.every((value) => value < 0)).toBe(true);
    const { data } = await openai.embeddings.create({ model: 'ol-1', input: ['the sea', 'the ocean'] });
    expect(data.map(({ embedding }) => Math.hypot(...embedding).toFixed(4))).toEqual(['1.0000', '1.0000']);
    expect((await node.settle()).json).toMatchObject({ settled: true, vouchers: 1 });
    await devnet.travel(31);
  });

  it('lets a cluster generate, and keeps payment, receipts and attribution', async () => {
    const { tokenizer } = await loadBase(BASE);
    const ids = tokenizer.encode('Old Tam kept it.');
    const cluster = await startVllm({
      answer: () => ({ chunks: [{ ids, text: 'Old Tam kept it.' }], finish: 'length' }),
    });
    await node.end('SIGTERM');
    node = await startNode([...args(), '--serve-url', cluster.url], {
      OPENLEDGER_NODE_KEY: devnet.key(NODE),
    });
    connectClient();
    const { text, receipt, receiptHash } = await ask('Who kept the light?');
    expect([text, receipt.tokensOut]).toEqual(['Old Tam kept it.', ids.length]);
    const prompt = tokenizer.encodeChat([{ role: 'user', content: 'Who kept the light?' }]);
    expect(cluster.requests.at(-1)?.body).toMatchObject({ prompt, max_tokens: 8, return_token_ids: true });
    await waitUntil(async () => {
      const { json } = await node.request<ReceiptJson>(`/v1/receipts/${receiptHash}`);
      if (json.attribution === null) throw new Error('not attributed yet');
    });
    await cluster.close();
    await expect(ask('And now?')).rejects.toThrow('does not answer');
    await node.end('SIGTERM');
    node = await start();
    connectClient();
  });

  it('refuses to start on a port in use, in a folder in use, and on another chain', async () => {
    const refuse = async (flags: string[], env: Record<string, string> = {}) => {
      const { exit, output } = spawnNode(flags, { OPENLEDGER_NODE_KEY: devnet.key(NODE), ...env });
      return { code: await exit, output: output() };
    };
    const { port } = new URL(node.url);
    const busy = await refuse(['--port', port, ...args().slice(2), '--home', join(home, 'other')]);
    expect(busy).toMatchObject({ code: 1, output: expect.stringContaining(`Port ${port} is in use`) });
    const free = String(await freePort());
    const locked = await refuse(['--port', free, ...args()]);
    expect(locked).toMatchObject({
      code: 1,
      output: expect.stringContaining('Another process is using the folder'),
    });
    const foreign = join(home, 'foreign.json');
    const book = JSON.parse(await readFile(devnet.deployment, 'utf8'));
    await writeFile(foreign, JSON.stringify({ ...book, chainId: 1 }));
    const other = ['--port', free, '--home', join(home, 'other'), '--rpc', devnet.rpc];
    const wrong = await refuse([...other, '--deployment', foreign]);
    expect(wrong).toMatchObject({
      code: 1,
      output: expect.stringContaining('serves chain 31337, and the address book is for chain 1'),
    });
    const none = await refuse([...other, '--deployment', join(home, 'missing.json')]);
    expect(none.output).toContain('Deploy the contracts first');
    const keyless = await refuse([...other], { OPENLEDGER_NODE_KEY: '' });
    expect(keyless.code).toBe(1);
  });

  it('is the same agent with another wallet: it settles what the former served, and signs for it', async () => {
    const { receiptHash } = await ask('Who has the key?');
    const [owner, next] = [devnet.account(NODE), devnet.account(NEXT)];
    const verifyingContract = chain.contracts.AgentRegistry;
    const deadline = (await chain.client.getBlock()).timestamp + 200n;
    const signature = await next.signTypedData({
      domain: { name: 'ERC8004IdentityRegistry', version: '1', chainId: 31_337, verifyingContract },
      types: {
        AgentWalletSet: [
          { name: 'agentId', type: 'uint256' },
          { name: 'newWallet', type: 'address' },
          { name: 'owner', type: 'address' },
          { name: 'deadline', type: 'uint256' },
        ],
      },
      primaryType: 'AgentWalletSet',
      message: { agentId: 1n, newWallet: next.address, owner: owner.address, deadline },
    });
    const registry = { address: verifyingContract, abi: agentRegistryAbi } as const;
    const set = [1n, next.address, deadline, signature] as const;
    await send(chain, owner, { ...registry, functionName: 'setAgentWallet', args: set });
    await node.end('SIGKILL');
    // With the former key it would join as another agent, and lose what it is owed.
    const former = spawnNode(['--port', '0', ...args()], { OPENLEDGER_NODE_KEY: devnet.key(NODE) });
    expect([await former.exit, former.output()]).toEqual([1, expect.stringContaining('whose wallet is')]);
    // The new key finds the agent on the chain, too.
    await rm(join(home, 'node/node-agent.json'));
    node = await startNode(args(), { OPENLEDGER_NODE_KEY: devnet.key(NEXT) });
    connectClient();
    const { json } = await node.request<{ nodeSignature: Hex }>(`/v1/receipts/${receiptHash}`);
    const issuer = await recoverReceiptIssuer(chain.settlement, 1, receiptHash, json.nodeSignature);
    expect(issuer).toBe(next.address);
    await ask('And who has it now?');
    expect((await node.settle()).json).toMatchObject({ settled: true });
    expect((await node.request(`/v1/receipts/${receiptHash}`)).json).toMatchObject({ status: 'claimed' });
  });

  it('asks the operator for a token, and ends quietly when it is told to', async () => {
    const wrong = await node.request('/v1/settle', {
      method: 'POST',
      headers: { authorization: 'Bearer wrong' },
    });
    expect(wrong.status).toBe(401);
    expect(await node.end('SIGTERM')).toBe(0);
    expect(node.output()).not.toContain('What is a bell made of');
  });
});

type ReceiptJson = {
  status: string;
  output: string;
  attribution: { items: { kindName: string }[] } | null;
};
type PayoutsJson = {
  payouts: {
    asset: number;
    payable: string;
    payout: { cumulative: string; delta: string; [field: string]: unknown };
  }[];
  finalClaim: { fees: string; payoutsTotal: string; [field: string]: unknown };
};
