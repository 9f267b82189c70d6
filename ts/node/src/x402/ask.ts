import type { ResourceInfo, SettleResponse } from '@x402/core/types';
import { NodeError } from '../errors.ts';
import type { Calls } from '../gateway/calls.ts';
import { callBodyOf } from '../gateway/channelless.ts';
import { receiptBlock } from '../gateway/chat-routes.ts';
import type { PriceLimit } from '../gateway/price-limit.ts';
import type { Payments } from './payments.ts';

/** A question to a model, as agents put it. */
export type Question = {
  model: string;
  question: string;
  /** Datanets whose rows may be placed in the prompt, and how many. */
  datanets?: readonly number[] | undefined;
  rows?: number | undefined;
  maxTokens?: number | undefined;
};

/** The answer, its receipt block as on every answer, and what x402 tells the payer. */
export type PaidAnswer = {
  text: string;
  receipt: ReturnType<typeof receiptBlock>;
  settlement: SettleResponse;
};

/** Whoever asks: what their requests count for, and what ends when they hang up. */
export type Asker = { caller: string; signal: AbortSignal };

/** Answers one paid question after another way in than the chat route: MCP and A2A. */
export type Ask = (
  question: Question,
  resource: ResourceInfo,
  payload: unknown,
  by: Asker,
) => Promise<PaidAnswer>;

const DEFAULT_TOKENS = 256;

export type AskDeps = { payments: Payments; calls: Calls; prices: PriceLimit; nodeId: number };

/** Rejects with `PaymentRefused` unless `payload` pays for the question. */
export function createAsk({ payments, calls, prices, nodeId }: AskDeps): Ask {
  return async function ask(question, resource, payload, { caller, signal }) {
    const asked = prices.ask(caller);
    const paid = await payments.admit(requestOf(question), resource, payload);
    asked.taken();
    const done = calls.prepay(paid.channelId, paid.prepaid);
    const call = await calls.start(callBodyOf(paid.raw), paid.raw, signal).finally(done);
    try {
      let text = '';
      for await (const event of call.events) {
        if (event.type === 'text') text += event.text;
        else {
          const settlement = paid.settlement();
          if (settlement === undefined) throw new Error('A prepaid call was answered before it was paid.');
          return { text, receipt: receiptBlock(nodeId, event), settlement };
        }
      }
    } finally {
      call.release();
    }
    throw new NodeError(
      'bad_request',
      'The call was cancelled before an answer began.',
      'Send the same question with the same payment again.',
    );
  };
}

/** The same question is the same request, so that a payment may be sent with it again. */
function requestOf({ model, question, datanets, rows, maxTokens }: Question): Record<string, unknown> {
  return {
    model,
    messages: [{ role: 'user', content: question }],
    max_tokens: maxTokens ?? DEFAULT_TOKENS,
    openledger:
      datanets === undefined ? {} : { retrieval: { datanets, ...(rows !== undefined && { k: rows }) } },
  };
}
