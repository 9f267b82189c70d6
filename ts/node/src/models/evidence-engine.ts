import { decodeAdapter } from '@openledger/engine/adapter/peft';
import { answerTokens } from '@openledger/engine/influence/answer';
import { type InfluenceSession, openInfluence } from '@openledger/engine/influence/query';
import type { BaseModel } from '@openledger/engine/model/base';
import { placesShown, shownSpans } from '@openledger/engine/spans/display';
import type { SpanStore } from '@openledger/engine/spans/span-store';
import { ITEM_KIND, ITEM_LIMITS } from '@openledger/sdk/protocol/items';
import type { AssetSpan, EvidenceEngine } from '../attribution/attribute.ts';
import type { createSpanIndexes } from './span-indexes.ts';
import type { VerifiedAdapter } from './types.ts';

/** Influence sessions keep graphs and a worker thread each, so only the adapters in use have one. */
const SESSIONS = 2;

/** Spans and influence by the engine, with what each adapter needs prepared once. */
export function createEvidenceEngine(
  base: BaseModel,
  indexes: ReturnType<typeof createSpanIndexes>,
): EvidenceEngine & { close(): Promise<void> } {
  const sessions = new Map<number, Promise<InfluenceSession>>();

  async function sessionOf(adapter: VerifiedAdapter): Promise<InfluenceSession> {
    const known = sessions.get(adapter.model.id);
    if (known !== undefined) return known;
    const opening = openInfluence({
      base,
      adapter: decodeAdapter(base.config, adapter.files),
      basis: adapter.basis,
    });
    sessions.set(adapter.model.id, opening);
    opening.catch(() => sessions.delete(adapter.model.id));
    const [oldest] = sessions.keys();
    if (sessions.size > SESSIONS && oldest !== undefined) {
      const session = sessions.get(oldest);
      sessions.delete(oldest);
      await session?.then((one) => one.close()).catch(() => undefined);
    }
    return opening;
  }

  return {
    paidSpans: async (adapter, output, limits) => (await indexes.of(adapter)).longestMatches(output, limits),
    shownSpans: async (adapter, output, minLen) => visibleSpans(await indexes.of(adapter), output, minLen),
    queryVector: async (adapter, { promptTokens, output }) =>
      (await sessionOf(adapter)).query({ promptTokens, answerTokens: answerTokens(base.tokenizer, output) }),
    close: async () => {
      for (const session of sessions.values())
        await session.then((one) => one.close()).catch(() => undefined);
    },
  };
}

/** What people see. Of contributions that are nearly the same text, the ones that are paid stay visible. */
function visibleSpans(store: SpanStore, output: Uint8Array, minLen: number): AssetSpan[] {
  const listed = store.longestMatches(output).slice(0, ITEM_LIMITS[ITEM_KIND.span]);
  const paid = new Set(listed.map(({ asset }) => asset));
  return placesShown(shownSpans(store.shards, output, { minLen }), paid);
}
