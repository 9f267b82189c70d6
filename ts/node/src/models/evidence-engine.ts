import { decodeAdapter } from '@openledger/engine/adapter/peft';
import { answerTokens } from '@openledger/engine/influence/answer';
import { type InfluenceSession, openInfluence } from '@openledger/engine/influence/query';
import type { BaseModel } from '@openledger/engine/model/base';
import { placesShown, shownSpans } from '@openledger/engine/spans/display';
import { longestMatches } from '@openledger/engine/spans/longest-matches';
import { buildSpanIndex, type SpanIndex } from '@openledger/engine/spans/span-index';
import { ITEM_KIND, ITEM_LIMITS } from '@openledger/sdk/protocol/items';
import type { AssetSpan, EvidenceEngine } from '../attribution/attribute.ts';
import { createLru } from './lru.ts';
import type { VerifiedAdapter } from './types.ts';

/** Influence sessions keep graphs and a worker thread each, so only the adapters in use have one. */
const SESSIONS = 2;
const INDEXES = 16;

/** Spans and influence by the engine, with what each adapter needs prepared once. */
export function createEvidenceEngine(base: BaseModel): EvidenceEngine & { close(): Promise<void> } {
  const indexes = createLru<number, SpanIndex>(INDEXES);
  const sessions = new Map<number, Promise<InfluenceSession>>();

  function indexOf(adapter: VerifiedAdapter): SpanIndex {
    const known = indexes.get(adapter.model.id);
    if (known !== undefined) return known;
    const index = buildSpanIndex(adapter.documents);
    indexes.set(adapter.model.id, index);
    return index;
  }

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
    paidSpans: async (adapter, output, limits) => longestMatches(indexOf(adapter), output, limits),
    shownSpans: async (adapter, output, minLen) => visibleSpans(indexOf(adapter), output, minLen),
    queryVector: async (adapter, { promptTokens, output }) =>
      (await sessionOf(adapter)).query({ promptTokens, answerTokens: answerTokens(base.tokenizer, output) }),
    close: async () => {
      for (const session of sessions.values())
        await session.then((one) => one.close()).catch(() => undefined);
    },
  };
}

/** What people see. Of contributions that are nearly the same text, the ones that are paid stay visible. */
function visibleSpans(index: SpanIndex, output: Uint8Array, minLen: number): AssetSpan[] {
  const listed = longestMatches(index, output).slice(0, ITEM_LIMITS[ITEM_KIND.span]);
  const paid = new Set(listed.map(({ asset }) => asset));
  return placesShown(shownSpans([index], output, { minLen }), paid);
}
