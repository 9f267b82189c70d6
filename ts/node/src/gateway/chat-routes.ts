import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { NodeError } from '../errors.ts';
import type { ReceiptEntry } from '../ledger/entries.ts';
import type { Log } from '../log.ts';
import type { AnswerToken, TextEngine } from '../models/types.ts';
import type { CallTrace, Telemetry } from '../telemetry.ts';
import { type AnswerShape, chatShape, completionShape, usageOf } from './answer-shapes.ts';
import type { CallBody, Calls, StartedCall } from './calls.ts';
import { errorBody } from './http-errors.ts';
import { jsonResponse, toJson } from './json.ts';
import { chatOperation, completionOperation } from './openai-answers.ts';
import { type Api, addOperation, createApi } from './operation.ts';

export type ChatRouteDeps = {
  calls: Calls;
  engine: Pick<TextEngine, 'tokenBytes'>;
  nodeId: number;
  telemetry: Telemetry;
  log: Log;
};

/** `POST /v1/chat/completions` and `POST /v1/completions`, streaming and not. */
export function chatRoutes(deps: ChatRouteDeps): Api {
  const app = createApi();

  addOperation(app, chatOperation, (context, { body, raw }) => answer(context, body, raw));
  addOperation(app, completionOperation, (context, { body, raw }) => answer(context, body, raw));

  async function answer(context: Context, body: CallBody, raw: Record<string, unknown>): Promise<Response> {
    const isChat = 'messages' in body;
    const started = performance.now();
    // A client that hangs up aborts the generation; what was generated until then is still accounted for.
    const abort = new AbortController();
    context.req.raw.signal.addEventListener('abort', () => abort.abort(), { once: true });
    const call = await deps.calls.start(body, raw, abort.signal).catch((error: unknown) => {
      deps.telemetry.refused(codeOf(error));
      throw error;
    });
    const trace = deps.telemetry.call(call.model.names[0], started, isChat ? 'chat' : 'text_completion');
    const head = {
      id: `${isChat ? 'chatcmpl' : 'cmpl'}-${crypto.randomUUID().replaceAll('-', '')}`,
      created: Math.floor(Date.now() / 1000),
      model: body.model,
    };
    const shape = (isChat ? chatShape : completionShape)(head, deps.engine.tokenBytes);
    const done = ({ receipt }: ReceiptEntry, finish: string) => {
      const { tokensIn, tokensOut, fee } = receipt;
      const ms = Math.round(performance.now() - started);
      trace.done(receipt, finish);
      deps.log.info({ model: call.model.id, tokensIn, tokensOut, fee: fee.toString(), ms }, 'answered');
    };
    return body.stream
      ? streamAnswer(context, { deps, body, call, shape, abort, trace, done })
      : await wholeAnswer({ deps, call, shape, trace, done });
  }

  return app;
}

type AnswerOptions = {
  deps: ChatRouteDeps;
  call: StartedCall;
  shape: AnswerShape;
  trace: CallTrace;
  done: (entry: ReceiptEntry, finish: string) => void;
};

function streamAnswer(
  context: Context,
  options: AnswerOptions & { body: CallBody; abort: AbortController },
): Response {
  const { deps, body, call, shape, abort, trace } = options;
  context.header('x-accel-buffering', 'no');
  context.header('cache-control', 'no-cache, no-transform');
  return streamSSE(context, async (stream) => {
    stream.onAbort(() => abort.abort());
    const send = (value: unknown) => stream.writeSSE({ data: toJson(value) });
    try {
      await send({ ...shape.first(), openledger: { quote: call.quote } });
      for await (const event of call.events) {
        if (event.type === 'text') {
          trace.firstText();
          await send(shape.text(event));
          continue;
        }
        options.done(event.entry, event.finish);
        const { tokensIn, tokensOut } = event.entry.receipt;
        await send({
          ...shape.last(event.finish),
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
  const { deps, call, shape, trace } = options;
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
        ...shape.whole({ text, tokens, finish: event.finish, usage: usageOf(tokensIn, tokensOut) }),
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

/** The block that ends a paid answer. */
export function receiptBlock(
  nodeId: number,
  {
    entry,
    activation,
    payment,
  }: { entry: ReceiptEntry; activation: bigint; payment?: Record<string, unknown> | undefined },
) {
  return {
    nodeId,
    receiptId: entry.hash,
    receiptHash: entry.hash,
    receipt: entry.receipt,
    fee: entry.receipt.fee,
    activation,
    settledFee: entry.settledFee,
    nodeSignature: entry.nodeSignature,
    ...payment,
    ...(entry.context && {
      citations: entry.context.map((one, index) => ({ number: index + 1, ...one })),
    }),
  };
}
