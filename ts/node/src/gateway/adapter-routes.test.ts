import { describe, expect, it } from 'vitest';
import { NodeError } from '../errors.ts';
import { createLog } from '../log.ts';
import type { ListedModel, ModelCatalog, VerifiedAdapter } from '../models/types.ts';
import { adapterRoutes } from './adapter-routes.ts';
import { createApp } from './app.ts';

const token = 'an operator token of a test';
const models = [
  { id: 1, names: ['ol-1'], kind: 'base' },
  { id: 2, names: ['ol-2', 'harbour-guide'], kind: 'adapter' },
] as unknown as ListedModel[];
const catalog = {
  find: async (name: string) => {
    const model = models.find(({ names }) => names.includes(name));
    if (model === undefined) throw new NodeError('model_not_found', 'No such model.', '');
    return model;
  },
  verify: async (model: ListedModel) => ({ model }) as VerifiedAdapter,
} as unknown as ModelCatalog;

/** An engine that remembers what is loaded and pinned. */
function memory() {
  const loaded = new Set<number>();
  const pinned = new Set<number>();
  return {
    loaded,
    pinned,
    isResident: (id: number) => loaded.has(id),
    load: async ({ model }: VerifiedAdapter) => void loaded.add(model.id),
    unload: (id: number) => void loaded.delete(id),
    setPinned: (id: number, on: boolean) => void (on ? pinned.add(id) : pinned.delete(id)),
    status: () => ({ active: 0, adapters: loaded.size, adapterBytes: 0, coldStartMs: undefined }),
  };
}

describe('The operator', () => {
  const engine = memory();
  const app = createApp({
    log: createLog('silent'),
    routes: [adapterRoutes({ catalog, engine, operatorToken: token })],
  });
  const post = async (path: string, body: unknown, authorization = `Bearer ${token}`) => {
    const response = await app.request(path, {
      method: 'POST',
      headers: { authorization },
      body: JSON.stringify(body),
    });
    return { status: response.status, json: await response.json() };
  };

  it('loads an adapter of the registry by name, pins it, and lets it go', async () => {
    const loaded = await post('/v1/load_lora_adapter', { lora_name: 'harbour-guide', pinned: true });
    expect(loaded.json).toMatchObject({ id: 'ol-2', resident: true, pinned: true, adapters: 1 });
    expect([...engine.pinned]).toEqual([2]);
    const gone = await post('/v1/unload_lora_adapter', { lora_name: 'ol-2' });
    expect(gone.json).toMatchObject({ id: 'ol-2', resident: false, wasResident: true });
    expect([engine.loaded.size, engine.pinned.size]).toEqual([0, 0]);
  });

  it('is told what is wrong: no token, a base model, an unknown name, a missing field', async () => {
    expect((await post('/v1/load_lora_adapter', { lora_name: 'ol-2' }, 'Bearer no')).status).toBe(401);
    expect((await post('/v1/load_lora_adapter', { lora_name: 'ol-1' })).json.error.message).toContain('base');
    expect((await post('/v1/load_lora_adapter', { lora_name: 'ol-9' })).status).toBe(404);
    expect((await post('/v1/unload_lora_adapter', {})).json.error.message).toContain('lora_name');
    expect(engine.loaded.size).toBe(0);
  });
});
