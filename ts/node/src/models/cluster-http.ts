import { readEvents } from '@openledger/sdk/client/sse';
import { z } from 'zod';
import { describe, NodeError } from '../errors.ts';

/** One chunk of `POST /v1/completions` as vLLM streams it, as far as it is read. */
const chunkSchema = z.object({
  choices: z
    .array(
      z.object({
        text: z.string(),
        token_ids: z.array(z.number().int()).nullish(),
        prompt_token_ids: z.array(z.number().int()).nullish(),
        logprobs: z
          .object({
            token_logprobs: z.array(z.number().nullable()),
            top_logprobs: z.array(z.record(z.string(), z.number()).nullable()),
          })
          .nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .default([]),
  error: z.object({ message: z.string() }).optional(),
});
export type ClusterChoice = z.infer<typeof chunkSchema>['choices'][number];

const modelsSchema = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      root: z.string().nullish(),
      parent: z.string().nullish(),
      max_model_len: z.number().int().positive().nullish(),
      metadata: z.object({ max_request_context_length: z.number().int().positive().nullish() }).nullish(),
    }),
  ),
});
export type ClusterModel = z.infer<typeof modelsSchema>['data'][number];

const errorSchema = z.object({ error: z.object({ message: z.string() }) });

export type ClusterHttp = {
  models(): Promise<ClusterModel[]>;
  /** The choices of the stream's chunks. */
  complete(body: Record<string, unknown>, signal: AbortSignal): AsyncGenerator<ClusterChoice>;
  post(path: string, body: Record<string, unknown>): Promise<void>;
};

/** Talks to an OpenAI-compatible cluster. Its refusals say whose they are. */
export function clusterHttp(url: string, apiKey: string | undefined): ClusterHttp {
  async function send(path: string, init: RequestInit): Promise<Response> {
    const headers = {
      'content-type': 'application/json',
      ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
    };
    const response = await fetch(url + path, { ...init, headers }).catch((cause: unknown) => {
      if (init.signal?.aborted) throw cause;
      throw new NodeError(
        'model_unusable',
        `The cluster at ${url} does not answer (${describe(cause)}).`,
        'Try again in a moment; its operator has to start it.',
        { cause },
      );
    });
    if (response.ok) return response;
    throw refusal(response.status, await response.text());
  }

  function refusal(status: number, text: string): NodeError {
    const message = errorSchema.safeParse(parseJson(text)).data?.error.message ?? text.slice(0, 200);
    if (status === 429 || status === 503) {
      return new NodeError(
        'overloaded',
        `The cluster is busy: ${message}`,
        'Send the request again after a second.',
      );
    }
    return new NodeError(
      'model_unusable',
      `The cluster at ${url} refuses (${status}): ${message}`,
      'Tell the operator of this node.',
    );
  }

  return {
    async models() {
      return modelsSchema.parse(await (await send('/v1/models', {})).json()).data;
    },
    async *complete(body, signal) {
      const init = { method: 'POST', body: JSON.stringify(body), signal };
      const response = await send('/v1/completions', init);
      for await (const data of readEvents(response.body!)) {
        if (data === '[DONE]') return;
        const { choices, error } = chunkSchema.parse(JSON.parse(data));
        if (error !== undefined) throw refusal(500, JSON.stringify({ error }));
        yield* choices;
      }
      throw new NodeError(
        'model_unusable',
        'The cluster broke off in the middle.',
        'Send the request again.',
      );
    },
    async post(path, body) {
      await (await send(path, { method: 'POST', body: JSON.stringify(body) })).text();
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
