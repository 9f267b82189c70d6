import { outputTree, requestHash } from '@openledger/sdk/protocol/content';
import { contextRoot, contextRowOf } from '@openledger/sdk/protocol/context';
import { feeOf, hashReceipt, RECEIPT_FLAG, type Receipt } from '@openledger/sdk/protocol/receipts';
import { canonicalBytes } from '@openledger/sdk/protocol/store';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import type { SigningDomain, Voucher } from '@openledger/sdk/protocol/vouchers';
import { type Hex, isAddressEqual } from 'viem';
import { NodeError } from '../errors.ts';
import type { NodeSigner } from '../identity/signer.ts';
import {
  type ChainChannel,
  checkVoucher,
  nextPlace,
  unsignedReceipts,
  voucherFor,
} from '../ledger/channel.ts';
import type { LedgerEntry, ReceiptEntry, StoredVoucher } from '../ledger/entries.ts';
import type { KeyLock } from '../ledger/key-lock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type {
  AnswerToken,
  GenerationEnd,
  ListedModel,
  ModelCatalog,
  TextEngine,
  VerifiedAdapter,
} from '../models/types.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import { PaymentError } from './http-errors.ts';
import type { ChatBody, FinishReason, PaymentBody } from './openai.ts';
import { affordable, type CallPlan, planCall } from './plan.ts';

export type CallDeps = {
  ledger: Ledger;
  locks: KeyLock;
  catalog: ModelCatalog;
  engine: TextEngine;
  signer: NodeSigner;
  /** Domain of vouchers: the escrow. */
  escrow: SigningDomain;
  /** The chain's view of a channel, fresh enough to serve on. */
  readChannel(channelId: Hex): Promise<ChainChannel>;
  /** Finds rows to place in a prompt; without it, requests that ask for rows are refused. */
  retriever?: Retriever | undefined;
  /** Seconds since 1970. */
  now(): number;
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

/** A call that is paid for before it is answered: one receipt at a fixed price, whose voucher the node signs itself. */
export type Prepaid = {
  /** The price, whatever the answer uses. */
  fee: bigint;
  maxTokens: number;
  /** Sees to it that the call's channel holds the fee. Asked when nothing else stands in the way of the answer. */
  secure(): Promise<ChainChannel>;
  /** Signs for the channel. */
  sign(voucher: Voucher): Promise<Hex>;
  /** What the answer says of its payment. */
  describe(): Record<string, unknown>;
};

/** What a call may cost at most, before it is paid or begun. */
export type CallQuote = { model: ListedModel; tokensIn: number; maxTokens: number; maxFee: bigint };

export type Calls = {
  start(body: ChatBody, rawBody: Record<string, unknown>, signal: AbortSignal): Promise<StartedCall>;
  /** Says that the next call on this channel is prepaid, until the function that it returns is called. */
  prepay(channelId: Hex, prepaid: Prepaid): () => void;
  /** The most that a call can cost; it begins nothing and looks at no channel. */
  quote(body: ChatBody): Promise<CallQuote>;
  /** Accepts a voucher outside a call, e.g. the last one. */
  acceptVoucher(voucher: StoredVoucher): Promise<'new' | 'known'>;
};

/** The paid path of an answer, without HTTP: check, generate, issue the receipt, write it down. */
export function createCalls(deps: CallDeps): Calls {
  const inFlight = new Set<Hex>();
  const prepaidCalls = new Map<Hex, Prepaid>();

  async function acceptVoucher(voucher: StoredVoucher): Promise<'new' | 'known'> {
    const chain = await deps.readChannel(voucher.channelId);
    return deps.locks.run(voucher.channelId, async () => {
      const state = deps.ledger.channel(voucher.channelId);
      const result = await checkVoucher({ domain: deps.escrow, state, chain, voucher });
      if (result === 'new') await deps.ledger.append({ type: 'voucher', voucher, at: deps.now() });
      return result;
    });
  }

  async function start(
    body: ChatBody,
    rawBody: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<StartedCall> {
    const { channelId } = body.openledger;
    if (inFlight.has(channelId)) {
      throw new NodeError(
        'busy',
        'This channel has a call in progress.',
        'Wait for its last chunk, or open another channel for parallel calls.',
      );
    }
    inFlight.add(channelId);
    const release = () => void inFlight.delete(channelId);
    try {
      return await prepare(body, rawBody, signal, release, prepaidCalls.get(channelId));
    } catch (error) {
      release();
      throw error;
    }
  }

  async function prepare(
    body: ChatBody,
    rawBody: Record<string, unknown>,
    signal: AbortSignal,
    release: () => void,
    prepaid: Prepaid | undefined,
  ): Promise<StartedCall> {
    const flags = flagsOf(body.openledger);
    const funded = prepaid === undefined ? await fundedChannel(body.openledger) : undefined;
    const plan = await planCall(deps, body);
    const tokensIn = plan.promptTokens.length;
    const maxTokens =
      prepaid === undefined
        ? affordable({
            prices: plan.prices,
            activation: plan.activation,
            tokensIn,
            wanted: plan.maxTokens,
            budget: funded?.budget ?? 0n,
            exact: plan.exact,
          })
        : Math.min(prepaid.maxTokens, plan.room);
    const adapter = plan.model.kind === 'adapter' ? await deps.catalog.verify(plan.model) : undefined;
    if (adapter !== undefined) await deps.engine.load(adapter);
    const chain = funded?.chain ?? (await secured(prepaid));
    const call: PreparedCall = { ...plan, body, rawBody, flags, adapter, maxTokens, chain, prepaid };
    const maxFee = prepaid?.fee ?? plan.activation + feeOf(plan.prices, tokensIn, maxTokens);
    return {
      model: plan.model,
      tokensIn,
      quote: { activation: plan.activation, maxFee, maxTokens },
      events: answer(call, signal, release),
      release,
    };
  }

  /** The channel that a call names, with everything before it paid, and what is left of its deposit. */
  async function fundedChannel({
    channelId,
    voucher,
  }: PaymentBody): Promise<{ chain: ChainChannel; budget: bigint }> {
    const chain = await deps.readChannel(channelId);
    if (chain.nodeId !== deps.signer.nodeId) {
      throw new NodeError(
        'channel_unknown',
        `Channel ${channelId} is not a channel with this node.`,
        `Open one with InferenceEscrow.openChannel for node ${deps.signer.nodeId}.`,
      );
    }
    if (isAddressEqual(chain.signer, deps.signer.address)) {
      throw new NodeError(
        'not_allowed',
        'The channel was opened by a payment and is for that call alone.',
        'Send the payment with the request, or open a channel of your own.',
      );
    }
    if (chain.exitAt !== 0) {
      throw new NodeError('channel_closing', 'The channel is being closed.', 'Open a new channel.');
    }
    if (voucher !== undefined) {
      if (voucher.channelId !== channelId) throw otherChannel();
      await acceptVoucher(voucher);
    }
    requireNothingUnsigned(channelId);
    const place = nextPlace(deps.ledger.channel(channelId), chain);
    const owed = deps.ledger.channel(channelId)?.current?.voucher?.cumulativeFee ?? place.settledFee;
    return { chain, budget: chain.deposit - owed };
  }

  function prepay(channelId: Hex, prepaid: Prepaid): () => void {
    prepaidCalls.set(channelId, prepaid);
    return () => void prepaidCalls.delete(channelId);
  }

  async function quote(body: ChatBody): Promise<CallQuote> {
    flagsOf(body.openledger);
    const { model, prices, activation, promptTokens, maxTokens } = await planCall(deps, body);
    const tokensIn = promptTokens.length;
    return { model, tokensIn, maxTokens, maxFee: activation + feeOf(prices, tokensIn, maxTokens) };
  }

  function requireNothingUnsigned(channelId: Hex): void {
    const state = deps.ledger.channel(channelId);
    if (state?.defaulted === true) {
      throw new NodeError(
        'channel_defaulted',
        'A call on this channel was never paid, so it is served no more.',
        'Open a new channel.',
      );
    }
    const unsigned = unsignedReceipts(state?.current);
    if (state?.current === undefined || unsigned.length === 0) return;
    throw new PaymentError(
      'payment_required',
      `${unsigned.length === 1 ? 'The last answer is' : `${unsigned.length} answers are`} not paid yet.`,
      'Sign the voucher below and send it as openledger.voucher with this request, or with POST /v1/vouchers.',
      {
        voucher: voucherFor(channelId, state.current),
        receipts: unsigned.map(({ receipt, hash }) => ({ ...receipt, hash })),
      },
    );
  }

  async function* answer(
    call: PreparedCall,
    signal: AbortSignal,
    release: () => void,
  ): AsyncGenerator<CallEvent> {
    let tokensOut = 0;
    let output = '';
    let end: GenerationEnd = { finish: 'stop' };
    try {
      try {
        const { body } = call;
        const tokens = deps.engine.generate({
          messages: call.messages,
          adapter: call.adapter,
          maxTokens: call.maxTokens,
          temperature: body.temperature ?? 0,
          topP: body.top_p ?? 1,
          seed: body.seed ?? 0,
          stop: body.stop,
          logProbabilities: body.logprobs ? (body.top_logprobs ?? 0) : undefined,
          signal,
        });
        // Tokens that ended inside a character go with the one that completes it.
        const unsent: AnswerToken[] = [];
        let next = await tokens.next();
        try {
          for (; next.done !== true; next = await tokens.next()) {
            const { text } = next.value;
            tokensOut += 1;
            output += text;
            unsent.push(next.value);
            if (text !== '') yield { type: 'text', text, tokens: unsent.splice(0) };
          }
          end = next.value;
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
      const payment = call.prepaid?.describe();
      yield { type: 'done', finish: end.finish, entry, activation: call.activation, payment };
    } finally {
      release();
    }
  }

  async function issueReceipt(call: PreparedCall, tokensOut: number, output: string): Promise<ReceiptEntry> {
    const { channelId, salt } = call.body.openledger;
    const request = requestText(call.rawBody);
    const bytes = new TextEncoder().encode(output);
    return deps.locks.run(channelId, async () => {
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
      await deps.ledger.append(entry, ...(await ownVoucher(call.prepaid, entry)));
      return entry;
    });
  }

  /** The node's voucher for the one receipt of a prepaid channel; nothing where the consumer signs. */
  async function ownVoucher(prepaid: Prepaid | undefined, entry: ReceiptEntry): Promise<LedgerEntry[]> {
    if (prepaid === undefined) return [];
    const { channelId, epoch } = entry.receipt;
    const { settledFee } = entry;
    const voucher = voucherFor(channelId, { epoch, settledFee, receipts: [entry], voucher: undefined });
    const signature = await prepaid.sign(voucher);
    return [{ type: 'voucher', voucher: { ...voucher, signature }, at: deps.now() }];
  }

  return { start, prepay, quote, acceptVoucher };
}

type PreparedCall = CallPlan & {
  body: ChatBody;
  rawBody: Record<string, unknown>;
  flags: number;
  adapter: VerifiedAdapter | undefined;
  chain: ChainChannel;
  prepaid: Prepaid | undefined;
};

async function secured(prepaid: Prepaid | undefined): Promise<ChainChannel> {
  if (prepaid === undefined) throw new Error('A call is prepaid, or its channel was read.');
  return prepaid.secure();
}

/** The request as it is hashed: the JSON body in RFC 8785 form, without the payment block. */
export function requestText(rawBody: Record<string, unknown>): string {
  const { openledger: _payment, ...request } = rawBody;
  return new TextDecoder().decode(canonicalBytes(request));
}

function flagsOf(payment: PaymentBody): number {
  const isPublic = payment.flags.includes('PUBLIC');
  const noAudit = payment.flags.includes('NO_AUDIT');
  if (isPublic && noAudit) {
    throw new NodeError(
      'bad_request',
      'PUBLIC and NO_AUDIT exclude each other.',
      'Send one of the two flags.',
    );
  }
  return (isPublic ? RECEIPT_FLAG.public : 0) | (noAudit ? RECEIPT_FLAG.noAudit : 0);
}

function otherChannel(): NodeError {
  return new NodeError(
    'voucher_rejected',
    'The voucher is for another channel than the call.',
    'Send the voucher of the channel named in openledger.channelId, or use POST /v1/vouchers.',
  );
}
