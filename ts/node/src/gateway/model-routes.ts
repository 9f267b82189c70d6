import { Hono } from 'hono';
import type { ListedModel, ModelCatalog, TextEngine } from '../models/types.ts';
import { jsonResponse } from './json.ts';

/** `GET /v1/models`: OpenAI's list with vLLM's `parent` and `root`, and terms, prices and residency. */
export function modelRoutes(
  catalog: ModelCatalog,
  engine: Pick<TextEngine, 'isResident' | 'isPinned' | 'baseHash' | 'status'>,
): Hono {
  const app = new Hono();

  app.get('/v1/models', async () => {
    const models = await catalog.list();
    const served = models.filter((model) => model.isServed && baseHash(models, model) === engine.baseHash);
    const data = await Promise.all(
      served.map(async (model) => ({
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
        },
      })),
    );
    return jsonResponse({ object: 'list', data });
  });

  return app;
}

function baseHash(models: readonly ListedModel[], model: ListedModel): string | undefined {
  const base = model.kind === 'base' ? model : models.find(({ id }) => id === model.terms.parent);
  return base?.terms.weightsHash;
}
