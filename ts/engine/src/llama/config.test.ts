import { describe, expect, it } from 'vitest';
import { GOLDEN_MODELS, readGolden } from '../../test/golden.ts';
import { parseLlamaConfig, toHuggingFaceConfig } from './config.ts';
import { baseLayout, loraLayout } from './parameters.ts';
import { buildTrainingGraph } from './training-graph.ts';

/** The architecture fields of the config.json files that these models are published with. */
const PUBLISHED = {
  'Llama-2-7B': {
    model_type: 'llama',
    hidden_act: 'silu',
    hidden_size: 4096,
    intermediate_size: 11008,
    max_position_embeddings: 4096,
    num_attention_heads: 32,
    num_hidden_layers: 32,
    num_key_value_heads: 32,
    pretraining_tp: 1,
    rms_norm_eps: 1e-5,
    rope_scaling: null,
    tie_word_embeddings: false,
    vocab_size: 32000,
    eos_token_id: 2,
  },
  'Llama-3.2-1B': {
    model_type: 'llama',
    attention_bias: false,
    eos_token_id: [128001, 128008, 128009],
    head_dim: 64,
    hidden_act: 'silu',
    hidden_size: 2048,
    intermediate_size: 8192,
    max_position_embeddings: 131072,
    mlp_bias: false,
    num_attention_heads: 32,
    num_hidden_layers: 16,
    num_key_value_heads: 8,
    rms_norm_eps: 1e-5,
    rope_scaling: {
      factor: 32.0,
      high_freq_factor: 4.0,
      low_freq_factor: 1.0,
      original_max_position_embeddings: 8192,
      rope_type: 'llama3',
    },
    rope_theta: 500000.0,
    tie_word_embeddings: true,
    vocab_size: 128256,
  },
  'Mistral-7B-v0.1': {
    model_type: 'mistral',
    eos_token_id: 2,
    hidden_act: 'silu',
    hidden_size: 4096,
    intermediate_size: 14336,
    max_position_embeddings: 32768,
    num_attention_heads: 32,
    num_hidden_layers: 32,
    num_key_value_heads: 8,
    rms_norm_eps: 1e-5,
    rope_theta: 10000.0,
    sliding_window: 4096,
    tie_word_embeddings: false,
    vocab_size: 32000,
  },
  'Qwen2.5-0.5B': {
    model_type: 'qwen2',
    eos_token_id: 151643,
    hidden_act: 'silu',
    hidden_size: 896,
    intermediate_size: 4864,
    max_position_embeddings: 32768,
    max_window_layers: 24,
    num_attention_heads: 14,
    num_hidden_layers: 24,
    num_key_value_heads: 2,
    rms_norm_eps: 1e-6,
    rope_theta: 1000000.0,
    sliding_window: 32768,
    tie_word_embeddings: true,
    use_mrope: false,
    use_sliding_window: false,
    vocab_size: 151936,
  },
  'SmolLM2-135M': {
    model_type: 'llama',
    attention_bias: false,
    eos_token_id: 0,
    hidden_act: 'silu',
    hidden_size: 576,
    intermediate_size: 1536,
    is_llama_config: true,
    max_position_embeddings: 8192,
    mlp_bias: false,
    num_attention_heads: 9,
    num_hidden_layers: 30,
    num_key_value_heads: 3,
    rms_norm_eps: 1e-5,
    rope_interleaved: false,
    rope_scaling: null,
    rope_theta: 100000,
    tie_word_embeddings: true,
    vocab_size: 49152,
  },
};
const llama = PUBLISHED['Llama-3.2-1B'];

describe('A config.json', () => {
  it('describes the models that are published with it, to their number of parameters', () => {
    const sizes = Object.values(PUBLISHED).map((json) => baseLayout(parseLlamaConfig(json)).size);
    expect(sizes).toEqual([6_738_415_616, 1_235_814_400, 7_241_732_096, 494_032_768, 134_515_008]);
  });

  it('says how far the positions of a stretched or a windowed model reach', () => {
    expect(parseLlamaConfig(llama).ropeScaling).toEqual({
      type: 'llama3',
      factor: 32,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalPositions: 8192,
    });
    const mistral = parseLlamaConfig(PUBLISHED['Mistral-7B-v0.1']);
    expect(mistral.maxPositions).toBe(4096);
    expect(() => buildTrainingGraph(mistral, { mode: 'full', batch: 1, length: 4097 })).toThrow(
      'this model reads 4096',
    );
    expect(parseLlamaConfig(PUBLISHED['Qwen2.5-0.5B']).maxPositions).toBe(32768);
  });

  it('survives its way through the engine', () => {
    for (const name of GOLDEN_MODELS) {
      const { config } = readGolden(name);
      expect(parseLlamaConfig(toHuggingFaceConfig(config))).toEqual(config);
    }
    const linear = { ...readGolden('llama').config, ropeScaling: { type: 'linear', factor: 2 } as const };
    expect(parseLlamaConfig(toHuggingFaceConfig(linear))).toEqual(linear);
  });

  it.each([
    [{ model_type: 'gemma2' }, 'model_type "gemma2"'],
    [{ hidden_act: 'gelu' }, 'hidden_act "gelu"'],
    [{ rope_scaling: { rope_type: 'yarn', factor: 4 } }, 'rope_scaling.rope_type "yarn"'],
    [{ rope_parameters: { rope_type: 'longrope' } }, 'rope_parameters.rope_type "longrope"'],
    [{ rope_scaling: { type: 'llama3' } }, 'rope_scaling.factor is missing'],
    [{ partial_rotary_factor: 0.5 }, 'partial_rotary_factor 0.5'],
    [{ quantization_config: { quant_method: 'gptq' } }, 'quantization_config {"quant_method":"gptq"}'],
    [{ num_key_value_heads: 5 }, 'cannot share 5'],
    [{ layer_types: ['chunked_attention'] }, 'layer_types'],
    [{ vocab_size: undefined }, 'vocab_size'],
  ])('is refused with the field and its value: %j', (change, message) => {
    expect(() => parseLlamaConfig({ ...llama, ...change })).toThrow(message);
  });
});

describe('A layout of LoRA matrices', () => {
  it('has the same order whatever the order of the targets', () => {
    const { config } = readGolden('qwen2');
    const layout = loraLayout(config, 2, ['down_proj', 'q_proj']);
    expect(layout).toEqual(loraLayout(config, 2, ['q_proj', 'down_proj']));
    expect(layout.slots.map(({ name }) => name.split('.').slice(3).join('.'))).toEqual(
      Array(2)
        .fill([
          'self_attn.q_proj.lora_A',
          'self_attn.q_proj.lora_B',
          'mlp.down_proj.lora_A',
          'mlp.down_proj.lora_B',
        ])
        .flat(),
    );
    expect(() => loraLayout(config, 2, [])).toThrow('at least one');
  });
});
