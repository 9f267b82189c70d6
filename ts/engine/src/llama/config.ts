import { z } from 'zod';

/** The fields of a Hugging Face `config.json` that a Llama model needs. */
const configSchema = z.object({
  architectures: z.array(z.string()).optional(),
  model_type: z.literal('llama'),
  vocab_size: z.number().int().positive(),
  hidden_size: z.number().int().positive(),
  intermediate_size: z.number().int().positive(),
  num_hidden_layers: z.number().int().positive(),
  num_attention_heads: z.number().int().positive(),
  num_key_value_heads: z.number().int().positive().optional(),
  head_dim: z.number().int().positive().optional(),
  rms_norm_eps: z.number().positive(),
  rope_theta: z.number().positive().optional(),
  rope_scaling: z.null().optional(),
  rope_parameters: z
    .object({ rope_theta: z.number().positive(), rope_type: z.literal('default').optional() })
    .optional(),
  max_position_embeddings: z.number().int().positive(),
  tie_word_embeddings: z.boolean().optional(),
  hidden_act: z.literal('silu').optional(),
  attention_bias: z.literal(false).optional(),
  mlp_bias: z.literal(false).optional(),
  bos_token_id: z.number().int().nullable().optional(),
  eos_token_id: z.union([z.number().int(), z.array(z.number().int())]).optional(),
  pad_token_id: z.number().int().nullable().optional(),
});

/** The shape of a Llama model. */
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
  readonly maxPositions: number;
  /** Whether the output layer reuses the token embeddings. */
  readonly tiedEmbeddings: boolean;
  readonly eosTokenIds: readonly number[];
  readonly padTokenId: number;
};

/** Reads a parsed `config.json`. */
export function parseLlamaConfig(json: unknown): LlamaConfig {
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    throw new Error(
      `config.json does not describe a Llama model this engine can run: ${z.prettifyError(parsed.error)}`,
    );
  }
  const hf = parsed.data;
  const heads = hf.num_attention_heads;
  const kvHeads = hf.num_key_value_heads ?? heads;
  if (heads % kvHeads !== 0) {
    throw new Error(`config.json: ${heads} attention heads cannot share ${kvHeads} key/value heads evenly.`);
  }
  const eos = hf.eos_token_id ?? [];
  return {
    vocabSize: hf.vocab_size,
    hiddenSize: hf.hidden_size,
    intermediateSize: hf.intermediate_size,
    layers: hf.num_hidden_layers,
    heads,
    kvHeads,
    headDim: hf.head_dim ?? hf.hidden_size / heads,
    rmsNormEps: hf.rms_norm_eps,
    ropeTheta: hf.rope_theta ?? hf.rope_parameters?.rope_theta ?? 10_000,
    maxPositions: hf.max_position_embeddings,
    tiedEmbeddings: hf.tie_word_embeddings ?? false,
    eosTokenIds: typeof eos === 'number' ? [eos] : eos,
    padTokenId: hf.pad_token_id ?? 0,
  };
}

/** The `config.json` of a Llama model, as transformers and this engine read it. */
export function toHuggingFaceConfig(config: LlamaConfig): Record<string, unknown> {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    hidden_act: 'silu',
    attention_bias: false,
    mlp_bias: false,
    rms_norm_eps: config.rmsNormEps,
    rope_theta: config.ropeTheta,
    max_position_embeddings: config.maxPositions,
    tie_word_embeddings: config.tiedEmbeddings,
    eos_token_id: config.eosTokenIds[0],
    pad_token_id: config.padTokenId,
    torch_dtype: 'float16',
  };
}
