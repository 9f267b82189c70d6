import { Hono } from 'hono';
import { z } from 'zod';
import { NodeError } from '../errors.ts';
import type { ModelCatalog, TextEngine } from '../models/types.ts';
import { readJson } from './chat-routes.ts';
import { jsonResponse } from './json.ts';
import { parseBody } from './openai.ts';
import { requireOperator } from './operator.ts';

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

/**
 * vLLM's `POST /v1/load_lora_adapter` and `POST /v1/unload_lora_adapter`, for the operator. Adapters come from the registry by
 * name: a path would name files that nobody has verified.
 */
export function adapterRoutes({ catalog, engine, operatorToken }: AdapterRouteDeps): Hono {
  const app = new Hono();

  app.post('/v1/load_lora_adapter', async (context) => {
    requireOperator(operatorToken, context.req.header('authorization'));
    const { lora_name, pinned } = parseBody(loadBody, await readJson(context));
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

  app.post('/v1/unload_lora_adapter', async (context) => {
    requireOperator(operatorToken, context.req.header('authorization'));
    const { lora_name } = parseBody(unloadBody, await readJson(context));
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
