import type { Vocabulary } from './trainer.ts';

/** The special tokens of the models that this repository trains, in the order of their ids. */
export const SPECIAL_TOKENS = ['<|pad|>', '<|end|>', '<|user|>', '<|assistant|>'] as const;

/**
 * `<|user|>question<|assistant|>answer<|end|>`, as training formats it. A system message is plain text before
 * the first turn.
 */
export const CHAT_TEMPLATE = [
  '{% for message in messages %}',
  "{% if message['role'] == 'user' %}{{ '<|user|>' + message['content'] }}",
  "{% elif message['role'] == 'assistant' %}{{ '<|assistant|>' + message['content'] + '<|end|>' }}",
  "{% else %}{{ message['content'] }}{% endif %}",
  '{% endfor %}',
  "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
].join('');

/** The `tokenizer.json` of a byte-level BPE vocabulary. */
export function tokenizerJson(vocabulary: Vocabulary): Record<string, unknown> {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: vocabulary.specials.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocabulary.tokens.map((token, id) => [token, id])),
      merges: vocabulary.merges.map((pair) => pair.join(' ')),
    },
  };
}

/** The `tokenizer_config.json` that goes with it. */
export function tokenizerConfig(maxLength: number): Record<string, unknown> {
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: maxLength,
    clean_up_tokenization_spaces: false,
    eos_token: '<|end|>',
    pad_token: '<|pad|>',
    chat_template: CHAT_TEMPLATE,
  };
}
