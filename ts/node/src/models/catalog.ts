import { modelRegistryAbi } from '@openledger/sdk/abis';
import { parseEventLogs } from 'viem';
import type { Chain } from '../chain/chain.ts';
import { NodeError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { BlobReader } from '../store/types.ts';
import { createLru } from './lru.ts';
import type { ListedModel, ModelCatalog, VerifiedAdapter } from './types.ts';
import { readCard, verifyAdapter } from './verify.ts';

const PRICES_FRESH_MS = 5_000;
const LIST_FRESH_MS = 1_000;

export type CatalogOptions = { chain: Chain; store: BlobReader; log: Log; capacity: number };

/** The models of the registry, read from its events, with verified adapters kept in memory. */
export function createCatalog({ chain, store, log, capacity }: CatalogOptions): ModelCatalog {
  const registry = { address: chain.contracts.ModelRegistry, abi: modelRegistryAbi } as const;
  const models = new Map<number, ListedModel>();
  const prices = new Map<number, { at: number; prices: Awaited<ReturnType<ModelCatalog['prices']>> }>();
  const verified = createLru<number, Promise<VerifiedAdapter>>(capacity);
  let nextBlock = chain.startBlock;
  let listedAt = 0;
  let refreshing: Promise<void> | undefined;

  async function refresh(): Promise<void> {
    const head = await chain.client.getBlockNumber();
    if (head >= nextBlock) {
      const raw = await chain.client.getLogs({
        address: registry.address,
        fromBlock: nextBlock,
        toBlock: head,
      });
      const events = parseEventLogs({
        abi: modelRegistryAbi,
        logs: raw,
        eventName: ['BaseRegistered', 'AdapterPublished', 'ModelSuspended', 'ModelWithdrawn'],
      });
      for (const event of events) {
        if (event.eventName === 'ModelSuspended' || event.eventName === 'ModelWithdrawn') {
          const model = models.get(event.args.modelId);
          if (model !== undefined) models.set(model.id, { ...model, isServed: false });
          continue;
        }
        const { modelId: id, owner, terms } = event.args;
        models.set(id, {
          id,
          owner,
          uri: terms.uri,
          kind: event.eventName === 'BaseRegistered' ? 'base' : 'adapter',
          names: await namesOf(id, event.eventName === 'AdapterPublished' ? terms.uri : undefined),
          terms: await chain.client.readContract({ ...registry, functionName: 'terms', args: [id] }),
          isServed: true,
          publishedAt: Number((await chain.client.getBlock({ blockNumber: event.blockNumber })).timestamp),
        });
      }
      nextBlock = head + 1n;
    }
    listedAt = Date.now();
  }

  async function namesOf(id: number, uri: string | undefined): Promise<string[]> {
    if (uri === undefined) return [`ol-${id}`];
    try {
      return [`ol-${id}`, (await readCard(store, uri)).name];
    } catch (error) {
      log.warn({ model: id, err: error }, 'the card of a model cannot be read; it is listed by its id only');
      return [`ol-${id}`];
    }
  }

  async function list(): Promise<readonly ListedModel[]> {
    if (Date.now() - listedAt > LIST_FRESH_MS) {
      refreshing ??= refresh().finally(() => {
        refreshing = undefined;
      });
      await refreshing;
    }
    return [...models.values()];
  }

  async function find(name: string): Promise<ListedModel> {
    const all = await list();
    const byId = all.find(({ names }) => names[0] === name);
    const matches = byId === undefined ? all.filter(({ names }) => names.includes(name)) : [byId];
    if (matches.length === 1) {
      if (matches[0].isServed) return matches[0];
      throw new NodeError(
        'model_not_found',
        `"${name}" is not served any more: its owner withdrew it, or its publication was proved wrong.`,
        'GET /v1/models lists what is.',
      );
    }
    throw new NodeError(
      'model_not_found',
      matches.length === 0
        ? `There is no model "${name}".`
        : `"${name}" is the name of ${matches.length} models: ${matches.map(({ names }) => names[0]).join(', ')}.`,
      'GET /v1/models lists them; "ol-<id>" is always unambiguous.',
    );
  }

  return {
    list,
    find,
    async prices(id) {
      const known = prices.get(id);
      if (known !== undefined && Date.now() - known.at < PRICES_FRESH_MS) return known.prices;
      const current = await chain.client.readContract({ ...registry, functionName: 'prices', args: [id] });
      prices.set(id, { at: Date.now(), prices: current });
      return current;
    },
    verify(model) {
      const known = verified.get(model.id);
      if (known !== undefined) return known;
      const loading = verifyAdapter(store, model);
      verified.set(model.id, loading);
      // A failure is not remembered: the missing blob may arrive.
      loading.catch(() => verified.delete(model.id));
      return loading;
    },
  };
}
