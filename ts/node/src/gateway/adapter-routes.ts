import { z } from '@hono/zod-openapi';
import { NodeError } from '../errors.ts';
import type { ModelCatalog, TextEngine } from '../models/types.ts';
import { jsonResponse } from './json.ts';
import { type Api, addOperation, createApi, type Operation } from './operation.ts';
import { requireOperator } from './operator.ts';
import { natural } from './schemas.ts';

export type AdapterRouteDeps = {
  catalog: ModelCatalog;
  engine: Pick<TextEngine, 'isResident' | 'load' | 'unload' | 'setPinned' | 'status'>;
  operatorToken: string | undefined;
};

const loadBody = z.object({
  lora_name: z.string().min(1).max(200),
  /** Keep it loaded until it is unloaded by name. */
  pinned: z.boolean().default(false),
});
const unloadBody = loadBody.pick({ lora_name: true });

const loadAdapter = {
  method: 'post',
  path: '/v1/load_lora_adapter',
  tag: 'models',
  summary: 'Loads an adapter before its first call',
  operator: true,
  body: loadBody,
  answer: {
    description: 'The adapter is in memory.',
    json: z.object({
      id: z.string(),
      resident: z.literal(true),
      pinned: z.boolean(),
      ms: natural,
      adapters: natural,
      adapterBytes: natural,
    }),
  },
  refusals: [404, 503],
} as const satisfies Operation<unknown, unknown, unknown>;

const unloadAdapter = {
  method: 'post',
  path: '/v1/unload_lora_adapter',
  tag: 'models',
  summary: 'Lets an adapter go',
  operator: true,
  body: unloadBody,
  answer: {
    description: 'The adapter is not in memory any more.',
    json: z.object({ id: z.string(), resident: z.literal(false), wasResident: z.boolean() }),
  },
  refusals: [404],
} as const satisfies Operation<unknown, unknown, unknown>;

/**
 * vLLM's `POST /v1/load_lora_adapter` and `POST /v1/unload_lora_adapter`, for the operator. Adapters come from the registry by
 * name: a path would name files that nobody has verified.
 */
export function adapterRoutes({ catalog, engine, operatorToken }: AdapterRouteDeps): Api {
  const app = createApi();

  addOperation(app, loadAdapter, async (context, { body: { lora_name, pinned } }) => {
    requireOperator(operatorToken, context.req.header('authorization'));
    const model = await requireAdapter(lora_name);
    const started = performance.now();
    await engine.load(await catalog.verify(model));
    engine.setPinned(model.id, pinned);
    const { adapters, adapterBytes } = engine.status();
    return jsonResponse({
      id: model.names[0],
      resident: true,
      pinned,
      ms: Math.round(performance.now() - started),
      adapters,
      adapterBytes,
    });
  });

  addOperation(app, unloadAdapter, async (context, { body: { lora_name } }) => {
    requireOperator(operatorToken, context.req.header('authorization'));
    const model = await requireAdapter(lora_name);
    const wasResident = engine.isResident(model.id);
    engine.setPinned(model.id, false);
    engine.unload(model.id);
    return jsonResponse({ id: model.names[0], resident: false, wasResident });
  });

  async function requireAdapter(name: string) {
    const model = await catalog.find(name);
    if (model.kind === 'adapter') return model;
    throw new NodeError(
      'bad_request',
      `"${name}" is a base model, which is always in memory.`,
      'Name an adapter; GET /v1/models lists them.',
    );
  }

  return app;
}
