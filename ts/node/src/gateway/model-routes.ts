import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { NodeError } from '../errors.ts';
import type { FreeTier } from '../free/tier.ts';
import type { ListedModel, ModelCatalog, TextEngine } from '../models/types.ts';
import { jsonResponse } from './json.ts';
import { type Api, addOperation, createApi, type Operation } from './operation.ts';
import { address, amount, listOf, natural, termsSchema } from './schemas.ts';

const modelSchema = z
  .object({
    id: z.string(),
    object: z.literal('model'),
    created: natural,
    owned_by: address,
    root: z.string(),
    parent: z.string().nullable(),
    openledger: z.object({
      modelId: natural,
      name: z.string(),
      kind: z.enum(['base', 'adapter']),
      uri: z.string(),
      terms: termsSchema,
      prices: z.object({ activation: amount, baseFee: amount, inputPer1k: amount, outputPer1k: amount }),
      resident: z.boolean(),
      pinned: z.boolean(),
      coldStartMs: z.number().nullable(),
      quantization: z.enum(['q4', 'q8']).nullable().openapi({
        description:
          'How few bits the weights that answer have; null in float32, or where a cluster decides.',
      }),
      free: z
        .object({
          callsPerDay: natural,
          totalPerDay: natural,
          maxFee: amount,
          remaining: natural,
          resetsAt: natural,
        })
        .nullable()
        .openapi({
          description:
            'The free calls a day of each caller and of all, the most that one may cost, and what this caller has left.',
        }),
    }),
  })
  .openapi('Model');

const listModels = {
  method: 'get',
  path: '/v1/models',
  tag: 'models',
  summary: 'The models that this node serves',
  description:
    "OpenAI's list, with `root` and `parent` as vLLM has them; `openledger` has terms, prices and residency.",
  answer: { description: 'The models.', json: listOf(modelSchema) },
  refusals: [503],
} as const satisfies Operation<unknown, unknown, unknown>;

const readModel = {
  method: 'get',
  path: '/v1/models/{name}',
  tag: 'models',
  summary: 'One model, by id or name',
  params: z.object({ name: z.string() }),
  answer: { description: 'The model.', json: modelSchema },
  refusals: [404, 503],
} as const satisfies Operation<unknown, unknown, unknown>;

export type ModelRouteDeps = {
  catalog: ModelCatalog;
  engine: Pick<TextEngine, 'isResident' | 'isPinned' | 'baseHash' | 'status' | 'quantization'>;
  /** What is free for whoever sent a request; undefined where nothing is. */
  free?: ((context: Context) => ReturnType<FreeTier['view']>) | undefined;
};

/** `GET /v1/models` and `GET /v1/models/:name`: as OpenAI and vLLM list them, with terms, prices and residency. */
export function modelRoutes({ catalog, engine, free }: ModelRouteDeps): Api {
  const app = createApi();

  addOperation(app, listModels, async (context) => {
    const models = await catalog.list();
    const served = models.filter((model) => model.isServed && baseHash(models, model) === engine.baseHash);
    return jsonResponse({
      object: 'list',
      data: await Promise.all(served.map((model) => viewModel(model, context))),
    });
  });

  addOperation(app, readModel, async (context, { params: { name } }) => {
    const model = await catalog.find(name);
    if (baseHash(await catalog.list(), model) !== engine.baseHash) {
      throw new NodeError(
        'model_not_found',
        `"${name}" is not an adapter of the base model of this node.`,
        'GET /v1/models lists what it serves.',
      );
    }
    return jsonResponse(await viewModel(model, context));
  });

  async function viewModel(model: ListedModel, context: Context) {
    return {
      id: model.names[0],
      object: 'model',
      created: model.publishedAt,
      owned_by: model.owner,
      root: model.names[0],
      parent: model.kind === 'base' ? null : `ol-${model.terms.parent}`,
      openledger: {
        modelId: model.id,
        name: model.names[1] ?? model.names[0],
        kind: model.kind,
        uri: model.uri,
        terms: model.terms,
        prices: await catalog.prices(model.id),
        /** Loaded now: the next call costs no activation. */
        resident: model.kind === 'base' || engine.isResident(model.id),
        /** Never unloaded to make room for others. */
        pinned: engine.isPinned(model.id),
        /** Milliseconds that loading it adds to a call, once its files are here; null: not known yet. */
        coldStartMs: model.kind === 'base' ? 0 : (engine.status().coldStartMs ?? null),
        quantization: engine.quantization ?? null,
        free: free?.(context) ?? null,
      },
    };
  }

  return app;
}

function baseHash(models: readonly ListedModel[], model: ListedModel): string | undefined {
  const base = model.kind === 'base' ? model : models.find(({ id }) => id === model.terms.parent);
  return base?.terms.weightsHash;
}
