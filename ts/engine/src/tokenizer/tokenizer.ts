import { PreTrainedTokenizer } from '@huggingface/transformers';
import { z } from 'zod';
import { CHAR_TO_BYTE } from './bytes.ts';

export type ChatMessage = { readonly role: 'system' | 'user' | 'assistant'; readonly content: string };

export type EncodeOptions = {
  /** Add what the model expects around a text, such as a first token. Default false. */
  readonly specialTokens?: boolean;
};

/** A BPE tokenizer in Hugging Face layout, byte-level or SentencePiece's; transformers.js does the encoding. */
export type Tokenizer = {
  /** One more than the largest id. */
  readonly vocabSize: number;
  encode(text: string, options?: EncodeOptions): number[];
  /** The text of `ids`; special tokens are left out. */
  decode(ids: readonly number[]): string;
  /**
   * The bytes that a token stands for; none for a special token. A token may end inside a character. Where words
   * carry their space (SentencePiece), the first token of a text has one that `decode` drops.
   */
  tokenBytes(id: number): Uint8Array;
  /** The id of a special token such as `<|end|>`. */
  special(token: string): number;
  /** The id of the token that ends an answer (`eos_token`). */
  endToken(): number;
  isSpecial(id: number): boolean;
  /** The text of a conversation in the model's chat template, ready for the assistant's answer. */
  formatChat(messages: readonly ChatMessage[]): string;
  /** The tokens of `formatChat`. */
  encodeChat(messages: readonly ChatMessage[]): number[];
};

const tokenizerSchema = z.object({
  added_tokens: z
    .array(z.object({ id: z.number().int(), content: z.string(), special: z.boolean().default(true) }))
    .default([]),
  model: z.object({
    type: z.literal('BPE', 'only BPE tokenizers are supported; convert the model’s to one'),
    vocab: z.record(z.string(), z.number().int()),
    byte_fallback: z.boolean().nullish(),
  }),
});

/** Makes a tokenizer from parsed `tokenizer.json` and `tokenizer_config.json`. */
export function createTokenizer(tokenizerJson: unknown, config: Record<string, unknown>): Tokenizer {
  const result = tokenizerSchema.safeParse(tokenizerJson);
  if (!result.success) throw new Error(`tokenizer.json: ${z.prettifyError(result.error)}`);
  const { added_tokens: added, model } = result.data;
  const inner = new PreTrainedTokenizer(tokenizerJson as object, config);
  const specials = new Map(added.filter(({ special }) => special).map(({ content, id }) => [content, id]));
  const spaced = model.byte_fallback === true;
  const bytes = tokenBytesById(model.vocab, spaced ? spacedBytes : levelBytes);
  for (const { id, content, special } of added) bytes.set(id, special ? NONE : utf8.encode(content));

  const tokenBytes = (id: number) => bytes.get(id) ?? NONE;
  const encode = (text: string, specialTokens: boolean) =>
    Array.from(inner.encode(text, { add_special_tokens: specialTokens }), Number);
  const formatChat = (messages: readonly ChatMessage[]) => {
    if (!config.chat_template) {
      throw new Error('The model has no chat template. Use an instruction-tuned model, or plain prompts.');
    }
    return String(inner.apply_chat_template([...messages], { tokenize: false, add_generation_prompt: true }));
  };
  const special = (token: string) => {
    const id = specials.get(token);
    if (id === undefined) throw new Error(`The tokenizer has no special token ${token}.`);
    return id;
  };
  return {
    vocabSize: [...bytes.keys()].reduce((most, id) => Math.max(most, id + 1), 0),
    encode: (text, { specialTokens = false } = {}) => encode(text, specialTokens),
    decode: (ids) => {
      const text = decoder.decode(concat(ids.map(tokenBytes)));
      return spaced && text.startsWith(' ') ? text.slice(1) : text;
    },
    tokenBytes,
    special,
    endToken: () => {
      const found = endTokenSchema.safeParse(config.eos_token);
      if (!found.success) throw new Error('tokenizer_config.json names no eos_token, which ends an answer.');
      return special(typeof found.data === 'string' ? found.data : found.data.content);
    },
    isSpecial: (id) => tokenBytes(id).length === 0,
    formatChat,
    encodeChat: (messages) => encode(formatChat(messages), false),
  };
}

const endTokenSchema = z.union([z.string(), z.object({ content: z.string() })]);

const NONE = new Uint8Array();
const utf8 = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Ids come from the values of `vocab`: JavaScript moves keys such as "7" to the front of an object. */
function tokenBytesById(
  vocab: Readonly<Record<string, number>>,
  bytesOf: (token: string) => Uint8Array,
): Map<number, Uint8Array> {
  return new Map(Object.entries(vocab).map(([token, id]) => [id, bytesOf(token)]));
}

/** Byte-level: each character of a token stands for a byte. */
function levelBytes(token: string): Uint8Array {
  return Uint8Array.from(token, (char) => CHAR_TO_BYTE.get(char) ?? 0);
}

/** SentencePiece: text with ▁ for a space, or one byte written `<0x0A>`. */
function spacedBytes(token: string): Uint8Array {
  const byte = /^<0x([0-9A-F]{2})>$/.exec(token);
  return byte ? Uint8Array.of(Number.parseInt(byte[1], 16)) : utf8.encode(token.replaceAll('▁', ' '));
}

/** Joins byte arrays. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}
