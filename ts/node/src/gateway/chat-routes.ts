import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { NodeError } from '../errors.ts';
import type { ReceiptEntry } from '../ledger/entries.ts';
import type { Log } from '../log.ts';
import type { AnswerToken, TextEngine } from '../models/types.ts';
import type { CallTrace, Telemetry } from '../telemetry.ts';
import type { CallEvent, Calls, StartedCall } from './calls.ts';
import { errorBody } from './http-errors.ts';
import { jsonResponse, toJson } from './json.ts';
import { type CallHead, type ChatBody, chatChunk, chatCompletion, logProbsOf, usageOf } from './openai.ts';
import { chatOperation } from './openai-answers.ts';
import { type Api, addOperation, createApi } from './operation.ts';

export type ChatRouteDeps = {
  calls: Calls;
  engine: Pick<TextEngine, 'tokenBytes'>;
  nodeId: number;
  telemetry: Telemetry;
  log: Log;
};

/** `POST /v1/chat/completions`, streaming and not. */
export function chatRoutes(deps: ChatRouteDeps): Api {
  const app = createApi();

  addOperation(app, chatOperation, async (context, { body, raw }) => {
    const started = performance.now();
    // A client that hangs up aborts the generation; what was generated until then is still accounted for.
    const abort = new AbortController();
    context.req.raw.signal.addEventListener('abort', () => abort.abort(), { once: true });
    const call = await deps.calls.start(body, raw, abort.signal).catch((error: unknown) => {
      deps.telemetry.refused(codeOf(error));
      throw error;
    });
    const trace = deps.telemetry.call(call.model.names[0], started);
    const head: CallHead = {
      id: `chatcmpl-${crypto.randomUUID().replaceAll('-', '')}`,
      created: Math.floor(Date.now() / 1000),
      model: body.model,
    };
    const done = ({ receipt }: ReceiptEntry, finish: string) => {
      const { tokensIn, tokensOut, fee } = receipt;
      const ms = Math.round(performance.now() - started);
      trace.done(receipt, finish);
      deps.log.info({ model: call.model.id, tokensIn, tokensOut, fee: fee.toString(), ms }, 'answered');
    };
    return body.stream
      ? streamAnswer(context, { deps, body, call, head, abort, trace, done })
      : await wholeAnswer({ deps, call, head, trace, done });
  });

  return app;
}

type AnswerOptions = {
  deps: ChatRouteDeps;
  call: StartedCall;
  head: CallHead;
  trace: CallTrace;
  done: (entry: ReceiptEntry, finish: string) => void;
};

function streamAnswer(
  context: Context,
  options: AnswerOptions & { body: ChatBody; abort: AbortController },
): Response {
  const { deps, body, call, head, abort, trace } = options;
  context.header('x-accel-buffering', 'no');
  context.header('cache-control', 'no-cache, no-transform');
  return streamSSE(context, async (stream) => {
    stream.onAbort(() => abort.abort());
    const send = (value: unknown) => stream.writeSSE({ data: toJson(value) });
    try {
      await send({
        ...chatChunk(head, { role: 'assistant', content: '' }, null),
        openledger: { quote: call.quote },
      });
      for await (const event of call.events) {
        if (event.type === 'text') {
          trace.firstText();
          const logprobs = logProbsOf(event.tokens, deps.engine.tokenBytes);
          await send(chatChunk(head, { content: event.text }, null, logprobs));
          continue;
        }
        options.done(event.entry, event.finish);
        const { tokensIn, tokensOut } = event.entry.receipt;
        await send({
          ...chatChunk(head, {}, event.finish),
          ...(body.stream_options?.include_usage === true ? { usage: usageOf(tokensIn, tokensOut) } : {}),
          openledger: receiptBlock(deps.nodeId, event),
        });
      }
      await stream.writeSSE({ data: '[DONE]' });
    } catch (error) {
      trace.failed(codeOf(error));
      // The status line is long gone: OpenAI clients read an error from a chunk.
      if (!(error instanceof NodeError)) deps.log.error({ err: error }, 'an answer broke off');
      await send(errorBody(error));
    } finally {
      call.release();
    }
  });
}

async function wholeAnswer(options: AnswerOptions): Promise<Response> {
  const { deps, call, head, trace } = options;
  let text = '';
  const tokens: AnswerToken[] = [];
  try {
    for await (const event of call.events) {
      if (event.type === 'text') {
        trace.firstText();
        text += event.text;
        tokens.push(...event.tokens);
        continue;
      }
      options.done(event.entry, event.finish);
      const { tokensIn, tokensOut } = event.entry.receipt;
      return jsonResponse({
        ...chatCompletion(head, {
          text,
          finish: event.finish,
          usage: usageOf(tokensIn, tokensOut),
          logprobs: logProbsOf(tokens, deps.engine.tokenBytes),
        }),
        openledger: receiptBlock(deps.nodeId, event),
      });
    }
  } catch (error) {
    trace.failed(codeOf(error));
    throw error;
  } finally {
    call.release();
  }
  trace.failed('cancelled');
  throw new NodeError('bad_request', 'The call was cancelled before an answer began.', 'Nothing was billed.');
}

function codeOf(error: unknown): string {
  return error instanceof NodeError ? error.code : 'internal_error';
}

function receiptBlock(nodeId: number, event: Extract<CallEvent, { type: 'done' }>) {
  const { entry, activation } = event;
  return {
    nodeId,
    receiptId: entry.hash,
    receiptHash: entry.hash,
    receipt: entry.receipt,
    fee: entry.receipt.fee,
    activation,
    settledFee: entry.settledFee,
    nodeSignature: entry.nodeSignature,
    ...(entry.context && {
      citations: entry.context.map((one, index) => ({ number: index + 1, ...one })),
    }),
  };
}
