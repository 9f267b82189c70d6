import { z } from 'zod';
import type { Linear } from './parameters.ts';

/** How a model stretches its rotary angles beyond the positions it was first trained on. */
export type RopeScaling =
  | { readonly type: 'linear'; readonly factor: number }
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalPositions: number;
    };

/**
 * The shape of a Llama-family model. Llama, Mistral and Qwen2 are one architecture here: they differ in
 * biases, in rotary scaling and in a window that this engine never crosses.
 */
export type LlamaConfig = {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  /** Fewer than `heads` when several query heads share a key and value head. */
  readonly kvHeads: number;
  readonly headDim: number;
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
  /** Default: none. */
  readonly ropeScaling?: RopeScaling;
  /** Positions that may be read; at most the sliding window, where the model has one. */
  readonly maxPositions: number;
  /** Whether the output layer reuses the token embeddings. */
  readonly tiedEmbeddings: boolean;
  /** Linear layers that add a bias. Default: none. */
  readonly biases?: readonly Linear[];
  readonly eosTokenIds: readonly number[];
  readonly padTokenId: number;
};

const count = z.number().int().positive();

/** Rotary settings: `rope_parameters` since transformers 5, `rope_scaling` with `rope_theta` beside it before. */
const ropeSchema = z.object({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
  partial_rotary_factor: z.number().optional(),
  factor: z.number().positive().optional(),
  low_freq_factor: z.number().positive().optional(),
  high_freq_factor: z.number().positive().optional(),
  original_max_position_embeddings: count.optional(),
});
type RopeFields = z.infer<typeof ropeSchema>;

/** The fields of a Hugging Face `config.json` that decide what a model of the family computes. */
const configSchema = z.object({
  model_type: z.string(),
  vocab_size: count,
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: ropeSchema.nullish(),
  partial_rotary_factor: z.number().nullish(),
  max_position_embeddings: count,
  tie_word_embeddings: z.boolean().nullish(),
  hidden_act: z.string().nullish(),
  attention_bias: z.boolean().nullish(),
  mlp_bias: z.boolean().nullish(),
  sliding_window: count.nullish(),
  use_sliding_window: z.boolean().nullish(),
  layer_types: z.array(z.enum(['full_attention', 'sliding_attention'])).nullish(),
  quantization_config: z.unknown().optional(),
  eos_token_id: z.union([z.number().int(), z.array(z.number().int())]).nullish(),
  pad_token_id: z.number().int().nullish(),
});
type HuggingFaceConfig = z.infer<typeof configSchema>;

const ATTENTION: readonly Linear[] = ['q_proj', 'k_proj', 'v_proj', 'o_proj'];
const FEED_FORWARD: readonly Linear[] = ['gate_proj', 'up_proj', 'down_proj'];

/** Reads a parsed `config.json`. What would change the computation and is not supported is refused by name. */
export function parseLlamaConfig(json: unknown): LlamaConfig {
  const family = z.object({ model_type: z.string() }).safeParse(json).data?.model_type;
  if (family !== undefined && !['llama', 'mistral', 'qwen2'].includes(family)) {
    refuse('model_type', family, 'Use a model of type llama, mistral or qwen2');
  }
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    throw new Error(
      `config.json does not describe a Llama model this engine can run: ${z.prettifyError(parsed.error)}`,
    );
  }
  const hf = parsed.data;
  const heads = hf.num_attention_heads;
  const kvHeads = hf.num_key_value_heads ?? heads;
  const headDim = hf.head_dim ?? hf.hidden_size / heads;
  if (heads % kvHeads !== 0) {
    throw new Error(`config.json: ${heads} attention heads cannot share ${kvHeads} key/value heads evenly.`);
  }
  if (headDim % 2 !== 0) {
    throw new Error(`config.json: heads of width ${headDim} cannot be rotated; the width must be even.`);
  }
  if ((hf.hidden_act ?? 'silu') !== 'silu') refuse('hidden_act', hf.hidden_act, 'Only silu is supported');
  if (hf.quantization_config) {
    const advice = 'Load the unquantised weights (F32, F16 or BF16); the engine quantises them itself';
    refuse('quantization_config', hf.quantization_config, advice);
  }
  const eos = hf.eos_token_id ?? [];
  const biases = biasesOf(hf);
  return {
    vocabSize: hf.vocab_size,
    hiddenSize: hf.hidden_size,
    intermediateSize: hf.intermediate_size,
    layers: hf.num_hidden_layers,
    heads,
    kvHeads,
    headDim,
    rmsNormEps: hf.rms_norm_eps,
    ...ropeOf(hf),
    maxPositions: Math.min(hf.max_position_embeddings, windowOf(hf)),
    tiedEmbeddings: hf.tie_word_embeddings ?? false,
    ...(biases.length > 0 ? { biases } : {}),
    eosTokenIds: typeof eos === 'number' ? [eos] : eos,
    padTokenId: hf.pad_token_id ?? 0,
  };
}

/** Qwen2 always has a bias on q, k and v and no field for it; Mistral has none; Llama says. */
function biasesOf(hf: HuggingFaceConfig): Linear[] {
  if (hf.model_type === 'qwen2') return ['q_proj', 'k_proj', 'v_proj'];
  if (hf.model_type === 'mistral') return [];
  return [...(hf.attention_bias ? ATTENTION : []), ...(hf.mlp_bias ? FEED_FORWARD : [])];
}

/** Within the window attention sees everything, so a window only limits the length. */
function windowOf(hf: HuggingFaceConfig): number {
  const used =
    hf.model_type === 'mistral' ||
    (hf.model_type === 'qwen2' && hf.use_sliding_window === true) ||
    hf.layer_types?.includes('sliding_attention');
  return (used ? hf.sliding_window : undefined) ?? Number.POSITIVE_INFINITY;
}

function ropeOf(hf: HuggingFaceConfig): Pick<LlamaConfig, 'ropeTheta' | 'ropeScaling'> {
  const field = hf.rope_parameters ? 'rope_parameters' : 'rope_scaling';
  const rope: RopeFields = hf.rope_parameters ?? hf.rope_scaling ?? {};
  const ropeTheta = hf.rope_theta ?? rope.rope_theta ?? 10_000;
  const partial = hf.partial_rotary_factor ?? rope.partial_rotary_factor ?? 1;
  if (partial !== 1) refuse('partial_rotary_factor', partial, 'Only models that rotate whole heads (1) run');
  const type = rope.rope_type ?? rope.type ?? 'default';
  const needed = (key: 'factor' | 'low_freq_factor' | 'high_freq_factor') => {
    const value = rope[key];
    if (value === undefined)
      throw new Error(`config.json: ${field}.${key} is missing; type ${type} needs it.`);
    return value;
  };
  switch (type) {
    case 'default':
      return { ropeTheta };
    case 'linear':
      return { ropeTheta, ropeScaling: { type, factor: needed('factor') } };
    case 'llama3':
      return {
        ropeTheta,
        ropeScaling: {
          type,
          factor: needed('factor'),
          lowFrequencyFactor: needed('low_freq_factor'),
          highFrequencyFactor: needed('high_freq_factor'),
          originalPositions: rope.original_max_position_embeddings ?? hf.max_position_embeddings,
        },
      };
    default:
      return refuse(`${field}.rope_type`, type, 'Use a model with default, linear or llama3 scaling');
  }
}

function refuse(field: string, value: unknown, advice: string): never {
  throw new Error(`config.json: ${field} ${JSON.stringify(value)} is not supported. ${advice}.`);
}

/** The `config.json` of a model, as transformers and this engine read it. */
export function toHuggingFaceConfig(config: LlamaConfig): Record<string, unknown> {
  const family = familyOf(config);
  return {
    architectures: [family === 'qwen2' ? 'Qwen2ForCausalLM' : 'LlamaForCausalLM'],
    model_type: family,
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    hidden_act: 'silu',
    ...(family === 'llama'
      ? { attention_bias: hasBias(config, 'q_proj'), mlp_bias: hasBias(config, 'up_proj') }
      : {}),
    rms_norm_eps: config.rmsNormEps,
    rope_theta: config.ropeTheta,
    ...(config.ropeScaling === undefined ? {} : { rope_scaling: toRopeFields(config.ropeScaling) }),
    max_position_embeddings: config.maxPositions,
    tie_word_embeddings: config.tiedEmbeddings,
    eos_token_id: config.eosTokenIds.length > 1 ? config.eosTokenIds : config.eosTokenIds[0],
    pad_token_id: config.padTokenId,
    torch_dtype: 'float16',
  };
}

/** Whether a linear layer of the model adds a bias. */
export function hasBias(config: LlamaConfig, linear: Linear): boolean {
  return config.biases?.includes(linear) ?? false;
}

/** A family of transformers that computes what the config says: only Qwen2 has biases on q, k and v alone. */
function familyOf(config: LlamaConfig): 'llama' | 'qwen2' {
  return hasBias(config, 'q_proj') && !hasBias(config, 'o_proj') ? 'qwen2' : 'llama';
}

function toRopeFields(scaling: RopeScaling): Record<string, unknown> {
  if (scaling.type === 'linear') return { rope_type: 'linear', factor: scaling.factor };
  return {
    rope_type: 'llama3',
    factor: scaling.factor,
    low_freq_factor: scaling.lowFrequencyFactor,
    high_freq_factor: scaling.highFrequencyFactor,
    original_max_position_embeddings: scaling.originalPositions,
  };
}
