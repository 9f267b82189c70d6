import type { ResourceInfo, SettleResponse } from '@x402/core/types';
import { NodeError } from '../errors.ts';
import type { Calls } from '../gateway/calls.ts';
import { callBodyOf } from '../gateway/channelless.ts';
import { receiptBlock } from '../gateway/chat-routes.ts';
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

/** Answers one paid question after another way in than the chat route: MCP and A2A. */
export type Ask = (
  question: Question,
  resource: ResourceInfo,
  payload: unknown,
  signal: AbortSignal,
) => Promise<PaidAnswer>;

const DEFAULT_TOKENS = 256;

/** Rejects with `PaymentRefused` unless `payload` pays for the question. */
export function createAsk(payments: Payments, calls: Calls, nodeId: number): Ask {
  return async function ask(question, resource, payload, signal) {
    const paid = await payments.admit(requestOf(question), resource, payload);
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
