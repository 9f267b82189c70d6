import { type Adapter, decodeAdapter } from '@openledger/engine/adapter/peft';
import type { Generator } from '@openledger/engine/generation/generator';
import type { BaseModel } from '@openledger/engine/model/base';
import { createLru } from './lru.ts';
import type { TextEngine, VerifiedAdapter } from './types.ts';

/** The gateway's view of the engine: a base model in memory, and as many adapters as there is room for. */
export function createTextEngine(base: BaseModel, generator: Generator, capacity: number): TextEngine {
  const adapters = createLru<number, Adapter>(capacity);

  function decode(adapter: VerifiedAdapter): Adapter {
    const known = adapters.get(adapter.model.id);
    if (known !== undefined) return known;
    const decoded = decodeAdapter(base.config, adapter.files);
    adapters.set(adapter.model.id, decoded);
    return decoded;
  }

  return {
    baseHash: base.weightsHash,
    contextLength: base.config.maxPositions,
    encodeChat: (messages) => base.tokenizer.encodeChat(messages),
    isResident: (modelId) => adapters.has(modelId),
    load: async (adapter) => void decode(adapter),
    async *generate({ adapter, ...options }) {
      const { finishReason } = yield* generator.generate({ ...options, adapter: adapter && decode(adapter) });
      return { finish: finishReason };
    },
  };
}
