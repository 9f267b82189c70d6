import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadBase } from '@openledger/engine/model/base';
import {
  attributionSettlementAbi,
  authCaptureEscrowAbi,
  governanceOpenAbi,
  inferenceEscrowAbi,
} from '@openledger/sdk/abis';
import type { PaymentPayload } from '@x402/core/types';
import { createTestClient, type Hex, http, parseEther, publicActions } from 'viem';
import { foundry } from 'viem/chains';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../test/e2e/anvil.ts';
import { startChain, type TestChain } from '../../../test/e2e/chain.ts';
import { type Chain, walletOn } from '../src/chain/chain.ts';
import { openFolderStore } from '../src/store/folder-store.ts';
import { HOLD_ESCROW } from '../src/x402/hold.ts';
import { untrained } from './support/adapter.ts';
import { checkAnswer } from './support/check-answers.ts';
import { type NodeProcess, startNode } from './support/node-process.ts';
import { type Payer, payerOf, payingByHand, post, wrapOpen } from './support/payer.ts';
import { connect, publishWorld } from './support/world.ts';

const BASE = join(import.meta.dirname, '../../models/base');
const [NODE, STRANGER, CONSUMER, POOR] = [13, 14, 16, 17];
const ESCROW = { address: HOLD_ESCROW.escrow, abi: authCaptureEscrowAbi } as const;
const code = (reason: string) => `invalid_auth_capture_evm_${reason}`;

type Paid = {
  usage: { completion_tokens: number };
  openledger: {
    receipt: { fee: string; channelId: Hex };
    citations: { asset: number }[];
    payment: {
      scheme: string;
      payer: Hex;
      amount: string;
      held: string;
      channelId: Hex;
      transaction: Hex;
    };
  };
};

type Signed = {
  signature: Hex;
  salt: Hex;
  authorization: { from: Hex; to: Hex; value: string; validAfter: string; validBefore: string; nonce: Hex };
};

describe('a metered call without a channel, on a real chain', () => {
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
  /** It ends at the first space, long before the tokens that it is priced for. */
  const chat = (extra: Record<string, unknown> = {}) => ({
    model: 'ol-2',
    messages: [{ role: 'user', content: 'What is told of house 1 and light 2?' }],
    max_tokens: 40,
    stop: [' '],
    ...extra,
  });
  const balance = (index = CONSUMER) =>
    chain.client.readContract({
      address: chain.contracts.GovernanceOpen,
      abi: governanceOpenAbi,
      functionName: 'balanceOf',
      args: [devnet.account(index).address],
    });
  const held = () =>
    chain.client.readContract({
      address: chain.contracts.GovernanceOpen,
      abi: governanceOpenAbi,
      functionName: 'balanceOf',
      args: [HOLD_ESCROW.escrow],
    });
  const channel = (channelId: Hex) =>
    chain.client.readContract({
      address: chain.contracts.InferenceEscrow,
      abi: inferenceEscrowAbi,
      functionName: 'channel',
      args: [channelId],
    });
  /** Waits until nothing is on hold any more. */
  const captured = () =>
    waitUntil(async () => {
      if ((await held()) > 0n) throw new Error('something is on hold');
    });
  const anvil = () =>
    createTestClient({ mode: 'anvil', chain: foundry, transport: http(devnet.rpc) }).extend(publicActions);

  const { signed, pay, refusal } = payingByHand(() => payer, url);

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'openledger-metered-'));
    devnet = await startChain();
    chain = await connect(devnet);
    const base = await loadBase(BASE);
    const store = await openFolderStore({ folder: join(home, 'node/store') });
    world = await publishWorld(devnet, chain, store, { baseHash: base.weightsHash, learn: untrained(base) });
    node = await start();
    await wrapOpen(chain, devnet.account(CONSUMER), parseEther('5'));
    payer = payerOf(chain, devnet.account(CONSUMER), 'metered');
  }, 240_000);

  afterAll(async () => {
    node?.child.kill('SIGKILL');
    await devnet?.close();
    await rm(home, { recursive: true, force: true });
  });

  it('is paid by use by the published client, unchanged, and its data owners are paid when it settles', async () => {
    const before = await balance();
    const asked = chat({ openledger: { retrieval: { datanets: [1], k: 2 } } });
    const response = await payer.fetch(url(), post(asked));
    expect(response.status).toBe(200);
    await checkAnswer('POST', '/v1/chat/completions', response.clone());
    const { openledger, usage } = (await response.json()) as Paid;
    const { receipt, payment, citations } = openledger;
    expect(usage.completion_tokens).toBeLessThan(40);
    expect(payment).toMatchObject({ scheme: 'auth-capture', amount: receipt.fee });
    expect(BigInt(payment.held)).toBeGreaterThan(BigInt(receipt.fee));
    // What was settled with the answer is the hold, in the transaction that placed it.
    const settled = payer.http.getPaymentSettleResponse((name) => response.headers.get(name));
    expect(settled).toMatchObject({ success: true, transaction: payment.transaction, amount: payment.held });
    expect(settled.extra).toEqual({ fee: receipt.fee });
    expect(settled.payer).toBe(devnet.account(CONSUMER).address);
    const { logs } = await chain.client.getTransactionReceipt({ hash: payment.transaction });
    expect(logs.length).toBeGreaterThan(0);

    // The consumer paid exactly what the answer used; the rest came back by itself.
    await captured();
    expect(before - (await balance())).toBe(BigInt(receipt.fee));
    expect(await channel(payment.channelId)).toMatchObject({
      deposit: BigInt(receipt.fee),
      consumer: devnet.account(CONSUMER).address,
    });

    expect((await node.settle()).json).toMatchObject({ settled: true, receipts: 1, fees: receipt.fee });
    await devnet.travel(31);
    const { json } = await node.request<Payouts>('/v1/payouts');
    const paidTo = (assets: readonly number[]) => json.payouts.filter(({ asset }) => assets.includes(asset));
    const earned = paidTo([...world.assets, world.adapter * 4 + 2]);
    expect(earned.reduce((sum, { payable }) => sum + BigInt(payable), 0n)).toBe(
      (BigInt(receipt.fee) * 4_000n) / 10_000n,
    );
    const [first] = paidTo([citations[0].asset]);
    const owner = devnet.account(2 + world.assets.indexOf(first.asset)).address;
    const balanceBefore = await chain.client.getBalance({ address: owner });
    await claim(first.payout, json.finalClaim);
    expect((await chain.client.getBalance({ address: owner })) - balanceBefore).toBe(BigInt(first.payable));
  }, 120_000);

  it('is streamed: the header says what is on hold, and the last event what it did cost', async () => {
    const before = await balance();
    const response = await payer.fetch(url(), post(chat({ stream: true })));
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const settled = payer.http.getPaymentSettleResponse((name) => response.headers.get(name));
    const events = (await response.text()).split('\n\n').filter((event) => event.startsWith('data: {'));
    const { openledger } = JSON.parse(events.at(-1)?.slice(6) ?? '') as Paid;
    const { amount, held: most, transaction } = openledger.payment;
    expect(settled).toMatchObject({ success: true, transaction, amount: most });
    expect(BigInt(amount)).toBeLessThan(BigInt(most));
    await captured();
    expect(before - (await balance())).toBe(BigInt(amount));
  }, 30_000);

  it('refuses what is forged, changed, used, late or not covered, with the codes of the scheme', async () => {
    const before = await balance();
    const good = await signed(chat());
    const payload = good.payload as Signed;
    const { authorization, signature, salt } = payload;
    const withPayload = (change: Record<string, unknown>) => ({
      ...good,
      payload: { ...payload, ...change },
    });
    const withAuthorization = (change: Partial<Signed['authorization']>) =>
      withPayload({ authorization: { ...authorization, ...change } });
    const withExtra = (change: Record<string, unknown>) => ({
      ...good,
      accepted: { ...good.accepted, extra: { ...good.accepted.extra, ...change } },
    });
    const less = (BigInt(authorization.value) - 1n).toString();
    const other = devnet.account(STRANGER).address;
    const flipped = `${signature.slice(0, -4)}${signature.endsWith('1b') ? '001c' : '001b'}` as Hex;
    const soon = Math.floor(Date.now() / 1000) + 300;
    const noMatch = 'No matching payment requirements';
    const wrong: [PaymentPayload, string][] = [
      [{ ...good, accepted: { ...good.accepted, amount: less } }, noMatch],
      [{ ...good, accepted: { ...good.accepted, payTo: other } }, noMatch],
      [withExtra({ captureAuthorizer: other }), noMatch],
      [withExtra({ feeRecipient: other, maxFeeBps: 500 }), noMatch],
      [withPayload({ salt: undefined }), code('payload_format')],
      [withPayload({ authorization: undefined, permit2Authorization: {} }), code('payload_format')],
      [withExtra({ captureDeadline: soon }), code('extra')],
      [withExtra({ captureDeadline: soon, refundDeadline: soon }), code('deadline_ordering')],
      [withAuthorization({ to: other }), code('token_collector_mismatch')],
      [withAuthorization({ value: less }), code('amount_mismatch')],
      [withAuthorization({ from: other }), code('signature')],
      [withAuthorization({ validBefore: String(soon) }), code('nonce_mismatch')],
      [withAuthorization({ validBefore: '1' }), code('authorization_expired')],
      [withAuthorization({ nonce: `0x${'11'.repeat(32)}` }), code('nonce_mismatch')],
      [withPayload({ salt: `0x${'22'.repeat(32)}` }), code('nonce_mismatch')],
      [withPayload({ signature: flipped }), code('signature')],
      [withPayload({ signature: `${signature}${'6492'.repeat(16)}` }), code('erc6492_factory_not_allowed')],
    ];
    for (const [payment, reason] of wrong) expect(await refusal(chat(), payment)).toBe(reason);
    const uncovered = await signed(chat(), payerOf(chain, devnet.account(POOR), 'metered'));
    expect(await refusal(chat(), uncovered)).toBe(code('insufficient_balance'));
    expect(await balance()).toBe(before);

    // Nobody but the node's inbox can place the hold.
    const info = {
      ...{
        operator: good.accepted.payTo as Hex,
        payer: authorization.from,
        token: good.accepted.asset as Hex,
      },
      ...{ receiver: good.accepted.payTo as Hex, maxAmount: BigInt(authorization.value) },
      ...{ preApprovalExpiry: Number(authorization.validBefore), minFeeBps: 0, maxFeeBps: 0 },
      authorizationExpiry: Number(good.accepted.extra.captureDeadline),
      refundExpiry: Number(good.accepted.extra.refundDeadline),
      ...{ feeReceiver: `0x${'00'.repeat(20)}` as Hex, salt: BigInt(salt) },
    };
    const attempt = chain.client.simulateContract({
      ...{ ...ESCROW, account: devnet.account(STRANGER), functionName: 'authorize' },
      args: [info, info.maxAmount, HOLD_ESCROW.eip3009Collector, signature],
    });
    await expect(attempt).rejects.toThrow('InvalidSender');

    expect((await pay(chat(), good)).status).toBe(200);
    expect(await refusal(chat(), good)).toBe(code('payment_already_collected'));
    await captured();
    expect(await refusal(chat(), good)).toBe(code('payment_already_collected'));
  }, 120_000);

  it('serves many at once', async () => {
    const before = await balance();
    const ask = async (light: number) => {
      const messages = [{ role: 'user', content: `Where is light ${light}?` }];
      const response = await payer.fetch(url(), post(chat({ messages })));
      const text = await response.text();
      expect(`${response.status} ${text}`).toMatch(/^200 /);
      return JSON.parse(text) as Paid;
    };
    const answers = await Promise.all([1, 2, 3, 4, 5].map(ask));
    const fees = answers.reduce((sum, { openledger }) => sum + BigInt(openledger.receipt.fee), 0n);
    await captured();
    expect(before - (await balance())).toBe(fees);
  }, 30_000);

  it('is answered once when one payment is sent twice at the same time', async () => {
    const before = await balance();
    // More often than holds may be left lying.
    for (let time = 0; time < 4; time += 1) {
      const payment = await signed(chat());
      const answers = await Promise.all([1, 2].map(() => pay(chat(), payment)));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 402]);
    }
    await captured();
    const paid = before - (await balance());
    const { openledger } = (await (await payer.fetch(url(), post(chat()))).json()) as Paid;
    expect(paid).toBe(4n * BigInt(openledger.receipt.fee));
    await captured();
  }, 30_000);

  it('is captured once when the node dies between the answer and the capture', async () => {
    const before = await balance();
    const response = await payer.fetch(url(), post(chat({ stream: true })));
    // The headers come when the hold is placed: from here on no block is made.
    await anvil().setAutomine(false);
    const events = (await response.text()).split('\n\n').filter((event) => event.startsWith('data: {'));
    await node.end('SIGKILL');
    const { openledger } = JSON.parse(events.at(-1)?.slice(6) ?? '') as Paid;
    const most = BigInt(openledger.payment.held);
    expect(before - (await balance())).toBe(most);
    await anvil().mine({ blocks: 1 });
    await anvil().setAutomine(true);
    // Also by a node that takes no such payments any more.
    node = await start(['--x402', 'off']);
    await captured();
    expect(before - (await balance())).toBe(BigInt(openledger.receipt.fee));
    expect(await channel(openledger.payment.channelId)).toMatchObject({
      deposit: BigInt(openledger.receipt.fee),
    });
    await node.end('SIGTERM');
    node = await start();
  }, 120_000);

  it('is answered once after a crash between the hold and the answer', async () => {
    const body = chat({ messages: [{ role: 'user', content: 'What came after the storm?' }] });
    const before = await balance();
    const payment = await signed(body);
    await anvil().setAutomine(false);
    const lost = pay(body, payment).catch(() => undefined);
    await waitUntil(async () => {
      const { pending } = await anvil().getTxpoolStatus();
      if (pending === 0) throw new Error('nothing sent yet');
    });
    await node.end('SIGKILL');
    await lost;
    await anvil().mine({ blocks: 1 });
    await anvil().setAutomine(true);
    node = await start();
    expect(await refusal({ ...body, seed: 7 }, payment)).toBe(code('payment_already_collected'));
    const changed = { ...payment, payload: { ...payment.payload, salt: `0x${'33'.repeat(32)}` } };
    expect(await refusal(body, changed)).toBe(code('payment_already_collected'));
    const again = await pay(body, payment);
    expect(again.status).toBe(200);
    const { openledger } = (await again.json()) as Paid;
    expect(openledger.payment.transaction).toMatch(/^0x/);
    await captured();
    expect(before - (await balance())).toBe(BigInt(openledger.receipt.fee));
    expect(await refusal(body, payment)).toBe(code('payment_already_collected'));
    expect((await node.settle()).json).toMatchObject({ settled: true });
  }, 120_000);

  it('is not held again and again for a payer that does not wait for the answers', async () => {
    await anvil().setAutomine(false);
    const aborted = new AbortController();
    const requests = [1, 2, 3].map(async (light) => {
      const body = chat({ messages: [{ role: 'user', content: `Who lit light ${light}?` }] });
      const headers = payer.http.encodePaymentSignatureHeader(await signed(body));
      await fetch(url(), { ...post(body, headers), signal: aborted.signal }).catch(() => undefined);
    });
    // The first is sent, and the others wait for it.
    await waitUntil(async () => {
      const { pending } = await anvil().getTxpoolStatus();
      if (pending === 0) throw new Error('nothing sent yet');
    });
    await new Promise((done) => setTimeout(done, 500));
    aborted.abort();
    await Promise.all(requests);
    await anvil().mine({ blocks: 1 });
    await anvil().setAutomine(true);
    const refused = await waitUntil(async () => {
      const payment = await signed(chat());
      const response = await pay(chat(), payment);
      if (response.status === 200) throw new Error('the calls are not over yet');
      return response;
    });
    expect(refused.status).toBe(409);
    expect(((await refused.json()) as { error: { message: string } }).error.message).toContain('on hold');
    // Another payer is served.
    await wrapOpen(chain, devnet.account(STRANGER), parseEther('1'));
    const stranger = payerOf(chain, devnet.account(STRANGER), 'metered');
    expect((await stranger.fetch(url(), post(chat()))).status).toBe(200);
  }, 120_000);

  it('is not offered where the operator wants a fixed price only', async () => {
    await node.end('SIGTERM');
    node = await start(['--x402', 'exact']);
    const asked = await fetch(url(), post(chat()));
    const { accepts } = payer.http.getPaymentRequiredResponse((name) => asked.headers.get(name), undefined);
    expect(accepts.map(({ scheme }) => scheme)).toEqual(['exact']);
    await expect(payer.fetch(url(), post(chat()))).rejects.toThrow();
  }, 30_000);

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

type Payouts = {
  payouts: {
    asset: number;
    payable: string;
    payout: { cumulative: string; delta: string; [field: string]: unknown };
  }[];
  finalClaim: { fees: string; payoutsTotal: string; [field: string]: unknown };
};
