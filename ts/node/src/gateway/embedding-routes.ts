import { NodeError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Calls } from './calls.ts';
import { receiptBlock } from './chat-routes.ts';
import { base64Of } from './embedding-output.ts';
import { jsonResponse } from './json.ts';
import { embeddingOperation } from './openai-answers.ts';
import { type Api, addOperation, createApi } from './operation.ts';

export type EmbeddingRouteDeps = { calls: Calls; nodeId: number; telemetry: Telemetry; log: Log };

/** `POST /v1/embeddings`: paid like an answer of the base model, of which the vectors are the text. */
export function embeddingRoutes({ calls, nodeId, telemetry, log }: EmbeddingRouteDeps): Api {
  const app = createApi();

  addOperation(app, embeddingOperation, async (context, { body, raw }) => {
    const started = performance.now();
    const { signal } = context.req.raw;
    const { model, vectors, entry } = await calls.embed(body, raw, signal).catch((error: unknown) => {
      telemetry.refused(error instanceof NodeError ? error.code : 'internal_error');
      throw error;
    });
    const { tokensIn, fee } = entry.receipt;
    telemetry.call(model.names[0], started, 'embeddings').done(entry.receipt, 'stop');
    const ms = Math.round(performance.now() - started);
    log.info({ model: model.id, tokensIn, texts: vectors.length, fee: fee.toString(), ms }, 'embedded');
    return jsonResponse({
      object: 'list',
      data: vectors.map((vector, index) => ({
        object: 'embedding',
        index,
        embedding: body.encoding_format === 'base64' ? base64Of(vector) : [...vector],
      })),
      model: body.model,
      usage: { prompt_tokens: tokensIn, total_tokens: tokensIn },
      openledger: receiptBlock(nodeId, { entry, activation: 0n }),
    });
  });

  return app;
}
