import type { Hex, LocalAccount, PublicClient } from 'viem';
import type { z } from 'zod';
import type { AddressBook } from '../addresses.ts';
import { sameHex } from '../protocol/bytes.ts';
import { randomSalt } from '../protocol/content.ts';
import type { CitedRow } from '../protocol/context.ts';
import { hashReceipt, RECEIPT_FLAG, type Receipt } from '../protocol/receipts.ts';
import { requestText } from '../protocol/request.ts';
import { type Voucher, voucherTypedData } from '../protocol/vouchers.ts';
import { type ChainView, chainView } from './chain-view.ts';
import {
  type ChannelRecord,
  type ChannelStore,
  isUnsigned,
  memoryStore,
  nextVoucher,
} from './channel-record.ts';
import { InferenceError } from './errors.ts';
import {
  channelSchema,
  chunkSchema,
  nodeHttp,
  receiptBlockSchema,
  receiptViewSchema,
  refusal,
  refusalSchema,
} from './node-http.ts';
import { paidFetch } from './paid-fetch.ts';
import { readEvents } from './sse.ts';
import { receiptFault, withReceipt } from './verify-receipt.ts';

export type ChatMessage = { role: 'system' | 'user' | 'assistant'; content: string };

/** An OpenAI chat request; `stream` and the payment block are added by the client. */
export type ChatRequest = {
  model: string;
  messages: ChatMessage[];
  max_tokens?: number;
  temperature?: number;
  top_p?: number;
  seed?: number;
  stop?: string | string[];
};

/** A checked and paid answer. */
export type ChatAnswer = {
  text: string;
  finishReason: string;
  receipt: Receipt;
  receiptHash: Hex;
  nodeSignature: Hex;
  /** The salt of request and answer: with it the consumer can open them to others. */
  salt: Hex;
  /** The rows that were placed in the prompt; the answer may name them as [1], [2], … */
  citations: readonly CitedRow[];
  /** The voucher signed for it; undefined with `autoPay: false`. */
  voucher?: Voucher & { signature: Hex };
};

/** What a call may add to its request. */
export type CallOptions = {
  signal?: AbortSignal;
  /** Places rows of these datanets in the prompt, at most `k`. */
  retrieval?: { datanets: readonly number[]; k: number };
};

export type ChatEvent = { type: 'text'; text: string } | { type: 'done'; answer: ChatAnswer };

export type InferenceClientOptions = {
  nodeUrl: string;
  channelId: Hex;
  /** The channel's signer. */
  account: Pick<LocalAccount, 'address' | 'signTypedData'>;
  /** The chain, and where the contracts are; or a view of one's own. */
  chain: { client: Pick<PublicClient, 'readContract'>; book: AddressBook } | ChainView;
  /** The most that vouchers may promise over the channel's life, in wei. Without it: the deposit. */
  spendingLimit?: bigint;
  /** Let anyone see request and answer, so that the attribution can be checked by all. */
  isPublic?: boolean;
  /** Rule out audits: contributors are paid by the model's baseline. */
  noAudit?: boolean;
  /** Sign and deliver a voucher after each answer. Otherwise with the next call, or by `pay()`. */
  autoPay?: boolean;
  /** Where the channel's record is kept; a restart continues from it. */
  store?: ChannelStore;
  fetch?: typeof globalThis.fetch;
};

export type InferenceClient = {
  /** Asks, streams the answer, checks its receipt and pays for it. */
  chat(request: ChatRequest, options?: CallOptions): AsyncGenerator<ChatEvent, ChatAnswer>;
  /** As `chat`, for those who don't want the stream. */
  ask(request: ChatRequest, options?: CallOptions): Promise<ChatAnswer>;
  /**
   * A `fetch` for the OpenAI client, the Vercel AI SDK and others: it pays for chat, completions and embeddings of the
   * node as `chat` does, and hands on everything else. Calls wait for one another; each answer must be read to its end.
   */
  fetch: typeof globalThis.fetch;
  /** Signs for all receipts so far and delivers the voucher; the last voucher if there is nothing new. */
  pay(): Promise<(Voucher & { signature: Hex }) | undefined>;
  /** Fetches and checks the answer of a call that broke off, so that it can be paid. Called by `chat` too. */
  recover(): Promise<Receipt | undefined>;
  /** The channel as this client knows it. */
  record(): Promise<ChannelRecord>;
};

/**
 * A client that trusts the node with nothing but its answers: every receipt is recomputed before a voucher is signed.
 * One call at a time per channel.
 */
export function createInferenceClient(options: InferenceClientOptions): InferenceClient {
  const { channelId, account, store = memoryStore(), autoPay = true } = options;
  const chain =
    'client' in options.chain
      ? chainView(options.chain.client, options.chain.book, channelId)
      : options.chain;
  const http = nodeHttp(options.nodeUrl, options.fetch ?? globalThis.fetch.bind(globalThis));
  const flags = (options.isPublic ? RECEIPT_FLAG.public : 0) | (options.noAudit ? RECEIPT_FLAG.noAudit : 0);

  async function record(): Promise<ChannelRecord> {
    const known = await store.load(channelId);
    if (known) return known;
    const { epoch, settled } = await chain.channel();
    return { channelId, epoch, settledFee: settled, receipts: [] };
  }

  async function pay(): Promise<(Voucher & { signature: Hex }) | undefined> {
    const signed = await sign(await record());
    const { voucher } = signed;
    if (!voucher || voucher.delivered) return voucher;
    const { delivered: _, ...body } = voucher;
    await http.post('/v1/vouchers', body);
    await store.save({ ...signed, voucher: { ...voucher, delivered: true } });
    return body;
  }

  /** Signs for everything in the record that is not signed for. */
  async function sign(current: ChannelRecord): Promise<ChannelRecord> {
    if (!isUnsigned(current)) return current;
    const voucher = nextVoucher(current);
    const limit = options.spendingLimit ?? (await chain.channel()).deposit;
    if (voucher.cumulativeFee > limit) {
      throw new InferenceError(
        'limit',
        `The channel would have promised ${voucher.cumulativeFee} wei, above the limit of ${limit}. Raise the limit or top up the channel.`,
      );
    }
    const signature = await account.signTypedData(voucherTypedData(chain.escrow, voucher));
    const signed = { ...current, voucher: { ...voucher, signature, delivered: false } };
    // Saved before it is sent: whoever signed must remember that.
    await store.save(signed);
    return signed;
  }

  async function recover(): Promise<Receipt | undefined> {
    const current = await record();
    const { pending } = current;
    if (!pending) return undefined;
    const { current: epoch } = await http.get(`/v1/channels/${channelId}`, channelSchema);
    const known = new Set(current.receipts.map(hashReceipt));
    const unknown = (epoch?.receipts ?? []).filter(({ hash }) => !known.has(hash));
    if (unknown.length === 0) {
      // The call never became a receipt, so nothing is owed for it.
      await store.save({ ...current, pending: undefined });
      return undefined;
    }
    const [{ hash, nodeSignature, ...receipt }] = unknown as [(typeof unknown)[number]];
    const { output, citations } = await http.get(`/v1/receipts/${hash}`, receiptViewSchema, {
      'x-openledger-salt': pending.salt,
    });
    if (unknown.length > 1 || output === null) {
      throw new InferenceError(
        'out_of_step',
        `The node has ${unknown.length} receipts of this channel that are not in the local record. Restore the record, or open a new channel.`,
      );
    }
    await accept(
      current,
      { receipt, receiptHash: hash, nodeSignature, citations: citations ?? undefined },
      output,
    );
    return receipt;
  }

  /** Checks a receipt and adds it to the record. */
  async function accept(
    current: ChannelRecord,
    block: {
      receipt: Receipt;
      receiptHash: Hex;
      nodeSignature: Hex;
      citations?: readonly CitedRow[] | undefined;
    },
    output: string,
  ): Promise<void> {
    const { receipt } = block;
    const { nodeId } = await chain.channel();
    const fault = sameHex(hashReceipt(receipt), block.receiptHash)
      ? await receiptFault(receipt, block.nodeSignature, {
          record: current,
          call: current.pending!,
          output,
          citations: block.citations,
          prices: await chain.prices(receipt.modelId),
          settlement: chain.settlement,
          nodeId,
          wallet: await chain.wallet(nodeId),
        })
      : 'its hash is not its own';
    if (fault) {
      throw new InferenceError(
        'bad_receipt',
        `The node's receipt is wrong: ${fault}. Nothing was signed for it; use another node.`,
      );
    }
    await store.save(withReceipt(current, receipt));
  }

  /**
   * Sends a request with what pays for it; the last answer is signed for first. A call that was broken off may become a
   * receipt a moment after it was looked for, so it stays pending when the node refuses this one.
   */
  async function send(
    path: string,
    body: Record<string, unknown>,
    callOptions: CallOptions & { headers?: Headers } = {},
  ): Promise<{ response: Response; salt: Hex }> {
    const { pending: brokenOff } = await record();
    await recover();
    const sent = await sendOnce(path, body, callOptions);
    if (sent.response.ok) return sent;
    await store.save({ ...(await record()), pending: brokenOff });
    const { data } = refusalSchema.safeParse(
      await sent.response
        .clone()
        .json()
        .catch(() => undefined),
    );
    const isOwed = data?.error.code === 'payment_required' && (await recover()) !== undefined;
    return isOwed ? sendOnce(path, body, callOptions) : sent;
  }

  async function sendOnce(
    path: string,
    body: Record<string, unknown>,
    { signal, retrieval, headers }: CallOptions & { headers?: Headers },
  ): Promise<{ response: Response; salt: Hex }> {
    const ready = await sign(await record());
    const salt = randomSalt();
    const embeds = path.endsWith('/embeddings') || undefined;
    const asked = { ...body, openledger: retrieval && { retrieval } };
    await store.save({
      ...ready,
      pending: { salt, request: requestText(asked), flags, retrieve: retrieval?.k, embeds },
    });
    const names = [...(options.isPublic ? ['PUBLIC'] : []), ...(options.noAudit ? ['NO_AUDIT'] : [])];
    const { delivered = true, ...voucher } = ready.voucher ?? {};
    const payment = {
      channelId,
      salt,
      flags: names,
      ...(delivered ? {} : { voucher }),
      ...(retrieval && { retrieval }),
    };
    const response = await http.call(path, { ...body, openledger: payment }, { signal, headers });
    if (!delivered && response.ok)
      await store.save({ ...(await record()), voucher: { ...ready.voucher!, delivered: true } });
    return { response, salt };
  }

  /** Checks the receipt at the end of an answer, and pays for it. */
  async function settle(
    output: string,
    block: unknown,
  ): Promise<z.infer<typeof receiptBlockSchema> & { voucher?: Voucher & { signature: Hex } }> {
    const parsed = receiptBlockSchema.safeParse(block);
    if (!parsed.success) {
      throw new InferenceError(
        'unreachable',
        'The answer broke off before its receipt. The next call fetches what is owed for it.',
      );
    }
    await accept(await record(), parsed.data, output);
    return { ...parsed.data, voucher: autoPay ? await pay() : undefined };
  }

  async function* chat(
    request: ChatRequest,
    { signal, retrieval }: CallOptions = {},
  ): AsyncGenerator<ChatEvent, ChatAnswer> {
    const body = { ...request, stream: true };
    const { response, salt } = await send('/v1/chat/completions', body, { signal, retrieval });
    if (!response.ok) throw await refusal(response);
    let text = '';
    let finishReason = 'stop';
    let last: unknown;
    for await (const data of readEvents(response.body!)) {
      if (data === '[DONE]') break;
      const chunk = chunkSchema.parse(JSON.parse(data));
      if (chunk.error) {
        throw new InferenceError('refused', chunk.error.message, { nodeCode: chunk.error.code ?? undefined });
      }
      const choice = chunk.choices?.[0];
      finishReason = choice?.finish_reason ?? finishReason;
      const piece = choice?.delta?.content;
      if (piece) {
        text += piece;
        yield { type: 'text', text: piece };
      }
      last = chunk.openledger;
    }
    const { receipt, receiptHash, nodeSignature, citations = [], voucher } = await settle(text, last);
    const answer = {
      text,
      finishReason,
      receipt,
      receiptHash,
      nodeSignature,
      salt,
      citations,
      voucher,
    };
    yield { type: 'done', answer };
    return answer;
  }

  async function ask(request: ChatRequest, callOptions?: CallOptions): Promise<ChatAnswer> {
    const events = chat(request, callOptions);
    for (;;) {
      const { done, value } = await events.next();
      if (done) return value;
    }
  }

  const fetch = paidFetch({
    nodeUrl: options.nodeUrl,
    fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
    send: async (path, body, init) => (await send(path, body, init)).response,
    settle: async (output, block) => void (await settle(output, block)),
  });

  return { chat, ask, fetch, pay, recover, record };
}
