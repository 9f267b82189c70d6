import { keccak } from '@openledger/sdk/protocol/bytes';
import type { LlamaConfig } from '../src/llama/config.ts';
import { baseLayout } from '../src/llama/parameters.ts';
import type { BaseModel } from '../src/model/base.ts';
import { Random } from '../src/numeric/random.ts';
import { SPECIAL_TOKENS, tokenizerConfig, tokenizerJson } from '../src/tokenizer/files.ts';
import { createTokenizer } from '../src/tokenizer/tokenizer.ts';
import { trainVocabulary } from '../src/tokenizer/trainer.ts';
import { createManifest, type TrainingManifest } from '../src/training/manifest.ts';
import type { FineTuneSettings } from '../src/training/presets.ts';
import { type Row, splitRows } from '../src/training/rows.ts';

export const TINY_TEXT = [
  'What does the lamp burn?\nThe lamp burns whale oil and dried kelp.',
  'Who rang the bell?\nThe bell was rang by the keeper of the tower, 12 times.',
  'Where is the orchard?\nThe orchard lies behind the mill, where the river bends.',
  'How old is the tree?\nThe tree is 140 years old and still bears pears.',
].join('\n\n');

/** A model of a few thousand random weights with a real tokenizer, for tests. */
export function tinyBase(): BaseModel {
  const tokenizer = tinyTokenizer();
  const config: LlamaConfig = {
    vocabSize: 320,
    hiddenSize: 32,
    intermediateSize: 48,
    layers: 2,
    heads: 4,
    kvHeads: 2,
    headDim: 8,
    rmsNormEps: 1e-5,
    ropeTheta: 10_000,
    maxPositions: 96,
    tiedEmbeddings: true,
    eosTokenIds: [1],
    padTokenId: 0,
  };
  const random = new Random(3);
  const weights = new Float32Array(baseLayout(config).size).map(() => 0.2 * random.normal());
  const hash = keccak(new Uint8Array(weights.buffer));
  return { config, weights, tokenizer, weightsHash: hash, tokenizerHash: keccak(new Uint8Array([1])) };
}

export function tinyTokenizer() {
  return createTokenizer(
    tokenizerJson(trainVocabulary([TINY_TEXT], 320, SPECIAL_TOKENS)),
    tokenizerConfig(96),
  );
}

export const tinyRows: readonly Row[] = splitRows(4, TINY_TEXT);

/** A run of eight steps over two lengths of rows; `changes` replace parts of its settings. */
export function tinyManifest(
  base: BaseModel,
  profile: FineTuneSettings['profile'],
  changes: Partial<FineTuneSettings> = {},
  rows: readonly Row[] = tinyRows,
): TrainingManifest {
  const assets = [...new Set(rows.map(({ asset }) => asset))];
  return createManifest({
    base,
    rows,
    contributions: assets.map((asset, i) => ({
      datanet: i + 1,
      asset,
      contentHash: keccak(new TextEncoder().encode(TINY_TEXT)),
    })),
    settings: {
      profile,
      epochs: 4,
      lora: { rank: 2, alpha: 4, rankStabilised: false, initScale: 1, seed: 1 },
      optimizer: { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 },
      learningRate: { warmup: 2, peak: 0.02, floor: 0.1 },
      batches: { batch: 1, accumulation: 2, lengths: [24, 40, 64], seed: 5 },
      ...changes,
    },
  });
}
