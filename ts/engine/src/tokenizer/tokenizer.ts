import { PreTrainedTokenizer } from '@huggingface/transformers';
import { z } from 'zod';
import { CHAR_TO_BYTE } from './bytes.ts';

export type ChatMessage = { readonly role: 'system' | 'user' | 'assistant'; readonly content: string };

/** A byte-level BPE tokenizer in Hugging Face layout; transformers.js does the encoding. */
export type Tokenizer = {
  readonly vocabSize: number;
  encode(text: string): number[];
  /** The text of `ids`; special tokens are left out. */
  decode(ids: readonly number[]): string;
  /** The bytes that a token stands for; none for a special token. A token may end inside a character. */
  tokenBytes(id: number): Uint8Array;
  /** The id of a special token such as `<|end|>`. */
  special(token: string): number;
  isSpecial(id: number): boolean;
  /** Formats a conversation with the model's chat template, ready for the assistant's answer. */
  encodeChat(messages: readonly ChatMessage[]): number[];
};

const tokenizerSchema = z.object({
  added_tokens: z.array(z.object({ id: z.number().int(), content: z.string() })),
  model: z.object({ type: z.literal('BPE'), vocab: z.record(z.string(), z.number().int()) }),
});

/** Makes a tokenizer from parsed `tokenizer.json` and `tokenizer_config.json`. */
export function createTokenizer(tokenizerJson: unknown, config: Record<string, unknown>): Tokenizer {
  const parsed = tokenizerSchema.parse(tokenizerJson);
  const inner = new PreTrainedTokenizer(tokenizerJson as object, config);
  const specials = new Map(parsed.added_tokens.map(({ content, id }) => [content, id]));
  const bytes = tokenBytesById(parsed.model.vocab, new Set(specials.values()));

  const tokenBytes = (id: number) => bytes.get(id) ?? new Uint8Array();
  return {
    vocabSize: bytes.size,
    encode: (text) => Array.from(inner.encode(text, { add_special_tokens: false }), Number),
    decode: (ids) => new TextDecoder().decode(concat(ids.map(tokenBytes))),
    tokenBytes,
    special: (token) => {
      const id = specials.get(token);
      if (id === undefined) throw new Error(`The tokenizer has no special token ${token}.`);
      return id;
    },
    isSpecial: (id) => (bytes.get(id)?.length ?? 0) === 0,
    encodeChat: (messages) => {
      const text = inner.apply_chat_template([...messages], { tokenize: false, add_generation_prompt: true });
      return Array.from(inner.encode(String(text), { add_special_tokens: false }), Number);
    },
  };
}

/** Ids come from the values of `vocab`: JavaScript moves keys such as "7" to the front of an object. */
function tokenBytesById(
  vocab: Readonly<Record<string, number>>,
  specials: ReadonlySet<number>,
): Map<number, Uint8Array> {
  const bytes = new Map<number, Uint8Array>();
  for (const [token, id] of Object.entries(vocab)) {
    bytes.set(
      id,
      specials.has(id) ? new Uint8Array() : Uint8Array.from(token, (char) => CHAR_TO_BYTE.get(char)!),
    );
  }
  return bytes;
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
