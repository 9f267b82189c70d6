/** What the base model is and how it is trained. */
import type { LlamaConfig } from '@openledger/engine/llama/config';
import { baseLayout } from '@openledger/engine/llama/parameters';
import { Random } from '@openledger/engine/numeric/random';
import type { AdamWSettings } from '@openledger/engine/training/adamw';

/** About 2.9 million parameters: 5.8 MB in half precision. */
export const baseConfig: LlamaConfig = {
  vocabSize: 2048,
  hiddenSize: 224,
  intermediateSize: 608,
  layers: 4,
  heads: 7,
  kvHeads: 7,
  headDim: 32,
  rmsNormEps: 1e-5,
  ropeTheta: 10_000,
  maxPositions: 256,
  tiedEmbeddings: true,
  eosTokenIds: [1],
  padTokenId: 0,
};

/** How long a training run is, and how it goes. */
export type BasePlan = {
  readonly steps: number;
  readonly batch: number;
  readonly length: number;
  readonly warmup: number;
  readonly peak: number;
  readonly floor: number;
  readonly seed: number;
  readonly optimizer: AdamWSettings;
};

export const basePlan: BasePlan = {
  steps: 3000,
  batch: 8,
  length: 128,
  warmup: 100,
  peak: 2e-3,
  floor: 0.04,
  seed: 42,
  optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 },
};

/** Fresh weights: normal with deviation 0.02, less for the layers that write to the residual stream. */
export function initialWeights(config: LlamaConfig, seed: number): Float32Array {
  const layout = baseLayout(config);
  const weights = new Float32Array(layout.size);
  const random = new Random(seed);
  for (const { name, shape, offset, size } of layout.slots) {
    if (shape.length === 1) {
      weights.fill(1, offset, offset + size);
      continue;
    }
    const writesResidual = name.includes('o_proj') || name.includes('down_proj');
    const deviation = writesResidual ? 0.02 / Math.sqrt(2 * config.layers) : 0.02;
    for (let i = offset; i < offset + size; i += 1) weights[i] = deviation * random.normal();
  }
  return weights;
}
