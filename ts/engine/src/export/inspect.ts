import type { LlamaConfig } from '../llama/config.ts';
import { baseLayout } from '../llama/parameters.ts';
import type { BaseModel } from '../model/base.ts';

/** Throws when weights, tokenizer and settings do not belong together, though each could be read. */
export function checkBase({ config, weights, tokenizer }: BaseModel): void {
  const { vocabSize, eosTokenIds } = config;
  if (tokenizer.vocabSize > vocabSize) {
    throw new Error(
      `tokenizer.json has ${tokenizer.vocabSize} tokens, but config.json has embeddings for ${vocabSize}: they are of different models.`,
    );
  }
  if (eosTokenIds.length === 0) {
    throw new Error('config.json names no eos_token_id, so answers would never end. Add it.');
  }
  const unknown = eosTokenIds.find((id) => id >= vocabSize);
  if (unknown !== undefined) {
    throw new Error(`config.json: eos_token_id ${unknown} is outside the vocabulary of ${vocabSize} tokens.`);
  }
  // A loop, since there may be billions.
  for (let i = 0; i < weights.length; i += 1) {
    if (!Number.isFinite(weights[i])) {
      throw new Error(`The weights are damaged: number ${i} of ${weights.length} is ${weights[i]}.`);
    }
  }
}

/** The size of a model in numbers. */
export function describeConfig(config: LlamaConfig): {
  parameters: number;
  layers: number;
  hiddenSize: number;
  vocabSize: number;
  contextLength: number;
} {
  const { layers, hiddenSize, vocabSize, maxPositions } = config;
  return { parameters: baseLayout(config).size, layers, hiddenSize, vocabSize, contextLength: maxPositions };
}
