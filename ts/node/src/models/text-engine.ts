import { decodeAdapter } from '@openledger/engine/adapter/peft';
import { type Generator, GeneratorBusyError } from '@openledger/engine/generation/generator';
import { createResidency } from '@openledger/engine/generation/residency';
import type { BaseModel } from '@openledger/engine/model/base';
import { NodeError } from '../errors.ts';
import type { ServeEngine, TextEngine, VerifiedAdapter } from './types.ts';

/** Loads that the estimate of the next one is made from. */
const REMEMBERED_LOADS = 32;

/** What the gateway asks of an engine, with the tokenizer of the base model. */
export function createTextEngine(base: BaseModel, engine: ServeEngine): TextEngine {
  return {
    ...engine,
    baseHash: base.weightsHash,
    contextLength: Math.min(engine.contextLength, base.config.maxPositions),
    encodeChat: (messages) => base.tokenizer.encodeChat(messages),
    encodeText: (text) => base.tokenizer.encode(text),
    tokenBytes: (token) => base.tokenizer.tokenBytes(token),
  };
}

/**
 * The engine in this process: a base model in memory, and as many adapters as fit.
 *
 * @param adapterBytes - budget for adapters, in bytes of float32 matrices
 */
export function createEmbeddedEngine(
  base: BaseModel,
  generator: Generator,
  adapterBytes: number,
): ServeEngine {
  const adapters = createResidency<number>(generator, adapterBytes);
  const loadMs: number[] = [];

  function resident(adapter: VerifiedAdapter) {
    return adapters.put(adapter.model.id, () => {
      const started = performance.now();
      const decoded = decodeAdapter(base.config, adapter.files);
      loadMs.push(performance.now() - started);
      if (loadMs.length > REMEMBERED_LOADS) loadMs.shift();
      return decoded;
    });
  }

  return {
    contextLength: base.config.maxPositions,
    quantization: generator.quantization,
    isResident: (modelId) => adapters.has(modelId),
    isPinned: (modelId) => adapters.isPinned(modelId),
    setPinned: (modelId, pinned) => adapters.setPinned(modelId, pinned),
    load: async (adapter) => void resident(adapter),
    unload: (modelId) => adapters.delete(modelId),
    status: () => ({
      active: generator.active,
      adapters: adapters.list().length,
      adapterBytes: adapters.list().reduce((sum, { bytes }) => sum + bytes, 0),
      coldStartMs: loadMs.length === 0 ? undefined : loadMs.reduce((a, b) => a + b) / loadMs.length,
    }),
    async *generate({ adapter, promptTokens, ...options }) {
      try {
        const { finishReason } = yield* generator.generate({
          ...options,
          prompt: promptTokens,
          adapters: adapter === undefined ? [] : [{ adapter: resident(adapter) }],
        });
        return { finish: finishReason };
      } catch (error) {
        if (!(error instanceof GeneratorBusyError)) throw error;
        throw new NodeError('overloaded', error.message, 'Send the request again after a second.');
      }
    },
  };
}
