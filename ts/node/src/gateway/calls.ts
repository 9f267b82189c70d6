import { utf8 } from '@openledger/sdk/protocol/bytes';
import { outputTree, requestHash } from '@openledger/sdk/protocol/content';
import { type CitedRow, contextRoot, contextRowOf } from '@openledger/sdk/protocol/context';
import { feeOf, hashReceipt, isPublic, type Receipt } from '@openledger/sdk/protocol/receipts';
import { requestText } from '@openledger/sdk/protocol/request';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import type { Hex } from 'viem';
import { NodeError } from '../errors.ts';
import { type ChainChannel, nextPlace } from '../ledger/channel.ts';
import { disclosedBytes, MAX_PUBLIC_BYTES } from '../ledger/claim-size.ts';
import type { ReceiptEntry, StoredVoucher } from '../ledger/entries.ts';
import type {
  AnswerToken,
  EmbeddingEngine,
  GenerationEnd,
  ListedModel,
  ModelCatalog,
  Prices,
  TextEngine,
  VerifiedAdapter,
} from '../models/types.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import type { FinishReason } from './answer-shapes.ts';
import { affordable, flagsOf, leftOn, logProbabilitiesOf, requireRoom } from './call-rules.ts';
import { base64Of } from './embedding-output.ts';
import type { ChatBody, CompletionBody, EmbeddingBody, PaymentBody } from './openai.ts';
import { createCallPayment, type PaymentDeps } from './payment.ts';
import { type CallQuote, type Prepaid, planCall, requireBase } from './plan.ts';

/** A request for text. */
export type CallBody = ChatBody | CompletionBody;

export type CallDeps = PaymentDeps & {
  catalog: ModelCatalog;
  engine: TextEngine;
  /** Without it, requests for embeddings are refused. */
  embeddings?: EmbeddingEngine | undefined;
  /** Finds rows to place in a prompt; without it, requests that ask for rows are refused. */
  retriever?: Retriever | undefined;
  /** Tells the rest of the node that a receipt waits for its attribution. */
  onReceipt?(entry: ReceiptEntry): void;
};

export type CallEvent =
  | { type: 'text'; text: string; tokens: readonly AnswerToken[] }
  | {
      type: 'done';
      finish: FinishReason;
      entry: ReceiptEntry;
      activation: bigint;
      /** What a prepaid call says of its payment. */
      payment: Record<string, unknown> | undefined;
    };

/** A call that passed every check. Nothing is owed before `events` has produced text. */
export type StartedCall = {
  model: ListedModel;
  tokensIn: number;
  quote: { activation: bigint; maxFee: bigint; maxTokens: number };
  /** Must be iterated to its end; the receipt is on the disk before `done` is given out. */
  events: AsyncGenerator<CallEvent>;
  /** Frees the channel for the next call. Safe to call more than once. */
  release(): void;
};

export type Embedded = { model: ListedModel; vectors: Float32Array[]; entry: ReceiptEntry };

export type Calls = {
  start(body: CallBody, rawBody: Record<string, unknown>, signal: AbortSignal): Promise<StartedCall>;
  /** Says that the next call on this channel is prepaid, until the function that it returns is called. */
  prepay(channelId: Hex, prepaid: Prepaid): () => void;
  /** Whether a call is in progress on a channel. */
  isBusy(channelId: Hex): boolean;
  /** The most that a call can cost; it begins nothing and looks at no channel. */
  quote(body: CallBody): Promise<CallQuote>;
  /** Embeds texts; the receipt is on the disk when it resolves. */
  embed(body: EmbeddingBody, rawBody: Record<string, unknown>, signal: AbortSignal): Promise<Embedded>;
  /** Accepts a voucher outside a call, e.g. the last one. */
  acceptVoucher(voucher: StoredVoucher): Promise<'new' | 'known'>;
};

/** The paid path of an answer, without HTTP: check, generate, issue the receipt, write it down. */
export function createCalls(deps: CallDeps): Calls {
  const payment = createCallPayment(deps);

  async function start(
    body: CallBody,
    rawBody: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<StartedCall> {
    const release = payment.occupy(body.openledger.channelId);
    try {
      return await prepare(body, rawBody, signal, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  async function prepare(
    body: CallBody,
    rawBody: Record<string, unknown>,
    signal: AbortSignal,
    release: () => void,
  ): Promise<StartedCall> {
    const { channelId } = body.openledger;
    const flags = flagsOf(body.openledger);
    requireRoom(flags, requestText(rawBody));
    const prepaid = payment.prepaidOn(channelId);
    const admitted = prepaid === undefined ? await payment.admit(body.openledger) : undefined;
    const plan = await planCall(deps, body);
    const tokensIn = plan.promptTokens.length;
    const maxTokens =
      admitted === undefined
        ? Math.min(prepaid?.maxTokens ?? 0, plan.room)
        : affordable({ ...plan, tokensIn, budget: leftOn(deps.ledger.channel(channelId), admitted) });
    const { model, prices, activation, promptTokens, context } = plan;
    const adapter = model.kind === 'adapter' ? await deps.catalog.verify(model) : undefined;
    if (adapter !== undefined) await deps.engine.load(adapter);
    const maxFee = prepaid?.fee ?? activation + feeOf(prices, tokensIn, maxTokens);
    // Taken when nothing else stands in the way of the answer.
    const chain = admitted ?? (await secured(prepaid, maxFee));
    const call: PreparedCall = {
      ...{ body, rawBody, flags, model, prices, adapter, activation },
      ...{ promptTokens, context, maxTokens, chain, prepaid },
    };
    return {
      model,
      tokensIn,
      quote: { activation, maxFee, maxTokens },
      events: answer(call, signal, release),
      release,
    };
  }

  async function quote(body: CallBody): Promise<CallQuote> {
    flagsOf(body.openledger);
    const { model, prices, activation, promptTokens, wanted } = await planCall(deps, body);
    const tokensIn = promptTokens.length;
    return { model, tokensIn, maxTokens: wanted, maxFee: activation + feeOf(prices, tokensIn, wanted) };
  }

  async function* answer(
    call: PreparedCall,
    signal: AbortSignal,
    release: () => void,
  ): AsyncGenerator<CallEvent> {
    let tokensOut = 0;
    let output = '';
    let outputBytes = 0;
    let end: GenerationEnd = { finish: 'stop' };
    try {
      try {
        const { body } = call;
        const tokens = deps.engine.generate({
          promptTokens: call.promptTokens,
          adapter: call.adapter,
          maxTokens: call.maxTokens,
          temperature: body.temperature ?? 0,
          topP: body.top_p ?? 1,
          seed: body.seed ?? 0,
          stop: body.stop,
          logProbabilities: logProbabilitiesOf(body),
          signal,
        });
        // Tokens that ended inside a character go with the one that completes it.
        const unsent: AnswerToken[] = [];
        let next = await tokens.next();
        try {
          for (; next.done !== true; next = await tokens.next()) {
            const { text } = next.value;
            outputBytes += utf8(text).length;
            if (isPublic(call) && outputBytes > MAX_PUBLIC_BYTES) {
              end = { finish: 'length' };
              break;
            }
            tokensOut += 1;
            output += text;
            unsent.push(next.value);
            if (text !== '') yield { type: 'text', text, tokens: unsent.splice(0) };
          }
          if (next.done === true) end = next.value;
        } finally {
          if (next.done !== true) await tokens.return({ finish: 'stop' });
        }
      } catch (error) {
        // A consumer that hangs up pays for what was generated; an engine that fails is not paid at all.
        if (!signal.aborted) throw error;
      }
      if (signal.aborted && tokensOut === 0) return;
      const entry = await issueReceipt(call, tokensOut, output);
      deps.onReceipt?.(entry);
      const told = call.prepaid?.describe(entry.receipt.fee);
      yield { type: 'done', finish: end.finish, entry, activation: call.activation, payment: told };
    } finally {
      release();
    }
  }

  async function issueReceipt(call: BilledCall, tokensOut: number, output: string): Promise<ReceiptEntry> {
    const { channelId, salt } = call.body.openledger;
    const request = requestText(call.rawBody);
    const bytes = new TextEncoder().encode(output);
    const size = disclosedBytes({ flags: call.flags, outputLength: bytes.length }, utf8(request).length);
    return deps.locks.run(channelId, async () => {
      await payment.makeRoom(channelId, size);
      const place = nextPlace(deps.ledger.channel(channelId), call.chain);
      const receipt: Receipt = {
        channelId,
        epoch: place.epoch,
        position: place.position,
        modelId: call.model.id,
        tokensIn: call.promptTokens.length,
        tokensOut,
        fee: call.prepaid?.fee ?? call.activation + feeOf(call.prices, call.promptTokens.length, tokensOut),
        servedAt: deps.now(),
        flags: call.flags,
        requestHash: requestHash(salt, new TextEncoder().encode(request)),
        outputRoot: plainRoot(outputTree(salt, bytes)),
        outputLength: bytes.length,
        contextRoot: contextRoot(call.context.map(contextRowOf)),
      };
      const hash = hashReceipt(receipt);
      const entry: ReceiptEntry = {
        type: 'receipt',
        receipt,
        hash,
        settledFee: place.settledFee,
        nodeSignature: await deps.signer.signReceipt(hash),
        salt,
        request,
        output,
        promptTokens: call.promptTokens,
        ...(call.context.length > 0 && { context: call.context }),
      };
      // In one write: a prepaid receipt is never without its voucher.
      await deps.ledger.append(entry, ...(await payment.ownVoucher(call.prepaid, entry)));
      return entry;
    });
  }

  async function embed(
    body: EmbeddingBody,
    rawBody: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<Embedded> {
    const { channelId } = body.openledger;
    const release = payment.occupy(channelId);
    try {
      const flags = flagsOf(body.openledger);
      const request = requestText(rawBody);
      requireRoom(flags, request);
      const chain = await payment.admit(body.openledger);
      const model = await deps.catalog.find(body.model);
      await requireBase(deps, model);
      const { embeddings } = deps;
      if (embeddings === undefined || model.kind !== 'base') {
        throw new NodeError('bad_request', 'Only base models embed.', 'Name a base model of GET /v1/models.');
      }
      const promptTokens = embeddings.encode(body.input, body.dimensions ?? undefined);
      const prices = await deps.catalog.prices(model.id);
      const asked = { prices, activation: 0n, tokensIn: promptTokens.length, wanted: 0, exact: true };
      affordable({ ...asked, budget: leftOn(deps.ledger.channel(channelId), chain) });
      const vectors = await embeddings.embed(body.input, signal);
      const billed = {
        body,
        rawBody,
        flags,
        model,
        prices,
        activation: 0n,
        promptTokens,
        context: [],
        chain,
      };
      const output = vectors.map(base64Of).join('\n');
      requireRoom(flags, request, output.length);
      const entry = await issueReceipt(billed, 0, output);
      deps.onReceipt?.(entry);
      return { model, vectors, entry };
    } finally {
      release();
    }
  }

  const { prepay, isBusy, acceptVoucher } = payment;
  return { start, prepay, isBusy, quote, embed, acceptVoucher };
}

/** What a receipt is made of. */
type BilledCall = {
  body: { openledger: PaymentBody };
  rawBody: Record<string, unknown>;
  flags: number;
  model: ListedModel;
  prices: Prices;
  activation: bigint;
  promptTokens: number[];
  context: CitedRow[];
  chain: ChainChannel;
  prepaid?: Prepaid | undefined;
};

type PreparedCall = BilledCall & {
  body: CallBody;
  adapter: VerifiedAdapter | undefined;
  maxTokens: number;
};

async function secured(prepaid: Prepaid | undefined, maxFee: bigint): Promise<ChainChannel> {
  if (prepaid === undefined) throw new Error('A call is prepaid, or its channel was read.');
  return prepaid.secure(maxFee);
}
