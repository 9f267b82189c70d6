import type { Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { utf8, ZERO_HASH } from '../protocol/bytes.ts';
import { outputTree, requestHash } from '../protocol/content.ts';
import { feeOf, GWEI, hashReceipt, type Receipt } from '../protocol/receipts.ts';
import { requestText } from '../protocol/request.ts';
import { plainRoot } from '../protocol/trees.ts';
import { receiptIssuedTypedData, recoverVoucherSigner, type Voucher } from '../protocol/vouchers.ts';
import type { ChainView } from './chain-view.ts';
import { memoryStore, toJson, webStore } from './channel-record.ts';
import { createInferenceClient, type InferenceClientOptions } from './inference-client.ts';

const node = privateKeyToAccount(`0x${'01'.repeat(32)}`);
const consumer = privateKeyToAccount(`0x${'02'.repeat(32)}`);
const channelId: Hex = `0x${'c1'.repeat(32)}`;
const prices = {
  activation: 7n * GWEI,
  baseFee: 5n * GWEI,
  inputPer1k: 100n * GWEI,
  outputPer1k: 900n * GWEI,
};
const chain: ChainView = {
  escrow: { chainId: 31_337, verifyingContract: `0x${'e5'.repeat(20)}` },
  settlement: { chainId: 31_337, verifyingContract: `0x${'5e'.repeat(20)}` },
  channel: async () => ({
    nodeId: 7,
    signer: consumer.address,
    epoch: 3,
    deposit: 10n ** 18n,
    settled: 40n * GWEI,
  }),
  wallet: async () => node.address,
  prices: async () => prices,
};
const request = { model: 'ol-2', messages: [{ role: 'user' as const, content: 'What is blue?' }] };
const WORDS = ['The ', 'sky ', 'is ', 'blué.'];

type Fault = Partial<Receipt> & { signer?: typeof node; text?: string; breakOff?: boolean };

/** The paying side of a node: answers the same sentence, keeps receipts, takes vouchers. */
function fakeNode() {
  const state = {
    epoch: 3,
    receipts: [] as { receipt: Receipt; nodeSignature: Hex; output: string }[],
    vouchers: [] as (Voucher & { signature: Hex })[],
    fault: {} as Fault,
    calls: 0,
    /** As after a redemption: the next receipt begins a new epoch. */
    seal() {
      state.epoch += 1;
      state.receipts = [];
    },
  };
  const take = (voucher: Record<string, string>) =>
    state.vouchers.push({
      ...voucher,
      settledFee: BigInt(voucher.settledFee),
      cumulativeFee: BigInt(voucher.cumulativeFee),
    } as never);
  const answer = async (body: Record<string, never>) => {
    const { openledger, ...rest } = body as never as {
      openledger: { salt: Hex; flags: string[]; voucher?: never };
    };
    if (openledger.voucher) take(openledger.voucher);
    const { signer = node, text = WORDS.join(''), breakOff, ...fields } = state.fault;
    const output = utf8(WORDS.join(''));
    const receipt: Receipt = {
      channelId,
      epoch: state.epoch,
      position: state.receipts.length,
      modelId: 2,
      tokensIn: 5,
      tokensOut: 4,
      fee: feeOf(prices, 5, 4),
      servedAt: 1_800_000_000,
      flags: openledger.flags.includes('PUBLIC') ? 1 : 0,
      requestHash: requestHash(openledger.salt, utf8(requestText({ ...rest, openledger }))),
      outputRoot: plainRoot(outputTree(openledger.salt, output)),
      outputLength: output.length,
      contextRoot: ZERO_HASH,
      ...fields,
    };
    const receiptHash = hashReceipt(receipt);
    const nodeSignature = await signer.signTypedData(
      receiptIssuedTypedData(chain.settlement, 7, receiptHash),
    );
    state.receipts.push({ receipt, nodeSignature, output: text });
    const pieces = text === WORDS.join('') ? WORDS : [text];
    const chunks: unknown[] = pieces.map((content) => ({ choices: [{ delta: { content } }] }));
    const block = { receiptId: receiptHash, receiptHash, receipt, nodeSignature };
    if (!breakOff) chunks.push({ choices: [{ delta: {}, finish_reason: 'stop' }], openledger: block });
    const stream = chunks.map((chunk) => `data: ${toJson(chunk)}\n\n`).join('');
    return new Response(`${stream}${breakOff ? '' : 'data: [DONE]\n\n'}`);
  };
  const fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const path = new URL(url.toString()).pathname;
    const body = init?.body ? JSON.parse(init.body as string) : undefined;
    state.calls += 1;
    if (path === '/v1/chat/completions') return answer(body);
    if (path === '/v1/vouchers') {
      take(body);
      return new Response('{}');
    }
    if (path.startsWith('/v1/channels/')) {
      const receipts = state.receipts.map((one) => ({
        ...one.receipt,
        hash: hashReceipt(one.receipt),
        nodeSignature: one.nodeSignature,
      }));
      return new Response(toJson({ current: { epoch: state.epoch, receipts } }));
    }
    const found = state.receipts.find(({ receipt }) => path.endsWith(hashReceipt(receipt)));
    return new Response(toJson({ output: found?.output ?? null }));
  };
  return { state, fetch };
}

function clientOf(server: ReturnType<typeof fakeNode>, options: Partial<InferenceClientOptions> = {}) {
  return createInferenceClient({
    nodeUrl: 'http://127.0.0.1:8650',
    channelId,
    account: consumer,
    chain,
    isPublic: true,
    fetch: server.fetch,
    ...options,
  });
}

describe('the inference client', () => {
  it('streams an answer, checks its receipt and signs for exactly it', async () => {
    const server = fakeNode();
    const client = clientOf(server);
    const pieces: string[] = [];
    for await (const event of client.chat(request)) if (event.type === 'text') pieces.push(event.text);
    expect(pieces).toEqual(WORDS);
    const [voucher] = server.state.vouchers;
    expect(voucher).toMatchObject({ epoch: 3, settledFee: 40n * GWEI, receiptCount: 1 });
    expect(voucher!.cumulativeFee).toBe(40n * GWEI + feeOf(prices, 5, 4));
    expect(await recoverVoucherSigner(chain.escrow, voucher!, voucher!.signature)).toBe(consumer.address);
  });

  it('adds receipts up in one epoch and begins the next one where its voucher ended', async () => {
    const server = fakeNode();
    const client = clientOf(server);
    await client.ask(request);
    await client.ask(request);
    server.state.seal();
    const { voucher } = await client.ask(request);
    const fee = feeOf(prices, 5, 4);
    expect(server.state.vouchers.map(({ epoch, receiptCount }) => [epoch, receiptCount])).toEqual([
      [3, 1],
      [3, 2],
      [4, 1],
    ]);
    expect(voucher).toMatchObject({
      settledFee: 40n * GWEI + 2n * fee,
      cumulativeFee: 40n * GWEI + 3n * fee,
    });
  });

  it('signs with the next call when it does not pay at once', async () => {
    const server = fakeNode();
    const client = clientOf(server, { autoPay: false });
    await client.ask(request);
    expect(server.state.vouchers).toEqual([]);
    await client.ask(request);
    expect(server.state.vouchers.map(({ receiptCount }) => receiptCount)).toEqual([1]);
    await client.pay();
    expect(server.state.vouchers.map(({ receiptCount }) => receiptCount)).toEqual([1, 2]);
  });

  it.each([
    ['the fee', { fee: feeOf(prices, 5, 4) + GWEI }, 'fee'],
    ['the place', { position: 1 }, 'number 1 of epoch 3'],
    ['the answer', { text: 'Something else.' }, 'output length'],
    ['the flags', { flags: 0 }, 'flags'],
    ['the request', { requestHash: ZERO_HASH }, 'another request'],
    ['the signature', { signer: consumer }, "not signed by the node's wallet"],
  ] as const)('signs nothing when %s is wrong', async (_, fault, message) => {
    const server = fakeNode();
    server.state.fault = fault as Fault;
    const client = clientOf(server);
    await expect(client.ask(request)).rejects.toThrow(message);
    expect(server.state.vouchers).toEqual([]);
    expect((await client.record()).receipts).toEqual([]);
  });

  it('accepts the activation fee for an adapter that had to be loaded', async () => {
    const server = fakeNode();
    server.state.fault = { fee: feeOf(prices, 5, 4, true) };
    expect((await clientOf(server).ask(request)).receipt.fee).toBe(feeOf(prices, 5, 4) + prices.activation);
  });

  it('stops at its spending limit', async () => {
    const server = fakeNode();
    const client = clientOf(server, { spendingLimit: 41n * GWEI });
    await expect(client.ask(request)).rejects.toThrow('above the limit');
    expect(server.state.vouchers).toEqual([]);
  });

  it('continues after a restart from its stored record', async () => {
    const server = fakeNode();
    const items = new Map<string, string>();
    const storage = {
      getItem: (key: string) => items.get(key) ?? null,
      setItem: (key: string, text: string) => void items.set(key, text),
    };
    await clientOf(server, { store: webStore(storage) }).ask(request);
    const { voucher } = await clientOf(server, { store: webStore(storage) }).ask(request);
    expect(voucher).toMatchObject({ receiptCount: 2 });
  });

  it('fetches, checks and pays an answer that broke off', async () => {
    const server = fakeNode();
    const store = memoryStore();
    server.state.fault = { breakOff: true };
    await expect(clientOf(server, { store }).ask(request)).rejects.toThrow('broke off');
    server.state.fault = {};
    const { voucher } = await clientOf(server, { store }).ask(request);
    expect(voucher).toMatchObject({ receiptCount: 2 });
  });

  it('does not sign for an answer that broke off and was changed since', async () => {
    const server = fakeNode();
    const store = memoryStore();
    server.state.fault = { breakOff: true };
    await expect(clientOf(server, { store }).ask(request)).rejects.toThrow('broke off');
    server.state.receipts[0]!.output = 'Something longer than what was said.';
    await expect(clientOf(server, { store }).recover()).rejects.toThrow('receipt is wrong');
  });

  it('says that the node cannot be reached', async () => {
    const server = fakeNode();
    const down = clientOf(server, { fetch: () => Promise.reject(new TypeError('fetch failed')) });
    await expect(down.ask(request)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('Is it running?'),
    });
  });

  it("passes a node's refusal on with its code", async () => {
    const refuse = async () =>
      new Response(JSON.stringify({ error: { message: 'Top up.', code: 'channel_exhausted' } }), {
        status: 402,
      });
    const client = clientOf(fakeNode(), { fetch: refuse });
    await expect(client.ask(request)).rejects.toMatchObject({
      code: 'refused',
      nodeCode: 'channel_exhausted',
    });
  });
});
