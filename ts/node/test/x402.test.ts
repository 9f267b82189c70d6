import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadBase } from '@openledger/engine/model/base';
import { attributionSettlementAbi, governanceOpenAbi, inferenceEscrowAbi } from '@openledger/sdk/abis';
import { hashReceipt } from '@openledger/sdk/protocol/receipts';
import { recoverReceiptIssuer } from '@openledger/sdk/protocol/vouchers';
import type { PaymentPayload } from '@x402/core/types';
import { createTestClient, type Hex, http, parseEther, parseSignature, publicActions } from 'viem';
import { foundry } from 'viem/chains';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../test/e2e/anvil.ts';
import { startChain, type TestChain } from '../../../test/e2e/chain.ts';
import { type Chain, walletOn } from '../src/chain/chain.ts';
import { openFolderStore } from '../src/store/folder-store.ts';
import { untrained } from './support/adapter.ts';
import { runCli } from './support/cli.ts';
import { type NodeProcess, startNode } from './support/node-process.ts';
import { type Payer, payerOf, payingByHand, post, wrapOpen } from './support/payer.ts';
import { connect, publishWorld } from './support/world.ts';

const BASE = join(import.meta.dirname, '../../models/base');
const [NODE, STRANGER, CONSUMER, POOR] = [13, 14, 16, 17];

type Paid = {
  choices: { message: { content: string } }[];
  openledger: {
    receiptHash: Hex;
    receipt: { fee: string; channelId: Hex; [field: string]: unknown };
    nodeSignature: Hex;
    citations: { asset: number }[];
    payment: { payer: Hex; amount: string; channelId: Hex; transaction: Hex };
    channelOffer?: { nodeId: number; deposit: string };
  };
};

describe('a call without a channel, on a real chain', () => {
  let devnet: TestChain;
  let chain: Chain;
  let home: string;
  let node: NodeProcess;
  let world: Awaited<ReturnType<typeof publishWorld>>;
  let payer: Payer;

  const start = (more: string[] = []) =>
    startNode(
      ['--home', join(home, 'node'), '--rpc', devnet.rpc, '--deployment', devnet.deployment, ...more],
      { OPENLEDGER_NODE_KEY: devnet.key(NODE) },
    );
  const url = () => `${node.url}/v1/chat/completions`;
  const chat = (extra: Record<string, unknown> = {}) => ({
    model: 'ol-2',
    messages: [{ role: 'user', content: 'What is told of house 1 and light 2?' }],
    max_tokens: 12,
    ...extra,
  });
  const balance = () =>
    chain.client.readContract({
      address: chain.contracts.GovernanceOpen,
      abi: governanceOpenAbi,
      functionName: 'balanceOf',
      args: [devnet.account(CONSUMER).address],
    });

  const { signed, pay, refusal } = payingByHand(() => payer, url);

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'openledger-x402-'));
    devnet = await startChain();
    chain = await connect(devnet);
    const base = await loadBase(BASE);
    const store = await openFolderStore({ folder: join(home, 'node/store') });
    world = await publishWorld(devnet, chain, store, { baseHash: base.weightsHash, learn: untrained(base) });
    node = await start();
    await wrapOpen(chain, devnet.account(CONSUMER), parseEther('5'));
    payer = payerOf(chain, devnet.account(CONSUMER));
  });

  afterAll(async () => {
    node?.child.kill('SIGKILL');
    await devnet?.close();
    await rm(home, { recursive: true, force: true });
  });

  it('is paid by the published client, unchanged, and its data owners are paid when it settles', async () => {
    const before = await balance();
    const asked = chat({ openledger: { retrieval: { datanets: [1], k: 2 } } });
    const response = await payer.fetch(url(), post(asked));
    expect(response.status).toBe(200);
    const answer = (await response.json()) as Paid;
    const { receipt, payment, receiptHash, nodeSignature, citations } = answer.openledger;
    expect(citations).toHaveLength(2);
    const settled = payer.http.getPaymentSettleResponse((name) => response.headers.get(name));
    expect(settled).toMatchObject({ success: true, transaction: payment.transaction, amount: receipt.fee });
    expect(settled.payer).toBe(devnet.account(CONSUMER).address);
    // One receipt at exactly the price that was signed for, issued by the node.
    expect(before - (await balance())).toBe(BigInt(receipt.fee));
    expect(hashReceipt({ ...receipt, fee: BigInt(receipt.fee) } as never)).toBe(receiptHash);
    expect(await recoverReceiptIssuer(chain.settlement, 1, receiptHash, nodeSignature)).toBe(
      devnet.account(NODE).address,
    );

    expect((await node.settle()).json).toMatchObject({ settled: true, receipts: 1, fees: receipt.fee });
    await devnet.travel(31);
    const { json } = await node.request<Payouts>('/v1/payouts');
    const paidTo = (assets: readonly number[]) => json.payouts.filter(({ asset }) => assets.includes(asset));
    const earned = paidTo([...world.assets, baselineOf(world.adapter)]);
    // 40 % of the fee belongs to who contributed the data: by evidence, and else by the baseline of the model.
    expect(earned.reduce((sum, { payable }) => sum + BigInt(payable), 0n)).toBe(
      (BigInt(receipt.fee) * 4_000n) / 10_000n,
    );
    const [first] = paidTo([citations[0].asset]);
    expect(BigInt(first.payable)).toBeGreaterThan(0n);
    const owner = devnet.account(2 + world.assets.indexOf(first.asset)).address;
    const balanceBefore = await chain.client.getBalance({ address: owner });
    await claim(first.payout, json.finalClaim);
    expect((await chain.client.getBalance({ address: owner })) - balanceBefore).toBe(BigInt(first.payable));
  });

  it('is streamed, and the header says before the first word that it was paid', async () => {
    const response = await payer.fetch(url(), post(chat({ stream: true })));
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const settled = payer.http.getPaymentSettleResponse((name) => response.headers.get(name));
    expect(settled.success).toBe(true);
    const events = (await response.text()).split('\n\n').filter((event) => event.startsWith('data: {'));
    expect(events.length).toBeGreaterThan(3);
    const last = JSON.parse(events.at(-1)?.slice(6) ?? '') as Paid;
    expect(last.openledger.payment).toMatchObject({ transaction: settled.transaction });
    expect(last.openledger.receipt.fee).toBe(last.openledger.payment.amount);
  });

  it('refuses what is forged, changed, used, late or not covered, with the codes of the library', async () => {
    const before = await balance();
    const good = await signed(chat());
    const { authorization, signature } = good.payload as Authorized;
    const withAuthorization = (change: Partial<Authorized['authorization']>) => ({
      ...good,
      payload: { signature, authorization: { ...authorization, ...change } },
    });
    const withAccepted = (change: Partial<PaymentPayload['accepted']>) => ({
      ...good,
      accepted: { ...good.accepted, ...change },
    });
    const less = (BigInt(authorization.value) - 1n).toString();
    const other = devnet.account(STRANGER).address;
    const noMatch = 'No matching payment requirements';
    const wrong: [PaymentPayload, string][] = [
      [withAccepted({ amount: less }), noMatch],
      [withAccepted({ network: 'eip155:1' }), noMatch],
      [withAccepted({ asset: other }), noMatch],
      [withAccepted({ payTo: other }), noMatch],
      [withAccepted({ scheme: 'upto' }), noMatch],
      [{ ...good, payload: { signature, permit2Authorization: {} } }, 'unsupported_payload_type'],
      [withAuthorization({ value: less }), 'invalid_exact_evm_signature'],
      [withAuthorization({ to: other }), 'invalid_exact_evm_signature'],
      [withAuthorization({ from: other }), 'invalid_exact_evm_signature'],
      [withAuthorization({ validBefore: '99999999999' }), 'invalid_exact_evm_signature'],
    ];
    for (const [payment, reason] of wrong) expect(await refusal(chat(), payment)).toBe(reason);
    const [poor] = [payerOf(chain, devnet.account(POOR))];
    const uncovered = await signed(chat(), poor);
    expect(await refusal(chat(), uncovered)).toBe('invalid_exact_evm_insufficient_balance');
    // A signature that is good, over a window that is not.
    const late = await signedOver(good, { validBefore: String(Math.floor(Date.now() / 1000) - 1) });
    expect(await refusal(chat(), late)).toBe('invalid_exact_evm_payload_authorization_valid_before');
    const early = await signedOver(good, { validAfter: String(Math.floor(Date.now() / 1000) + 60) });
    expect(await refusal(chat(), early)).toBe('invalid_exact_evm_payload_authorization_valid_after');
    const toOther = await signedOver(good, { to: other });
    expect(await refusal(chat(), toOther)).toBe('invalid_exact_evm_recipient_mismatch');
    const cheap = await signedOver(good, { value: less });
    expect(await refusal(chat(), cheap)).toBe('invalid_exact_evm_payload_authorization_value_mismatch');
    expect(await balance()).toBe(before);

    expect((await pay(chat(), good)).status).toBe(200);
    expect(await refusal(chat(), good)).toBe('invalid_exact_evm_nonce_already_used');
  });

  it('cannot be executed past the inbox, nor used by somebody else', async () => {
    const payment = await signed(chat());
    const { authorization, signature } = payment.payload as Authorized;
    const { r, s, v } = parseSignature(signature);
    const { from, to, value, validAfter, validBefore, nonce } = authorization;
    const attempt = chain.client.simulateContract({
      account: devnet.account(STRANGER),
      address: chain.contracts.GovernanceOpen,
      abi: governanceOpenAbi,
      functionName: 'transferWithAuthorization',
      args: [from, to, BigInt(value), BigInt(validAfter), BigInt(validBefore), nonce, Number(v), r, s],
    });
    await expect(attempt).rejects.toThrow('GovernanceOpen_PullOnly');
    const answer = (await (await pay(chat(), payment)).json()) as Paid;
    // The channel is the consumer's, and for that call alone.
    const { channelId } = answer.openledger.payment;
    const stolen = await fetch(
      url(),
      post(chat({ openledger: { channelId, salt: `0x${'07'.repeat(32)}` } })),
    );
    expect(stolen.status).toBe(403);
    const channel = await chain.client.readContract({
      address: chain.contracts.InferenceEscrow,
      abi: inferenceEscrowAbi,
      functionName: 'channel',
      args: [channelId],
    });
    expect(channel.consumer).toBe(devnet.account(CONSUMER).address);
  });

  it('serves many at once, and offers a channel after a few', async () => {
    const ask = async (light: number) => {
      const messages = [{ role: 'user', content: `Where is light ${light}?` }];
      const response = await payer.fetch(url(), post(chat({ messages })));
      const text = await response.text();
      expect(`${response.status} ${text}`).toMatch(/^200 /);
      return JSON.parse(text) as Paid;
    };
    const answers = await Promise.all([1, 2, 3, 4, 5].map(ask));
    expect(new Set(answers.map(({ openledger }) => openledger.payment.channelId)).size).toBe(5);
    const { openledger } = await ask(6);
    expect(openledger.channelOffer).toMatchObject({
      nodeId: 1,
      deposit: expect.stringMatching(/^\d+$/),
    });
  });

  it('is answered once after a crash between the payment and the answer', async () => {
    const body = chat({ messages: [{ role: 'user', content: 'What came after the storm?' }] });
    const payment = await signed(body);
    const anvil = createTestClient({ mode: 'anvil', chain: foundry, transport: http(devnet.rpc) }).extend(
      publicActions,
    );
    await anvil.setAutomine(false);
    const lost = pay(body, payment).catch(() => undefined);
    await waitUntil(async () => {
      const { pending } = await anvil.getTxpoolStatus();
      if (pending === 0) throw new Error('nothing sent yet');
    });
    await node.end('SIGKILL');
    await lost;
    await anvil.mine({ blocks: 1 });
    await anvil.setAutomine(true);
    node = await start();
    const before = await balance();
    // Another request at the same price cannot use the payment up; the one that it was for is answered.
    expect(await refusal({ ...body, seed: 7 }, payment)).toBe('invalid_exact_evm_nonce_already_used');
    const again = await pay(body, payment);
    expect(again.status).toBe(200);
    const { openledger } = (await again.json()) as Paid;
    expect(openledger.payment.transaction).toMatch(/^0x/);
    expect(await refusal(body, payment)).toBe('invalid_exact_evm_nonce_already_used');
    expect(await balance()).toBe(before);
    // Everything that was served settles: one receipt for each payment.
    expect((await node.settle()).json).toMatchObject({ settled: true });
  });

  it('is free as often as the operator says, with receipts that settle and counts that outlive the node', async () => {
    await devnet.travel(31);
    await node.end('SIGTERM');
    const free = ['--free-calls', '2', '--free-total', '3'];
    node = await start(free);
    const ask = async (extra = {}) => fetch(url(), post(chat({ max_tokens: 4, ...extra })));
    const first = (await (await ask()).json()) as Paid & Free;
    expect(first.openledger.free.remaining).toBe(1);
    expect(first.openledger.payment).toBeUndefined();
    expect(BigInt(first.openledger.receipt.fee)).toBeGreaterThan(0n);
    const events = (await (await ask({ stream: true })).text()).split('\n\n');
    const second = JSON.parse(
      events.findLast((event) => event.startsWith('data: {'))?.slice(6) ?? '',
    ) as Paid & Free;
    expect(second.openledger.free.remaining).toBe(0);
    await node.end('SIGKILL');
    node = await start(free);
    const refused = await ask();
    expect(refused.status).toBe(402);
    expect(((await refused.json()) as { error: { message: string } }).error.message).toMatch(/used up.*x402/);
    // Who pays is served as before, and both kinds settle together.
    const third = (await (await payer.fetch(url(), post(chat({ max_tokens: 4 })))).json()) as Paid;
    const fees = [first, second, third].reduce(
      (sum, { openledger }) => sum + BigInt(openledger.receipt.fee),
      0n,
    );
    expect((await node.settle()).json).toMatchObject({ settled: true, receipts: 3, fees: fees.toString() });
    await devnet.travel(31);
    const { json } = await node.request<Payouts>('/v1/payouts');
    expect(json.finalClaim.fees).toBe(fees.toString());

    // What is left of the node's own deposits comes back to its operator.
    const { channelId } = first.openledger.receipt;
    const channel = <T>(...args: string[]) =>
      runCli<T>(devnet, home, ['channel', ...args], { OPENLEDGER_KEY: devnet.key(NODE) });
    const [own, paid] = await Promise.all([
      channel<Listed[]>('list'),
      channel<Listed[]>('list', '--address', devnet.account(CONSUMER).address),
      expect(channel('withdraw', channelId)).rejects.toThrow('First: openledger channel exit'),
    ]);
    // Those of a payer, which the node opened, are the payer's.
    expect(paid.map((one) => one.channelId)).toContain(third.openledger.receipt.channelId);
    const sponsored = own.find((one) => one.channelId === channelId)!;
    expect(sponsored).toMatchObject({ purpose: 'free calls', state: 'open', exitAt: 0 });
    const asked = await channel<{ amount: string; exitAt: number }>('exit', channelId);
    expect(asked.amount).toBe(sponsored.left);
    // To ask again does not begin the wait anew.
    const again = { exitAt: asked.exitAt, transaction: null };
    await Promise.all([
      expect(channel('exit', channelId)).resolves.toMatchObject(again),
      expect(channel('withdraw', channelId)).rejects.toThrow('can be withdrawn from'),
    ]);
    await devnet.travel(10);
    expect(await channel('withdraw', channelId)).toMatchObject({ amount: sponsored.left });
  });

  /** The payment with another authorization, signed well. */
  async function signedOver(
    payment: PaymentPayload,
    change: Partial<Authorized['authorization']>,
  ): Promise<PaymentPayload> {
    const authorization = { ...(payment.payload as Authorized).authorization, ...change };
    const signature = await devnet.account(CONSUMER).signTypedData({
      domain: {
        name: 'Governance OPEN',
        version: '1',
        chainId: chain.viemChain.id,
        verifyingContract: chain.contracts.GovernanceOpen,
      },
      types: {
        TransferWithAuthorization: [
          { name: 'from', type: 'address' },
          { name: 'to', type: 'address' },
          { name: 'value', type: 'uint256' },
          { name: 'validAfter', type: 'uint256' },
          { name: 'validBefore', type: 'uint256' },
          { name: 'nonce', type: 'bytes32' },
        ],
      },
      primaryType: 'TransferWithAuthorization',
      message: {
        ...authorization,
        value: BigInt(authorization.value),
        validAfter: BigInt(authorization.validAfter),
        validBefore: BigInt(authorization.validBefore),
      },
    });
    return { ...payment, payload: { authorization, signature } };
  }

  async function claim(payout: Payouts['payouts'][0]['payout'], final: Payouts['finalClaim']): Promise<void> {
    const hash = await walletOn(chain, devnet.account(STRANGER)).writeContract({
      address: chain.contracts.AttributionSettlement,
      abi: attributionSettlementAbi,
      functionName: 'claim',
      args: [
        { ...payout, cumulative: BigInt(payout.cumulative), delta: BigInt(payout.delta) },
        { ...final, fees: BigInt(final.fees), payoutsTotal: BigInt(final.payoutsTotal) },
      ] as never,
    });
    await chain.client.waitForTransactionReceipt({ hash });
  }
});

type Free = { openledger: { free: { remaining: number; resetsAt: number } } };

type Listed = { channelId: Hex; left: string };

type Authorized = {
  signature: Hex;
  authorization: { from: Hex; to: Hex; value: string; validAfter: string; validBefore: string; nonce: Hex };
};

const baselineOf = (modelId: number) => modelId * 4 + 2;

type Payouts = {
  payouts: {
    asset: number;
    payable: string;
    payout: { cumulative: string; delta: string; [field: string]: unknown };
  }[];
  finalClaim: { fees: string; payoutsTotal: string; [field: string]: unknown };
};
