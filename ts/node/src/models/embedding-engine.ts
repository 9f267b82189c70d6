import type { BaseModel } from '@openledger/engine/model/base';
import type { Embedder } from '@openledger/engine/retrieval/embedder';
import { NodeError } from '../errors.ts';
import type { EmbeddingEngine } from './types.ts';

/** Calls that may wait for their vectors; one more is refused. */
const MAX_WAITING = 16;

/**
 * Embeds by the base model: the mean of its last hidden states over a text's tokens, cut to length 1. It is what
 * retrieval uses unless it is given another model.
 *
 * @param open - called at the first text, because the embedder holds a graph of its own
 */
export function createEmbeddingEngine(base: BaseModel, open: () => Promise<Embedder>): EmbeddingEngine {
  const { hiddenSize: dimensions, maxPositions } = base.config;
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  return {
    dimensions,
    encode(texts, asked) {
      if (asked !== undefined && asked !== dimensions) {
        throw new NodeError(
          'bad_request',
          `This model embeds in ${dimensions} dimensions, and its vectors cannot be shortened to ${asked}.`,
          'Leave "dimensions" out.',
        );
      }
      return texts.flatMap((text, index) => {
        const tokens = base.tokenizer.encode(text);
        if (tokens.length <= maxPositions) return tokens;
        throw new NodeError(
          'bad_request',
          `input.${index} has ${tokens.length} tokens and the model reads ${maxPositions}.`,
          'Cut the text into parts, and embed each.',
        );
      });
    },
    async embed(texts, signal) {
      if (waiting >= MAX_WAITING) {
        throw new NodeError(
          'overloaded',
          'Too many texts wait to be embedded.',
          'Send the request again after a second.',
        );
      }
      waiting += 1;
      const work = turn.then(async () => {
        const embedder = await open();
        const vectors: Float32Array[] = [];
        for (const text of texts) {
          signal.throwIfAborted();
          vectors.push(await embedder.embed(text));
        }
        return vectors;
      });
      turn = work.catch(() => undefined);
      try {
        return await work;
      } finally {
        waiting -= 1;
      }
    },
  };
}
