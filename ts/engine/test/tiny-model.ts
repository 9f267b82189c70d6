import { keccak } from '@openledger/sdk/protocol/bytes';
import type { Adapter } from '../src/adapter/peft.ts';
import type { LlamaConfig } from '../src/llama/config.ts';
import { baseLayout, loraLayout } from '../src/llama/parameters.ts';
import type { BaseModel } from '../src/model/base.ts';
import { Random } from '../src/numeric/random.ts';
import { SPECIAL_TOKENS, tokenizerConfig, tokenizerJson } from '../src/tokenizer/files.ts';
import { createTokenizer } from '../src/tokenizer/tokenizer.ts';
import { trainVocabulary } from '../src/tokenizer/trainer.ts';
import { hashFloats } from '../src/training/stepper.ts';

/** A Llama of a few thousand random weights with its own tokenizer: runs in milliseconds. */
export function tinyBase(texts: readonly string[]): BaseModel {
  const vocabulary = trainVocabulary(texts, 300, SPECIAL_TOKENS);
  const config: LlamaConfig = {
    vocabSize: vocabulary.tokens.length,
    hiddenSize: 16,
    intermediateSize: 32,
    layers: 2,
    heads: 2,
    kvHeads: 2,
    headDim: 8,
    rmsNormEps: 1e-5,
    ropeTheta: 10_000,
    maxPositions: 64,
    tiedEmbeddings: true,
    eosTokenIds: [1],
    padTokenId: 0,
  };
  const random = new Random(3);
  const weights = new Float32Array(baseLayout(config).size);
  for (const { name, offset, size } of baseLayout(config).slots) {
    for (let i = offset; i < offset + size; i += 1)
      weights[i] = name.includes('norm') ? 1 : 0.2 * random.normal();
  }
  return {
    config,
    weights,
    tokenizer: createTokenizer(tokenizerJson(vocabulary), tokenizerConfig(config.maxPositions)),
    weightsHash: hashFloats(weights),
    tokenizerHash: keccak(new TextEncoder().encode(JSON.stringify(vocabulary))),
  };
}

/** An adapter with random weights, as if it had learnt something. */
export function tinyAdapter(base: Pick<BaseModel, 'config'>): Adapter {
  const rank = 2;
  const random = new Random(5);
  const weights = Float32Array.from(
    { length: loraLayout(base.config, rank).size },
    () => 0.2 * random.normal(),
  );
  return { rank, alpha: 4, rankStabilised: false, weights };
}
